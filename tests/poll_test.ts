import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { EventFd } from "@ipc/core/event";
import {
  poll,
  type PollResult,
  pollSync,
  tryPoll,
  type Watchable,
} from "@ipc/core/mux";
import { Pipe } from "@ipc/core/pipe";
import { BarePair } from "./_util/descriptors.ts";
import { KINDS } from "./_util/kinds.ts";
import { terminal } from "./_util/objects.ts";
import { Deadline } from "./_util/peer.ts";
import { missing, runDeno } from "./_util/peers.ts";
import { sendUrgent, tcpPair } from "./_util/tcp.ts";

const LINUX = Deno.build.os === "linux";

const READ = { read: true };
const WRITE = { write: true };
const NOTHING = {};

/** The names of what is true. */
function words(result: PollResult): string[] {
  return Object.entries(result)
    .filter(([_, value]) => value === true)
    .map(([name]) => name);
}

for (const [kind, make] of Object.entries(KINDS)) {
  Deno.test(`poll() waits for ${kind} to be readable`, {
    ignore: !LINUX || missing("sleep"),
  }, async () => {
    using deadline = new Deadline();
    await using stack = new AsyncDisposableStack();
    const { fd, rouse } = await make(stack);
    const entries = [{ fd, events: READ }];
    assertEquals(tryPoll(entries), undefined);
    const polling = poll(entries, deadline);
    rouse();
    const results = await polling;
    assertEquals(results.map(words), [["read"]]);
    assertStrictEquals(results[0].fd, fd);
    assertEquals(pollSync(entries).map(words), [["read"]]);
  });
}

Deno.test("poll() answers those that are ready, in the order given", async () => {
  using full = Pipe.open();
  using empty = Pipe.open();
  full.writer.writeSync(new Uint8Array(1));
  const number = full.reader.fd;
  const entries = [
    { fd: empty.reader, events: READ },
    { fd: number, events: READ },
    { fd: empty.writer, events: WRITE },
    { fd: full.reader, events: { read: true, write: true, priority: true } },
    { fd: full.reader, events: WRITE },
  ];
  const rest = {
    priority: false,
    hangup: false,
    error: false,
    invalid: false,
  };
  const expected = [
    { fd: number, read: true, write: false, ...rest },
    { fd: empty.writer, read: false, write: true, ...rest },
    { fd: full.reader, read: true, write: false, ...rest },
  ];
  assertEquals(await poll(entries), expected);
  assertEquals(pollSync(entries), expected);
  assertEquals(tryPoll(entries), expected);
  assertStrictEquals(tryPoll(entries)![1].fd, empty.writer);
});

Deno.test("poll() tells room to write, and waits for it", async () => {
  using deadline = new Deadline();
  using pipe = Pipe.open();
  const entries = [{ fd: pipe.writer, events: WRITE }];
  const block = new Uint8Array(4096);
  while (pipe.writer.tryWrite(block) !== undefined);
  assertEquals(tryPoll(entries), undefined);
  const polling = poll(entries, deadline);
  pipe.reader.readSync(new Uint8Array(65_536));
  assertEquals((await polling).map(words), [["write"]]);
});

Deno.test("poll() tells data out of band, and waits for it", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  const [here, there] = tcpPair();
  using _here = here;
  using _there = there;
  const entries = [{ fd: here, events: { read: true, priority: true } }];
  assertEquals(tryPoll(entries), undefined);
  const polling = poll(entries, deadline);
  sendUrgent(there);
  assertEquals((await polling).map(words), [["priority"]]);
});

Deno.test("poll() tells that a peer will send no more, if it was asked", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  using sockets = BarePair.sockets();
  const { reader: fd, writer: peer } = sockets;
  const asked = [{ fd, events: { readHangup: true } }];
  // What is there to read is not what was asked for.
  peer.write();
  assertEquals(tryPoll(asked), undefined);
  const polling = poll(asked, deadline);
  peer.endWriting();
  const [result] = await polling;
  assertEquals(words(result), ["readHangup"]);
  const [other] = tryPoll([{ fd, events: { read: true, write: true } }])!;
  assertEquals(words(other), ["read", "write"]);
  assertEquals("readHangup" in other, false);
});

