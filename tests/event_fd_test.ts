import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { EventFd, IpcError } from "@ipc/core/event";
import { readable, writable } from "@ipc/core/mux";
import { Pipe, spawn } from "@ipc/core/pipe";
import { BarePair } from "./_util/descriptors.ts";
import { eventCounter } from "./_util/objects.ts";
import { Deadline } from "./_util/peer.ts";
import { denoArgs, missing, runDeno } from "./_util/peers.ts";

const ignore = Deno.build.os !== "linux";
const MOST = 2n ** 64n - 2n;

Deno.test(
  "EventFd takes all of the counter in all three voices",
  { ignore },
  async () => {
    using event = EventFd.create({ value: 3 });
    assertEquals(event.tryWait(), 3n);
    assertEquals(event.tryWait(), undefined);
    event.signal();
    event.signal(2);
    assertEquals(event.waitSync(), 3n);
    const waiting = event.wait();
    event.signal(4n);
    assertEquals(await waiting, 4n);
  },
);

Deno.test(
  "a semaphore's wait takes 1 and leaves the rest",
  { ignore },
  async () => {
    using event = EventFd.create({ value: 2, semaphore: true });
    event.signal(2);
    assertEquals(event.tryWait(), 1n);
    assertEquals(event.waitSync(), 1n);
    assertEquals(await event.wait(), 1n);
    assertEquals(event.tryWait(), 1n);
    assertEquals(event.tryWait(), undefined);
  },
);

Deno.test("EventFd counts with bigints to the very end", { ignore }, () => {
  const large = 2n ** 53n + 1n;
  for (const value of [large, 2n ** 32n - 1n, 2n ** 32n, MOST]) {
    using event = EventFd.create({ value });
    assertEquals(event.tryWait(), value);
    event.signal(value);
    assertEquals(event.tryWait(), value);
  }
});

Deno.test(
  "EventFd refuses what does not fit, and stays as it is",
  { ignore },
  async () => {
    using deadline = new Deadline();
    using event = EventFd.create({ value: MOST - 1n });
    const error = assertThrows(
      () => event.signal(2),
      Deno.errors.WouldBlock,
      "no room for 2 more",
    );
    assertEquals((error as Error & { code: string }).code, "EAGAIN");
    event.signal();
    assertThrows(() => event.signal(), Deno.errors.WouldBlock);
    const room = writable(event, deadline);
    assertEquals(event.tryWait(), MOST);
    await room;
    event.signal();
    assertEquals(event.tryWait(), 1n);
  },
);

Deno.test("EventFd refuses what is no count", { ignore }, () => {
  using event = EventFd.create();
  for (const n of [0, -1, 0.5, NaN, 2 ** 53, 0n, -1n, MOST + 1n]) {
    assertThrows(() => event.signal(n), RangeError, `${n}`);
  }
  for (const value of [-1, 0.5, MOST + 1n]) {
    assertThrows(() => EventFd.create({ value }), RangeError, `${value}`);
  }
  const text = "1" as unknown as number;
  assertThrows(() => event.signal(text), TypeError);
  assertThrows(() => EventFd.create({ value: text }), TypeError);
  assertEquals(event.tryWait(), undefined);
});

Deno.test("several wait for an EventFd in the order in which they came", {
  ignore,
}, async () => {
  using event = EventFd.create({ semaphore: true });
  const order: number[] = [];
  const waits = [0, 1, 2, 3].map(async (i) => {
    await event.wait();
    order.push(i);
  });
  for (let i = 0; i < 4; i++) {
    // Nobody overtakes.
    assertEquals(event.tryWait(), undefined);
    event.signal();
    await waits[i];
    assertEquals(order.length, i + 1);
  }
  assertEquals(order, [0, 1, 2, 3]);
});

Deno.test(
  "an aborted wait takes nothing from an EventFd",
  { ignore },
  async () => {
    using event = EventFd.create();
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = event.wait({ signal }).catch((error) => error);
    const queued = event.wait({ signal }).catch((error) => error);
    const next = event.wait();
    controller.abort("reason");
    assertEquals([await waiting, await queued], ["reason", "reason"]);
    event.signal(7);
    assertEquals(await next, 7n);
    await assertRejects(() => event.wait({ signal }));
  },
);

