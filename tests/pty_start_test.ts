/** How a program finds itself in a terminal, and what it is spared. */

import { assertEquals, assertThrows } from "@std/assert";
import { Pty, type PtySpawnOptions } from "@ipc/core/pty";
import { Descriptor } from "../_internal/descriptor.ts";
import { openFile } from "../_internal/file.ts";
import { O_RDWR, platform } from "../_internal/platform.ts";
import type { Child } from "../pipe/mod.ts";
import { startThroughShell } from "../pty/_start.ts";
import { Deadline } from "./_util/peer.ts";
import { denoArgs, missing, run, runDeno } from "./_util/peers.ts";
import { Screen } from "./_util/screen.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const { NotADirectory, NotFound, PermissionDenied } = Deno.errors;

/** A program in a terminal, started as this or as another system does. */
type Start = (
  command: string,
  options: PtySpawnOptions,
) => AsyncDisposable & { readonly pty: Pty; readonly child: Child };

const byThisSystem: Start = (command, options) => {
  const pty = Pty.spawn(command, options);
  const dispose = () => pty[Symbol.asyncDispose]();
  return { pty, child: pty.child, [Symbol.asyncDispose]: dispose };
};

/** Run here as well, where the other way is not needed. */
const asOnMacOS: Start = (command, { args, cwd, env = {}, ...size }) => {
  using stack = new DisposableStack();
  const pty = stack.use(Pty.open(size));
  const flags = O_RDWR | platform.O_NOCTTY | platform.O_NONBLOCK;
  using slave = new Descriptor(openFile(pty.name, flags));
  const all = { args, cwd, env: { ...Deno.env.toObject(), ...env } };
  const child = startThroughShell(command, all, pty.name, slave);
  const open = stack.move();
  async function dispose(): Promise<void> {
    open.dispose();
    await child[Symbol.asyncDispose]();
  }
  return { pty, child, [Symbol.asyncDispose]: dispose };
};

const starts: readonly [string, Start][] = [
  ["Pty.spawn()", byThisSystem],
  ["macOS's way to start", asOnMacOS],
];

for (const [name, start] of starts) {
  Deno.test(`${name} makes the terminal control a session of its own`, {
    ignore: !LINUX || missing("cut"),
  }, async () => {
    using deadline = new Deadline();
    // pid, process group, session, tty_nr and tpgid of proc_pid_stat(5).
    await using program = start("cut", {
      args: ["-d", " ", "-f", "1,5-8", "/proc/self/stat"],
    });
    const { pty, child } = program;
    const { rdev } = Deno.statSync(pty.name);
    const text = await new Screen(pty, deadline).rest();
    const { pid } = child;
    assertEquals(text, `${pid} ${pid} ${pid} ${rdev} ${pid}\r\n`);
  });

  Deno.test(`${name} has its size ready, and passes on all that is asked for`, {
    ignore: missing("stty"),
  }, async () => {
    using deadline = new Deadline();
    using dir = new TempDir();
    const cwd = Deno.realPathSync(dir.path);
    const script = 'stty size; tty; pwd -P; echo "$IPC_TEST"; echo "$@"';
    await using program = start("sh", {
      args: ["-c", script, "sh", "a  b", "*"],
      cwd,
      columns: 99,
      rows: 33,
      env: { IPC_TEST: "here" },
    });
    const { pty, child } = program;
    const text = await new Screen(pty, deadline).rest();
    const lines = ["33 99", pty.name, cwd, "here", "a  b *", ""];
    assertEquals(text, lines.join("\r\n"));
    assertEquals((await child.status).code, 0);
  });

  Deno.test(`${name} gives a program that terminal and nothing else`, {
    ignore: !LINUX || missing("ls"),
  }, async () => {
    using deadline = new Deadline();
    await using program = start("ls", { args: ["/proc/self/fd"] });
    const { pty } = program;
    // 3 is the directory that is being listed.
    const text = await new Screen(pty, deadline).rest();
    assertEquals(text.trim().split(/\s+/), ["0", "1", "2", "3"]);
  });

  Deno.test(`${name} says what it could not start`, async () => {
    using dir = new TempDir();
    const path = dir.join("file");
    await Deno.writeTextFile(path, "#!/bin/sh\n", { mode: 0o600 });
    const cases: [string, PtySpawnOptions, new () => Error, string][] = [
      ["no-such-program", {}, NotFound, "no-such-program"],
      ["/no/such", {}, NotFound, "/no/such"],
      ["./no-such", { cwd: dir.path }, NotFound, "no-such"],
      ["true", { cwd: "/nowhere" }, NotFound, "/nowhere"],
      ["true", { cwd: path }, NotADirectory, path],
      [path, {}, PermissionDenied, path],
      ["./file", { cwd: dir.path }, PermissionDenied, "./file"],
      [dir.path, {}, PermissionDenied, dir.path],
      ["", {}, TypeError, "empty"],
      ["a\0b", {}, TypeError, "NUL"],
      ["true", { args: ["\0"] }, TypeError, "NUL"],
      ["true", { cwd: "\0" }, TypeError, "NUL"],
      ["true", { env: { A: "\0" } }, TypeError, "NUL"],
      ["true", { env: { "A=": "" } }, TypeError, "="],
    ];
    for (const [command, options, Class, part] of cases) {
      assertThrows(() => start(command, options), Class, part);
    }
  });
}

