/** Programs that need a terminal, in one. */

import { assert, assertEquals } from "@std/assert";
import { Pty } from "@ipc/core/pty";
import { systemCallOf } from "./_util/counts.ts";
import { Deadline } from "./_util/peer.ts";
import { missing } from "./_util/peers.ts";
import { Screen } from "./_util/screen.ts";
import { TempDir } from "./_util/temp.ts";
import { until } from "./_util/until.ts";

const LINUX = Deno.build.os === "linux";

/** The group in the foreground of a program's terminal. */
function foregroundOf(pid: number): number {
  const ps = new Deno.Command("ps", { args: ["-o", "tpgid=", "-p", `${pid}`] });
  return Number(new TextDecoder().decode(ps.outputSync().stdout));
}

/** A command line that says when it is under way. */
const SLEEP = "sh -c 'echo started; exec sleep 1000'\r";

/** A test of what somebody does who sits at a shell, which is ready. */
function testBash(
  name: string,
  fn: (
    screen: Screen,
    pty: ReturnType<typeof Pty.spawn>,
    signal: AbortSignal,
  ) => Promise<void>,
): void {
  const ignore = ["bash", "sleep", "ps"].some(missing);
  Deno.test(name, { ignore }, async () => {
    using deadline = new Deadline();
    await using pty = Pty.spawn("bash", {
      args: ["--norc", "--noprofile", "-i"],
      env: { PS1: "ready> ", TERM: "dumb" },
    });
    const screen = new Screen(pty, deadline);
    await screen.until(/ready> $/);
    await fn(screen, pty, deadline.signal);
  });
}