Deno.test("EventFd.waitSync() ends with its time-out", { ignore }, async () => {
  using event = EventFd.create();
  assertThrows(() => event.waitSync({ timeout: 10 }), Deno.errors.TimedOut);
  const waiting = event.wait();
  const busy = assertThrows(() => event.waitSync(), Deno.errors.Busy);
  assert("code" in busy);
  assertEquals(busy.code, "EBUSY");
  assertStringIncludes(
    busy.message,
    "'eventfd': an asynchronous read is pending",
  );
  event.signal();
  await waiting;
});

Deno.test("a closed EventFd rejects those who wait, and works no more", {
  ignore,
}, async () => {
  const event = EventFd.create();
  const waits = [event.wait(), event.wait(), readable(event)];
  const rejected = waits.map((wait) =>
    assertRejects(() => wait, Deno.errors.BadResource)
  );
  event.close();
  event.close();
  await Promise.all(rejected);
  assertThrows(() => event.signal(), Deno.errors.BadResource);
  assertThrows(() => event.tryWait(), Deno.errors.BadResource);
  assertThrows(() => event.waitSync(), Deno.errors.BadResource);
  assertThrows(() => event.fd, Deno.errors.BadResource);
  await assertRejects(() => event.wait(), Deno.errors.BadResource);
});

Deno.test(
  "EventFd.fromFd() takes over a counter, once",
  { ignore },
  async () => {
    using event = EventFd.fromFd(eventCounter(5).release());
    const busy = assertThrows(
      () => EventFd.fromFd(event.fd),
      Deno.errors.Busy,
      `'fd ${event.fd}': it already belongs to an open object`,
    );
    assert("code" in busy);
    assertEquals(busy.code, "EBUSY");
    assertEquals(await event.wait(), 5n);
    assertThrows(() => EventFd.fromFd(-1), RangeError);
    assertThrows(() => EventFd.fromFd(0x7fffffff), Deno.errors.BadResource);
  },
);

Deno.test("EventFd.fromFd() notices what is no counter, sooner or later", {
  ignore,
}, () => {
  using pipe = BarePair.pipe();
  assertThrows(
    () => EventFd.fromFd(pipe.reader.fd),
    Deno.errors.BadResource,
    "not open to read and write",
  );
  using sockets = BarePair.sockets();
  sockets.writer.write();
  using event = EventFd.fromFd(sockets.reader.release());
  assertThrows(() => event.tryWait(), IpcError, "it is no eventfd");
});

Deno.test("EventFd leaves no descriptor behind", { ignore }, async () => {
  const output = await runDeno(`
    import { EventFd } from "@ipc/core/event";
    import { openDescriptors } from "tests/_util/counts.ts";
    const count = () => [...openDescriptors().values()]
      .filter((what) => what.includes("eventfd")).length;
    const before = count();
    for (let i = 0; i < 100; i++) {
      using event = EventFd.create({ value: 1 });
      await event.wait();
    }
    console.log(count() - before);
  `);
  assertEquals(output, "0");
});

/** Reads and writes the counter the way any program does. */
const PYTHON = `
import os, struct, sys
there, back = 5, 6
for _ in range(int(sys.argv[1])):
    count, = struct.unpack("Q", os.read(there, 8))
    os.write(back, struct.pack("Q", count + 1))
`;

Deno.test("EventFd plays with Python, which blocks, and never blocks itself", {
  ignore: ignore || missing("python3"),
}, async () => {
  using deadline = new Deadline();
  using there = EventFd.create();
  using back = EventFd.create();
  await using python = spawn("python3", {
    args: ["-c", PYTHON, "100"],
    fds: { 5: there, 6: back },
  });
  for (let i = 1; i <= 100; i++) {
    // The child shares the open file and wants to block in it.
    assertEquals(back.tryWait(), undefined);
    there.signal(i);
    const answer = i % 2 === 0 ? back.waitSync() : await back.wait(deadline);
    assertEquals(answer, BigInt(i + 1));
  }
  assertEquals(back.tryWait(), undefined);
  assertEquals((await python.status).code, 0);
});

Deno.test(
  "a full EventFd that a child shares refuses to signal rather than block",
  { ignore },
  async () => {
    using event = EventFd.create({ value: MOST - 1n });
    await using _child = spawn("sleep", { args: ["1000"], fds: { 5: event } });
    assertThrows(() => event.signal(2), Deno.errors.WouldBlock);
    event.signal();
    assertThrows(() => event.signal(), Deno.errors.WouldBlock);
    assertEquals(event.tryWait(), MOST);
    assertEquals(event.tryWait(), undefined);
    event.signal(9);
    assertEquals(event.tryWait(), 9n);
  },
);