Deno.test("poll() tells hang-ups and errors unasked, and waits for them", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  using ending = Pipe.open();
  using breaking = Pipe.open();
  const { master, slave } = terminal();
  using _master = master;
  using _slave = slave;
  const cases: [Watchable, () => void, string[]][] = [
    [ending.reader, () => ending.writer.close(), ["hangup"]],
    [breaking.writer, () => breaking.reader.close(), ["error"]],
    [slave, () => master.close(), ["hangup", "error"]],
  ];
  for (const [fd, end, expected] of cases) {
    const entries = [{ fd, events: NOTHING }];
    assertEquals(tryPoll(entries), undefined);
    const polling = poll(entries, deadline);
    end();
    assertEquals((await polling).map(words), [expected]);
    assertEquals(pollSync(entries).map(words), [expected]);
  }
});

Deno.test("poll() tells for each number whether it is open", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { poll, pollSync, tryPoll } from "@ipc/core/mux";
    import { Pipe } from "@ipc/core/pipe";
    using quiet = Pipe.open();
    using pipe = Pipe.open();
    const read = { read: true };
    const entries = [
      { fd: quiet.reader, events: read },
      { fd: 1_000, events: read },
      { fd: pipe.writer, events: { write: true } },
      { fd: 0x7fffffff, events: {} },
    ];
    for (const call of [tryPoll, pollSync, poll]) {
      const results = await call(entries);
      console.log(JSON.stringify(results.map(({ invalid, write }) => [invalid, write])));
    }
  `);
  const each = "[[true,false],[false,true],[true,false]]";
  assertEquals(output, [each, each, each].join("\n"));
});

Deno.test("poll() says why there are too many entries", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { poll } from "@ipc/core/mux";
    const { setrlimit } = Deno.dlopen("libc.so.6", {
      setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
    }).symbols;
    const RLIMIT_NOFILE = 7;
    setrlimit(RLIMIT_NOFILE, new BigUint64Array([256n, 256n]));
    const entries = Array(257).fill({ fd: 0, events: { read: true } });
    await poll(entries).catch(({ code, message }) => console.log(code, message));
  `);
  assertStringIncludes(output, "EINVAL");
  assertStringIncludes(output, "RLIMIT_NOFILE (ulimit -n)");
});

Deno.test("pollSync() ends with its time-out, also if it waits for nothing", () => {
  using pipe = Pipe.open();
  for (const entries of [[{ fd: pipe.reader, events: READ }], []]) {
    const begin = performance.now();
    assertThrows(
      () => pollSync(entries, { timeout: 20 }),
      Deno.errors.TimedOut,
      "poll",
    );
    assert(performance.now() - begin >= 20);
  }
});

Deno.test("poll() refuses to wait for nothing without an end", async () => {
  assertThrows(() => pollSync([]), TypeError, "something to wait for");
  await assertRejects(() => poll([]), TypeError);
  assertEquals(tryPoll([]), undefined);
  await assertRejects(
    () => poll([], { signal: AbortSignal.timeout(5) }),
    DOMException,
  );
});

Deno.test("poll() refuses what is no descriptor", async () => {
  for (const fd of [-1, 0.5, NaN, 2 ** 31]) {
    await assertRejects(
      () => poll([{ fd, events: READ }]),
      RangeError,
      `${fd}`,
    );
  }
  const fd = undefined as unknown as number;
  assertThrows(() => tryPoll([{ fd, events: READ }]), TypeError);
});