testBash("bash has job control", async (screen, pty) => {
  await screen.type("sh -c 'echo started; exec cat'\r");
  await screen.until(/\nstarted\r\n/);
  await screen.type("typed\r");
  await screen.until(/typed\r\ntyped\r\n/);
  // Ctrl-Z stops what is in the foreground, and the shell is there again.
  await screen.type("\x1a");
  await screen.until(/Stopped[^]*ready> $/);
  await screen.type("jobs -p %1 > /dev/null && fg\r");
  await screen.until(/exec cat'\r\n$/);
  await screen.type("again\r");
  await screen.until(/again\r\nagain\r\n/);
  // Ctrl-C interrupts it, and not the shell.
  await screen.type("\x03");
  await screen.until(/ready> $/);
  await screen.type("exit 5\r");
  await screen.rest();
  assertEquals((await pty.child.status).code, 5);
});

testBash("Ctrl-C reaches the program in the foreground", async (screen) => {
  await screen.type(SLEEP);
  await screen.until(/\nstarted\r\n/);
  await screen.type("\x03");
  await screen.until(/ready> $/);
  await screen.type("echo code $?\r");
  await screen.until(/\ncode 130\r\nready> $/);
});

testBash(
  "a program goes to the background and comes back",
  async (screen, pty, signal) => {
    const shell = pty.child.pid;
    await screen.type(SLEEP);
    await screen.until(/\nstarted\r\n/);
    await screen.type("\x1a");
    await screen.until(/Stopped[^]*ready> $/);
    await screen.type("bg\r");
    await screen.until(/&\r\nready> $/);
    await screen.type("jobs\r");
    await screen.until(/Running[^]*ready> $/);
    await screen.type("fg\r");
    await screen.until(/sleep 1000'\r\n$/);
    // The shell says so first, and would have the key itself.
    await until(() => foregroundOf(shell) !== shell, signal);
    await screen.type("\x03");
    await screen.until(/ready> $/);
  },
);

Deno.test("Python's prompt edits lines and answers", {
  ignore: missing("python3"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("python3", {
    args: ["-i", "-q"],
    env: { TERM: "dumb", PYTHON_BASIC_REPL: "1" },
  });
  const screen = new Screen(pty, deadline);
  await screen.until(/>>> $/);
  await screen.type("6 * 8\x7f7\r");
  await screen.until(/\n42\r\n>>> $/);
  await screen.type("import os; os.get_terminal_size()\r");
  await screen.until(/terminal_size\(columns=80, lines=24\)\r\n>>> $/);
  await screen.type("print('started'); os.read(0, 1)\r");
  await screen.until(/\nstarted\r\n/);
  await screen.type("\x03");
  await screen.until(/KeyboardInterrupt\r\n>>> $/);
  await screen.type("exit(3)\r");
  await screen.rest();
  assertEquals((await pty.child.status).code, 3);
});

Deno.test("vi edits a file, and sees that it is resized", {
  ignore: missing("vi"),
}, async () => {
  using deadline = new Deadline();
  using dir = new TempDir();
  const path = dir.join("text");
  await using pty = Pty.spawn("vi", {
    args: ["-u", "NONE", "-i", "NONE", "-n", path],
    columns: 60,
    rows: 20,
  });
  const screen = new Screen(pty, deadline);
  // The last line but one, and no line beyond.
  const first = await screen.until(/\[19;1H~/);
  assertEquals(first.includes("[29;1H"), false);
  await screen.type("ihello\x1b");
  await screen.until(/hello/);
  pty.resize(100, 30);
  await screen.until(/\[29;1H~/);
  await screen.type(":wq\r");
  await screen.rest();
  assertEquals((await pty.child.status).code, 0);
  assertEquals(await Deno.readTextFile(path), "hello\n");
});

Deno.test("less pages, and sees that it is resized", {
  ignore: missing("less"),
}, async () => {
  using deadline = new Deadline();
  using dir = new TempDir();
  const path = dir.join("text");
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i + 1}.\n`);
  await Deno.writeTextFile(path, lines.join(""));
  await using pty = Pty.spawn("less", {
    args: [path],
    env: { LESS: "", LESSHISTFILE: "-" },
    rows: 10,
  });
  const screen = new Screen(pty, deadline);
  const first = await screen.until(/line 9\.\r\n/);
  assertEquals(first.includes("line 10."), false);
  await screen.type(" ");
  await screen.until(/line 18\.\r\n/);
  pty.resize(80, 30);
  await screen.type("g");
  await screen.until(/line 29\.\r\n/);
  await screen.type("q");
  await screen.rest();
  assertEquals((await pty.child.status).code, 0);
});

// write of x86-64, and of arm64.
const SYS_WRITE = Deno.build.arch === "x86_64" ? [1] : [64];

Deno.test("a program stops while nobody reads what it prints", {
  ignore: !LINUX || missing("yes"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("yes");
  const reader = pty.readable.getReader();
  for (let i = 0; i < 3; i++) {
    assert((await reader.read()).value!.length > 0);
    // Nobody reads on, and so it stops.
    await until(
      () => SYS_WRITE.includes(systemCallOf(pty.child.pid)),
      deadline.signal,
    );
  }
  await reader.cancel();
  assertEquals((await pty.child.status).signal, "SIGHUP");
});

Deno.test("100 MiB pass through a terminal complete and in order", {
  ignore: missing("cat"),
}, async () => {
  using deadline = new Deadline(300_000);
  using dir = new TempDir();
  const path = dir.join("data");
  const SIZE = 100 << 20;
  const block = new Uint8Array(1 << 20);
  for (let i = 0; i < block.length; i++) block[i] = i * 7 + (i >> 8);
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let size = 0; size < SIZE; size += block.length) {
    block[0] = size >> 20;
    await file.write(block);
  }
  await using pty = Pty.spawn("sh", {
    args: ["-c", 'read -r _; exec cat "$0"', path],
  });
  pty.setRaw(true);
  await pty.writeAll(new Uint8Array([10]));
  const p = new Uint8Array(65_536);
  let received = 0;
  for (;;) {
    const count = await pty.read(p, deadline);
    if (count === null) break;
    for (let i = 0; i < count; i++, received++) {
      const at = received & 0xfffff;
      const expected = at === 0 ? received >> 20 : at * 7 + (at >> 8) & 0xff;
      if (p[i] !== expected) throw new Error(`wrong at ${received}: ${p[i]}`);
    }
  }
  assertEquals(received, SIZE);
  assertEquals((await pty.child.status).code, 0);
});
