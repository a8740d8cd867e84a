/** Pseudo-terminals, by themselves and with a program. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Pty, type PtySpawnOptions } from "@ipc/core/pty";
import { targetOf } from "./_util/held.ts";
import { Deadline } from "./_util/peer.ts";
import { missing, runDeno } from "./_util/peers.ts";
import { Screen } from "./_util/screen.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const { BadResource, Busy, NotFound, TimedOut } = Deno.errors;

/** All that a program prints to a terminal. */
async function printed(
  command: string,
  options: PtySpawnOptions = {},
): Promise<string> {
  using deadline = new Deadline();
  await using pty = Pty.spawn(command, options);
  return await new Screen(pty, deadline).rest();
}

Deno.test("Pty.spawn() gives a program a terminal", {
  ignore: missing("tty"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("sh", {
    args: ["-c", "tty; test -t 0 && test -t 1 && test -t 2 && echo all"],
  });
  const text = await new Screen(pty, deadline).rest();
  assertEquals(text, `${pty.name}\r\nall\r\n`);
  assertEquals((await pty.child.status).success, true);
});

Deno.test("a program's terminal controls it, in a session of its own", {
  ignore: !LINUX || missing("cut"),
}, async () => {
  using deadline = new Deadline();
  // pid, process group, session, tty_nr and tpgid of proc_pid_stat(5).
  await using pty = Pty.spawn("cut", {
    args: ["-d", " ", "-f", "1,5-8", "/proc/self/stat"],
  });
  const text = await new Screen(pty, deadline).rest();
  const [pid, group, session, terminal, foreground] = text.trim().split(" ");
  assertEquals([pid, group, session, foreground], Array(4).fill(pid));
  assertEquals(Number(pid), pty.child.pid);
  const { rdev } = Deno.lstatSync("/dev/tty");
  assert(rdev !== null && terminal !== "0");
});

Deno.test("the size is there from the beginning", {
  ignore: missing("stty") || missing("tput"),
}, async () => {
  const args = ["-c", "stty size; tput cols; tput lines"];
  const size = { columns: 123, rows: 45 };
  assertEquals(
    await printed("sh", { args, ...size }),
    "45 123\r\n123\r\n45\r\n",
  );
  assertEquals(await printed("stty", { args: ["size"] }), "24 80\r\n");
});

Deno.test("COLUMNS and LINES of another terminal do not get through", {
  ignore: missing("tput"),
}, async () => {
  const output = await runDeno(`
    import { Pty } from "@ipc/core/pty";
    Deno.env.set("COLUMNS", "7");
    Deno.env.set("LINES", "8");
    await using pty = Pty.spawn("sh", { args: ["-c", "tput cols; echo $LINES"] });
    console.log(JSON.stringify(await new Response(pty.readable).text()));
  `);
  assertEquals(JSON.parse(output), "80\r\n\r\n");
});

Deno.test("TERM is what is asked for, and else what everybody knows", async () => {
  const args = ["-c", 'echo "$TERM $IPC_TEST"'];
  assertEquals(await printed("sh", { args }), "xterm-256color \r\n");
  const env = { TERM: "vt100", IPC_TEST: "here" };
  assertEquals(await printed("sh", { args, env }), "vt100 here\r\n");
  const alone = { args, env: { IPC_TEST: "alone" }, clearEnv: true };
  assertEquals(await printed("/bin/sh", alone), "xterm-256color alone\r\n");
});

Deno.test("a program is started where it is asked for", {
  ignore: missing("pwd"),
}, async () => {
  using dir = new TempDir();
  const path = Deno.realPathSync(dir.path);
  const text = await printed("pwd", { cwd: path, env: { PWD: "" } });
  assertEquals(text, `${path}\r\n`);
});

Deno.test("resize() is seen by those in the foreground", {
  ignore: missing("stty"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("sh", {
    args: [
      "-c",
      "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 1; done",
    ],
  });
  const screen = new Screen(pty, deadline);
  await screen.until(/ready/);
  assertEquals(pty.size, { columns: 80, rows: 24 });
  pty.resize(50, 10);
  assertEquals(pty.size, { columns: 50, rows: 10 });
  await screen.until(/10 50\r\n/);
});

Deno.test("a size has to be one", () => {
  using pty = Pty.open({ columns: 65_535, rows: 1 });
  assertEquals(pty.size, { columns: 65_535, rows: 1 });
  for (const size of [0, -1, 1.5, 65_536, NaN]) {
    assertThrows(() => pty.resize(size, 1), RangeError, "columns");
    assertThrows(() => pty.resize(1, size), RangeError, "rows");
    assertThrows(() => Pty.open({ columns: size }), RangeError, "columns");
    assertThrows(() => Pty.spawn("true", { rows: size }), RangeError, "rows");
  }
});

Deno.test("what is typed is shown, and edited until Enter", {
  ignore: missing("cat"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("cat");
  const screen = new Screen(pty, deadline);
  await screen.type("hellp\x7fo\r");
  await screen.until(/hello\r\n$/);
  await screen.type("\x04");
  await screen.rest();
  assertEquals((await pty.child.status).code, 0);
});

Deno.test("echo can be switched off and on", {
  ignore: missing("cat"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("cat");
  const screen = new Screen(pty, deadline);
  assertEquals(pty.echo, true);
  pty.echo = false;
  assertEquals([pty.echo, pty.raw], [false, false]);
  await screen.type("secret\r");
  assertEquals(await screen.until(/\n/), "secret\r\n");
  pty.echo = true;
  await screen.type("open\r");
  assertEquals(await screen.until(/open\r\nopen\r\n/), "open\r\nopen\r\n");
});

Deno.test("a raw terminal passes on everything as it is", {
  ignore: missing("cat"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("sh", {
    args: ["-c", "read -r _; exec cat"],
  });
  const screen = new Screen(pty, deadline);
  pty.setRaw(true);
  assertEquals([pty.raw, pty.echo], [true, false]);
  await screen.type("\n");
  const bytes = "\x03\x04\x7f\x13\r\n\x00\xff";
  await screen.type(bytes);
  assertEquals(await screen.until(/\xff/), bytes);
  pty.setRaw(false);
  assertEquals([pty.raw, pty.echo], [false, true]);
  await screen.type("\x03");
  assertEquals((await pty.child.status).signal, "SIGINT");
});

Deno.test("Pty.open() is a terminal that anybody can open by its name", async () => {
  using deadline = new Deadline();
  using pty = Pty.open();
  assertEquals(pty.child, undefined);
  pty.setRaw(true);
  const p = new Uint8Array(16);
  // Nobody has opened it yet, which is no end.
  assertEquals(pty.tryRead(p), undefined);
  const reading = pty.read(p, deadline);
  {
    using device = await Deno.open(pty.name, { read: true, write: true });
    assertEquals(device.isTerminal(), true);
    await device.write(new Uint8Array([1, 2, 3]));
    assertEquals(await reading, 3);
    await pty.write(new Uint8Array([4, 5]));
    assertEquals(await device.read(p), 2);
    await device.write(new Uint8Array(7));
  }
  // What was printed comes before the end.
  assertEquals(await pty.read(p, deadline), 7);
  assertEquals(await pty.read(p, deadline), null);
  using _again = await Deno.open(pty.name, { read: true, write: true });
  assertEquals(pty.tryRead(p), undefined);
});

Deno.test("all three voices read and write a terminal", {
  ignore: missing("cat"),
}, async () => {
  await using pty = Pty.spawn("cat");
  pty.setRaw(true);
  const p = new Uint8Array(16);
  assertEquals(pty.tryRead(p), undefined);
  assertThrows(() => pty.readSync(p, { timeout: 5 }), TimedOut);
  assertEquals(pty.tryWrite(new Uint8Array(1)), 1);
  assertEquals(pty.readSync(p), 1);
  assertEquals(pty.writeSync(new Uint8Array(2)), 2);
  assertEquals(await pty.read(p), 2);
  pty.writeAllSync(new Uint8Array(3));
  assertEquals(await pty.read(p), 3);
  const pending = pty.read(p);
  assertThrows(() => pty.readSync(p), Busy);
  await pty.write(new Uint8Array(4));
  assertEquals(await pending, 4);
});

Deno.test("a read that is aborted has taken nothing", {
  ignore: missing("cat"),
}, async () => {
  await using pty = Pty.spawn("cat");
  pty.setRaw(true);
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("enough");
  const p = new Uint8Array(16);
  const reading = pty.read(p, { signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => reading), reason);
  await pty.writeAll(new Uint8Array(5));
  assertEquals(await pty.read(p), 5);
});

Deno.test("a write waits while nobody reads what is typed", {
  ignore: missing("sleep"),
}, async () => {
  await using pty = Pty.spawn("sleep", { args: ["1000"] });
  pty.setRaw(true);
  let typed = 0;
  const much = new Uint8Array(1 << 20);
  const signal = AbortSignal.timeout(100);
  const onProgress = (written: number) => typed = written;
  const options = { signal, onProgress };
  await assertRejects(() => pty.writeAll(much, options), DOMException);
  assert(typed > 0 && typed < much.length);
  const writing = assertRejects(() => pty.writeAll(much), BadResource);
  pty.close();
  await writing;
});

Deno.test("close() hangs up, and ends what is pending", {
  ignore: missing("sleep"),
}, async () => {
  const pty = Pty.spawn("sleep", { args: ["1000"] });
  const reading = assertRejects(
    () => pty.read(new Uint8Array(1)),
    BadResource,
    pty.name,
  );
  pty.close();
  pty.close();
  await reading;
  assertEquals((await pty.child.status).signal, "SIGHUP");
  for (
    const use of [
      () => pty.fd,
      () => pty.size,
      () => pty.raw,
      () => pty.echo,
      () => pty.echo = true,
      () => pty.resize(1, 1),
      () => pty.setRaw(true),
      () => pty.tryRead(new Uint8Array(1)),
      () => pty.tryWrite(new Uint8Array(1)),
    ]
  ) assertThrows(use, BadResource, pty.name);
});

Deno.test(
  "the end of the program is the end of what is read, with its status",
  {
    ignore: missing("seq"),
  },
  async () => {
    using deadline = new Deadline();
    await using pty = Pty.spawn("sh", { args: ["-c", "seq 10000; exit 7"] });
    const text = await new Screen(pty, deadline).rest();
    const lines = Array.from({ length: 10_000 }, (_, i) => `${i + 1}\r\n`);
    assertEquals(text, lines.join(""));
    assertEquals(await pty.read(new Uint8Array(1)), null);
    assertEquals((await pty.child.status).code, 7);
  },
);

Deno.test("readable and writable are a terminal's Web Streams", {
  ignore: missing("tr"),
}, async () => {
  await using pty = Pty.spawn("tr", { args: ["a-z", "A-Z"] });
  pty.echo = false;
  const typing = ReadableStream.from(["hello\r", "\x04"])
    .pipeThrough(new TextEncoderStream())
    .pipeTo(pty.writable, { preventClose: true });
  assertEquals(await new Response(pty.readable).text(), "HELLO\r\n");
  await typing;
});

Deno.test(
  "a terminal can be iterated",
  { ignore: missing("seq") },
  async () => {
    await using pty = Pty.spawn("seq", { args: ["3"] });
    let text = "";
    for await (const chunk of pty) text += new TextDecoder().decode(chunk);
    assertEquals(text, "1\r\n2\r\n3\r\n");
  },
);

Deno.test("Pty.spawn() says what it could not start, and leaves nothing open", {
  ignore: !LINUX,
}, () => {
  assertThrows(() => Pty.spawn("no-such-program"), NotFound, "no-such-program");
  assertThrows(() => Pty.spawn("true", { cwd: "/nowhere" }), NotFound);
  assertThrows(() => Pty.spawn("a\0b"), TypeError, "NUL");
  using pty = Pty.open();
  const { fd, name } = pty;
  assertMatch(targetOf(fd), /ptmx/);
  assertMatch(name, /^\/dev\/pts\/\d+$/);
});
