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

const LINUX = Deno.build.os === "linux";
const { BadResource, Busy, TimedOut } = Deno.errors;

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

Deno.test("resize() is seen by those in the foreground", {
  ignore: missing("stty"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("sh", {
    args: [
      "-c",
      "trap 'stty size; exit' WINCH; echo ready; sleep 1000 & wait",
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

Deno.test("a size that is the same is no change", {
  ignore: missing("stty"),
}, async () => {
  using deadline = new Deadline();
  const script = "trap 'stty size' WINCH; echo ready; " +
    "sleep 1000 & wait; wait; wait";
  await using pty = Pty.spawn("sh", { args: ["-c", script] });
  const screen = new Screen(pty, deadline);
  await screen.until(/ready\r\n/);
  pty.resize(80, 24);
  pty.resize(81, 24);
  assertEquals(await screen.until(/\d+\r\n/), "24 81\r\n");
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

Deno.test("what a line has beyond 4,095 bytes is lost", {
  ignore: !LINUX || missing("cat"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("cat");
  const screen = new Screen(pty, deadline);
  pty.echo = false;
  await screen.type("x".repeat(5000) + "\r");
  assertEquals((await screen.until(/\n/)).length, 4097);
});

Deno.test("Backspace takes back a character, of however many bytes", {
  ignore: missing("cat"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("cat");
  const screen = new Screen(pty, deadline);
  pty.echo = false;
  await screen.type("aü€🙂\x7f\x7f\x7fb\r");
  assertEquals(await screen.until(/\n/), "ab\r\n");
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
  pty.writeAllSync("ü");
  assertEquals(await pty.read(p), 2);
  await assertRejects(() => pty.writeAll([] as never), TypeError);
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

Deno.test(
  "a write that nobody will ever read is an error, and no endless wait",
  {
    ignore: missing("true"),
  },
  async () => {
    using deadline = new Deadline();
    await using pty = Pty.spawn("true");
    await new Screen(pty, deadline).rest();
    pty.setRaw(true);
    const much = new Uint8Array(1 << 20);
    const { BrokenPipe } = Deno.errors;
    const writing = pty.writeAll(much, deadline);
    await assertRejects(() => writing, BrokenPipe, pty.name);
    await assertRejects(() => pty.write(much, deadline), BrokenPipe);
    assertThrows(() => pty.tryWrite(much), BrokenPipe);
    assertThrows(() => pty.writeSync(much, { timeout: 5000 }), BrokenPipe);
  },
);

Deno.test("a write that waits ends with the last program", {
  ignore: missing("sleep"),
}, async () => {
  using deadline = new Deadline();
  await using pty = Pty.spawn("sleep", { args: ["1000"] });
  pty.setRaw(true);
  const writing = assertRejects(
    () => pty.writeAll(new Uint8Array(1 << 20), deadline),
    Deno.errors.BrokenPipe,
  );
  pty.child.kill("SIGKILL");
  await writing;
});

Deno.test("a terminal that was left can be opened again", async () => {
  using deadline = new Deadline();
  using pty = Pty.open();
  pty.setRaw(true);
  const p = new Uint8Array(16);
  for (let i = 0; i < 3; i++) {
    using device = await Deno.open(pty.name, { read: true, write: true });
    assertEquals([pty.raw, pty.tryRead(p)], [true, undefined]);
    await device.write(new Uint8Array(i + 1));
    assertEquals(await pty.read(p, deadline), i + 1);
    await pty.writeAll(new Uint8Array(i + 1), deadline);
    assertEquals(await device.read(p), i + 1);
  }
  assertEquals(await pty.read(p, deadline), null);
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

Deno.test("writable holds up who writes while nobody reads", {
  ignore: missing("sleep"),
}, async () => {
  await using pty = Pty.spawn("sleep", { args: ["1000"] });
  pty.setRaw(true);
  const writer = pty.writable.getWriter();
  assertEquals(writer.desiredSize, 1);
  const writing = writer.write(new Uint8Array(1 << 20));
  assertEquals(writer.desiredSize, 0);
  const late = new Promise((done) => setTimeout(done, 50, "late"));
  assertEquals(await Promise.race([writer.ready, late]), "late");
  await Promise.allSettled([writer.abort(), writing, writer.closed]);
  assertEquals((await pty.child.status).signal, "SIGHUP");
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

Deno.test("fd and name are those of the two sides", { ignore: !LINUX }, () => {
  using pty = Pty.open();
  assertMatch(targetOf(pty.fd), /ptmx/);
  assertMatch(pty.name, /^\/dev\/pts\/\d+$/);
});