Deno.test("a Deno child takes over an EventFd, and neither side blocks in it", {
  ignore,
}, async () => {
  // A Deno takes its time to start in an emulator.
  using deadline = new Deadline(120_000);
  using there = EventFd.create();
  using back = EventFd.create();
  using output = Pipe.open();
  await using child = spawn(Deno.execPath(), {
    args: denoArgs(`
      import { EventFd } from "@ipc/core/event";
      using there = EventFd.fromFd(5);
      using back = EventFd.fromFd(6);
      for (;;) {
        const count = await there.wait();
        if (there.tryWait() !== undefined) throw new Error("twice");
        if (count === 99n) break;
        back.signal(count);
      }
      back.signal(99);
    `),
    fds: { 5: there, 6: back, 1: output.writer },
  });
  output.writer.close();
  for (let i = 1n; i <= 20n; i++) {
    there.signal(i);
    assertEquals(await back.wait(deadline), i);
    // Given to one more, which wants it blocking, under the child's feet.
    if (i === 10n) {
      await using other = spawn("true", { fds: { 5: there, 6: back } });
      await other.status;
    }
  }
  there.signal(99);
  assertEquals(await back.wait(deadline), 99n);
  assertEquals((await child.status).code, 0);
});

Deno.test("two processes that compete for a semaphore share it, none lost", {
  ignore: ignore || missing("python3"),
}, async () => {
  using deadline = new Deadline();
  using event = EventFd.create({ semaphore: true });
  using counts = Pipe.open();
  const script = `
import os
while True:
    os.write(6, b"x")
    os.read(5, 8)
`;
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < 2; i++) {
    stack.use(spawn("python3", {
      args: ["-c", script],
      fds: { 5: event, 6: counts.writer },
    }));
  }
  counts.writer.close();
  // Each of them says once that it is there, and then what it took.
  let theirs = -2;
  const p = new Uint8Array(4096);
  while (theirs < 0) theirs += await counts.reader.read(p, deadline) ?? 0;
  let here = 0;
  const controller = new AbortController();
  const taking = (async () => {
    for (;;) here += Number(await event.wait(controller));
  })().catch(() => {});
  const TOTAL = 3_000;
  for (let i = 0; i < TOTAL; i++) event.signal();
  while (here + theirs < TOTAL) {
    deadline.signal.throwIfAborted();
    theirs += counts.reader.tryRead(p) ?? 0;
    await new Promise((next) => setImmediate(next));
  }
  controller.abort();
  await taking;
  assertEquals(here + theirs, TOTAL);
  assertGreater(theirs, 0);
  assertEquals(event.tryWait(), undefined);
});

Deno.test("a peer that is killed leaves the counter as it was", {
  ignore: ignore || missing("python3"),
}, async () => {
  using deadline = new Deadline();
  using event = EventFd.create();
  using ready = Pipe.open();
  const script = "import os; os.write(6, b'x'); os.read(5, 8)";
  await using child = spawn("python3", {
    args: ["-c", script],
    fds: { 5: event, 6: ready.writer },
  });
  await ready.reader.read(new Uint8Array(1), deadline);
  child.kill("SIGKILL");
  assertEquals((await child.status).signal, "SIGKILL");
  event.signal(3);
  assertEquals(await event.wait(deadline), 3n);
  // There is no hang-up: nobody knows how many others there are.
  const signal = AbortSignal.timeout(20);
  await assertRejects(() => event.wait({ signal }), DOMException);
});

Deno.test("EventFd is named where it is missing, with what to take instead", async () => {
  const output = await runDeno(`
    const build = { ...Deno.build, os: "darwin", arch: "aarch64" };
    Object.defineProperty(Deno, "build", { value: build });
    const { EventFd } = await import("@ipc/core/event");
    for (const make of [() => EventFd.create(), () => EventFd.fromFd(3)]) {
      try { make(); } catch (error) { console.log(error.name, error.message); }
    }
  `);
  const line = "NotSupported eventfd is not supported on darwin: " +
    "a pipe of @ipc/core/pipe does the same";
  assertEquals(output, `${line}\n${line}`);
});