Deno.test("an aborted poll() rejects with the reason and takes nothing", async () => {
  using pipe = Pipe.open();
  const entries = [{ fd: pipe.reader, events: READ }];
  const controller = new AbortController();
  const { signal } = controller;
  const polling = poll(entries, { signal });
  const rejected = polling.catch((error) => error);
  controller.abort("reason");
  assertEquals(await rejected, "reason");
  pipe.writer.writeSync(new Uint8Array(1));
  await assertRejects(() => poll(entries, { signal }));
  assertEquals(pipe.reader.available, 1);
});

Deno.test("poll() rejects when one of its objects is closed", async () => {
  using one = Pipe.open();
  using other = Pipe.open();
  const entries = [one, other].map((pipe) => ({
    fd: pipe.reader,
    events: READ,
  }));
  const polling = poll(entries);
  const rejected = assertRejects(() => polling, Deno.errors.BadResource);
  other.close();
  await rejected;
  assertThrows(() => tryPoll(entries), Deno.errors.BadResource);
  await assertRejects(() => poll(entries), Deno.errors.BadResource);
});

Deno.test(
  "poll() rejects when an object is closed that has what was not asked for",
  {
    ignore: !LINUX,
  },
  async () => {
    using deadline = new Deadline();
    using pipe = Pipe.open();
    const entries = [{ fd: pipe.reader, events: { readHangup: true } }];
    pipe.writer.writeSync(new Uint8Array(1));
    const polling = poll(entries, deadline);
    const rejected = assertRejects(() => polling, Deno.errors.BadResource);
    // Until it rests, not being told of anything.
    await new Promise((done) => setTimeout(done, 20));
    pipe.close();
    await rejected;
  },
);

Deno.test("poll() rests while only what nobody asked for is there", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { poll } from "@ipc/core/mux";
    import { BarePair } from "tests/_util/descriptors.ts";
    import { cpuSeconds } from "tests/_util/counts.ts";
    using sockets = BarePair.sockets();
    sockets.writer.write();
    const before = cpuSeconds();
    await poll(
      [{ fd: sockets.reader, events: { readHangup: true } }],
      { signal: AbortSignal.timeout(1_000) },
    ).catch((error) => console.log(error.name));
    console.log(cpuSeconds() - before);
  `);
  const [name, seconds] = output.split("\n");
  assertEquals(name, "TimeoutError");
  assertLess(Number(seconds), 0.25);
});

Deno.test("a number that is closed or used again meanwhile ends poll()", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  using closed = BarePair.pipe();
  using reused = BarePair.pipe();
  using other = BarePair.pipe();
  const waits = [closed, reused].map(({ reader }) =>
    assertRejects(
      () => poll([{ fd: reader.fd, events: READ }], deadline),
      Deno.errors.BadResource,
    )
  );
  closed.reader.close();
  using _number = reused.reader.replaceBy(other.reader);
  await Promise.all(waits);
});

Deno.test("poll() takes thousands, and finds the one that is ready", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { EventFd } from "@ipc/core/event";
    import { poll, pollSync, tryPoll } from "@ipc/core/mux";
    const events = Array.from({ length: 5_000 }, () => EventFd.create());
    const entries = events.map((fd) => ({ fd, events: { read: true } }));
    console.log(tryPoll(entries));
    const polling = poll(entries);
    events[4_321].signal();
    for (const results of [await polling, tryPoll(entries), pollSync(entries)]) {
      console.log(results.length, results[0].fd === events[4_321]);
    }
  `);
  const found = "1 true";
  assertEquals(output.split("\n"), ["undefined", found, found, found]);
});

Deno.test("many poll() wait at once, each for its own", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  using stack = new DisposableStack();
  const events = Array.from(
    { length: 50 },
    () => stack.use(EventFd.create()),
  );
  const polls = events.map((fd) => poll([{ fd, events: READ }], deadline));
  for (const event of events.toReversed()) event.signal();
  for (const [i, [{ fd }]] of (await Promise.all(polls)).entries()) {
    assertStrictEquals(fd, events[i]);
  }
});