Deno.test("a program does not get what this one has inherited", {
  ignore: !LINUX || missing("ls"),
}, async () => {
  // Number 9 was not opened close-on-exec.
  const script = 'exec 9< /dev/null; exec "$0" eval "$1"';
  const { stdout } = await run("sh", [
    "-c",
    script,
    Deno.execPath(),
    `
      import { Pty } from "${new URL("../pty/mod.ts", import.meta.url)}";
      Deno.statSync("/proc/self/fd/9");
      await using pty = Pty.spawn("ls", { args: ["/proc/self/fd"] });
      console.log(await new Response(pty.readable).text());
    `,
  ]);
  assertEquals(stdout.trim().split(/\s+/), ["0", "1", "2", "3"]);
});

Deno.test("what fails leaves no terminal behind", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Pty } from "@ipc/core/pty";
    import { openDescriptors } from "tests/_util/counts.ts";
    const failures = [
      () => Pty.open({ columns: 0 }),
      () => Pty.spawn("true", { rows: 65_536 }),
      () => Pty.spawn("no-such-program"),
      () => Pty.spawn("true", { cwd: "/nowhere" }),
      () => Pty.spawn("true", { args: ["\\0"] }),
      () => Pty.spawn("true", { env: { "": "" } }),
      () => Pty.spawn("true", { args: ["x".repeat(10_000_000)] }),
    ];
    let failed = 0;
    for (const failure of failures) try { failure(); } catch { failed++; }
    const left = [...openDescriptors().values()].filter((what) => /pt/.test(what));
    const path = "/proc/self/task/" + Deno.pid + "/children";
    console.log(failed, left.length, Deno.readTextFileSync(path).length);
  `);
  assertEquals(output, "7 0 0");
});

/** Runs a module where a process may have 64 descriptors. */
async function withFewDescriptors(source: string): Promise<string> {
  const script = 'ulimit -n 64; exec "$0" "$@"';
  const args = ["-c", script, Deno.execPath(), ...denoArgs(source)];
  const { stdout, stderr } = await run("sh", args);
  assertEquals(stderr, "");
  return stdout.trim();
}

Deno.test("too many terminals are an error that says so", {
  ignore: !LINUX,
}, async () => {
  const output = await withFewDescriptors(`
    import { IpcError, Pty } from "@ipc/core/pty";
    const all = [];
    try {
      for (;;) all.push(Pty.open());
    } catch (error) {
      console.log(error instanceof IpcError, error.code, error.syscall);
    }
    for (const pty of all) pty.close();
    using last = Pty.open();
    console.log(all.length > 10);
  `);
  assertEquals(output, "true EMFILE posix_openpt\ntrue");
});

Deno.test("whatever a start lacks in descriptors, nothing is left of it", {
  ignore: !LINUX || missing("sleep"),
}, async () => {
  const output = await withFewDescriptors(`
    import { Pipe } from "@ipc/core/pipe";
    import { Pty } from "@ipc/core/pty";
    function attempt() {
      Pty.spawn("sleep", { args: ["1000"] })[Symbol.dispose]();
    }
    // What Deno opens itself when it is first needed.
    attempt();
    try { Pty.spawn("no-such-program"); } catch { /* As expected. */ }
    const pipes = [];
    try { for (;;) pipes.push(Pipe.open()); } catch { /* There are no more. */ }
    const ends = pipes.flatMap(({ reader, writer }) => [reader, writer]);
    const codes = new Set();
    for (;;) {
      try {
        attempt();
        break;
      } catch (error) {
        codes.add(error.code);
      }
      ends.pop().close();
    }
    const needed = pipes.length * 2 - ends.length;
    const path = "/proc/self/task/" + Deno.pid + "/children";
    console.log(...codes, needed < 6, JSON.stringify(Deno.readTextFileSync(path)));
  `);
  assertEquals(output, 'EMFILE true ""');
});
