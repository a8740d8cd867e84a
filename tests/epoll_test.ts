import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { EventFd } from "@ipc/core/event";
import { Epoll, type EpollEvent, poll, readable } from "@ipc/core/mux";
import { Pipe } from "@ipc/core/pipe";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { Bare, BarePair } from "./_util/descriptors.ts";
import { KINDS } from "./_util/kinds.ts";
import { terminal } from "./_util/objects.ts";
import { Deadline } from "./_util/peer.ts";
import { missing, runDeno } from "./_util/peers.ts";
import { sendUrgent, tcpPair } from "./_util/tcp.ts";
import { TempDir } from "./_util/temp.ts";

const ignore = Deno.build.os !== "linux";

/** The names of what is true. */
function words(event: EpollEvent): string[] {
  return Object.entries(event)
    .filter(([_, value]) => value === true)
    .map(([name]) => name);
}

function wordsOf(epoll: Epoll): string[][] | undefined {
  return epoll.tryWait()?.map(words);
}

for (const [kind, make] of Object.entries(KINDS)) {
  Deno.test(`Epoll waits for ${kind} to be readable`, {
    ignore: ignore || missing("sleep"),
  }, async () => {
    using deadline = new Deadline();
    await using stack = new AsyncDisposableStack();
    const { fd, rouse } = await make(stack);
    using epoll = new Epoll();
    epoll.add(fd, { data: kind });
    assertEquals(epoll.tryWait(), undefined);
    const waiting = epoll.wait(deadline);
    rouse();
    const events = await waiting;
    assertEquals(events.map(words), [["read"]]);
    assertStrictEquals(events[0].fd, fd);
    assertEquals(events[0].data, kind);
    assertEquals(epoll.waitSync().map(words), [["read"]]);
    epoll.delete(fd);
    assertEquals(epoll.tryWait(), undefined);
  });
}

Deno.test(
  "Epoll hands back any value as data, the very same",
  { ignore },
  () => {
    using event = EventFd.create({ value: 1 });
    for (
      const data of [
        {},
        "text",
        0,
        2n ** 70n,
        Symbol(),
        null,
        undefined,
        EventFd,
      ]
    ) {
      using epoll = new Epoll();
      epoll.add(event, { data });
      assertStrictEquals(epoll.tryWait()![0].data, data);
      epoll.modify(event, { read: true });
      assertStrictEquals(epoll.tryWait()![0].data, data);
      epoll.modify(event, { read: true, data: undefined });
      assertStrictEquals(epoll.tryWait()![0].data, undefined);
    }
  },
);

Deno.test(
  "Epoll reports a level for as long as it is there",
  { ignore },
  async () => {
    using pipe = Pipe.open();
    using epoll = new Epoll();
    epoll.add(pipe.reader, { read: true });
    pipe.writer.writeSync(new Uint8Array(2));
    const one = new Uint8Array(1);
    for (let i = 0; i < 2; i++) {
      assertEquals((await epoll.wait()).map(words), [["read"]]);
      assertEquals(wordsOf(epoll), [["read"]]);
      pipe.reader.readSync(one);
    }
    assertEquals(epoll.tryWait(), undefined);
  },
);

Deno.test("Epoll reports an edge once for each time that something comes", {
  ignore,
}, () => {
  using pipe = Pipe.open();
  using epoll = new Epoll();
  epoll.add(pipe.reader, { read: true, edge: true });
  for (let i = 0; i < 2; i++) {
    pipe.writer.writeSync(new Uint8Array(2));
    assertEquals(wordsOf(epoll), [["read"]]);
    // The rest stays unheard of.
    pipe.reader.readSync(new Uint8Array(1));
    assertEquals(epoll.tryWait(), undefined);
  }
});

Deno.test(
  "Epoll reports a one-shot once, until it is modified",
  { ignore },
  () => {
    using event = EventFd.create({ value: 1 });
    using epoll = new Epoll();
    epoll.add(event, { oneShot: true, data: "data" });
    for (let i = 0; i < 2; i++) {
      assertEquals(epoll.tryWait()?.map(({ data }) => data), ["data"]);
      assertEquals(epoll.tryWait(), undefined);
      epoll.modify(event, { read: true, oneShot: true });
    }
  },
);

Deno.test("Epoll reports only what was asked for, and what modify() asks", {
  ignore,
}, () => {
  using sockets = BarePair.sockets();
  const { reader: here, writer: there } = sockets;
  there.write();
  using epoll = new Epoll();
  epoll.add(here, { write: true });
  assertEquals(wordsOf(epoll), [["write"]]);
  epoll.modify(here, { read: true });
  assertEquals(wordsOf(epoll), [["read"]]);
  epoll.modify(here, { read: true, write: true });
  assertEquals(wordsOf(epoll), [["read", "write"]]);
  epoll.modify(here, { priority: true });
  assertEquals(epoll.tryWait(), undefined);
  epoll.modify(here, { read: false });
  assertEquals(epoll.tryWait(), undefined);
  epoll.modify(here, {});
  assertEquals(wordsOf(epoll), [["read"]]);
});

Deno.test(
  "Epoll tells the end of one direction, of both, data out of band and errors apart",
  { ignore },
  async () => {
    using deadline = new Deadline();
    using epoll = new Epoll();
    const all = { read: true, priority: true, readHangup: true };

    using halfClosed = BarePair.sockets();
    epoll.add(halfClosed.reader, { readHangup: true });
    halfClosed.writer.write();
    assertEquals(epoll.tryWait(), undefined);
    halfClosed.writer.endWriting();
    assertEquals(wordsOf(epoll), [["readHangup"]]);
    epoll.modify(halfClosed.reader, { read: true });
    assertEquals(wordsOf(epoll), [["read", "readHangup"]]);
    epoll.delete(halfClosed.reader);

    const [here, there] = tcpPair();
    using _here = here;
    using _there = there;
    epoll.add(here, all);
    sendUrgent(there);
    assertEquals((await epoll.wait(deadline)).map(words), [["priority"]]);
    epoll.delete(here);

    // Hang-ups and errors come unasked.
    const { master, slave } = terminal();
    using _slave = slave;
    epoll.add(slave, { priority: true });
    assertEquals(epoll.tryWait(), undefined);
    master.close();
    assertEquals((await epoll.wait(deadline)).map(words), [[
      "hangup",
      "error",
    ]]);
    epoll.delete(slave);

    using ended = Pipe.open();
    epoll.add(ended.reader, { read: true });
    ended.writer.writeSync(new Uint8Array(1));
    ended.writer.close();
    await poll([{ fd: ended.reader, events: {} }], deadline);
    assertEquals(wordsOf(epoll), [["read", "hangup"]]);
    ended.reader.readSync(new Uint8Array(1));
    assertEquals(wordsOf(epoll), [["hangup"]]);
    epoll.delete(ended.reader);

    using broken = Pipe.open();
    epoll.add(broken.writer, { read: true });
    broken.reader.close();
    assertEquals((await epoll.wait(deadline)).map(words), [["error"]]);
  },
);

Deno.test("an exclusive descriptor cannot be modified, or be more than that", {
  ignore,
}, () => {
  using event = EventFd.create();
  using epoll = new Epoll();
  for (const option of ["oneShot", "priority", "readHangup"] as const) {
    assertThrows(
      () => epoll.add(event, { exclusive: true, [option]: true }),
      TypeError,
      `exclusive and ${option}`,
    );
  }
  epoll.add(event, { exclusive: true });
  assertThrows(
    () => epoll.modify(event, { read: true }),
    TypeError,
    "delete it and add it again",
  );
  epoll.delete(event);
  epoll.add(event);
});

Deno.test(
  "Epoll refuses what it cannot watch, and says why",
  { ignore },
  () => {
    using directory = new TempDir();
    Deno.writeTextFileSync(directory.join("file"), "");
    using file = new Bare(openFile(directory.join("file"), O_RDONLY));
    using folder = new Bare(openFile(directory.path, O_RDONLY));
    using epoll = new Epoll();
    for (const each of [file, folder]) {
      const error = assertThrows(
        () => epoll.add(each),
        Deno.errors.PermissionDenied,
        "always ready",
      );
      assertEquals((error as Error & { code: string }).code, "EPERM");
    }
    using event = EventFd.create();
    epoll.add(event);
    assertThrows(
      () => epoll.add(event),
      Deno.errors.AlreadyExists,
      "modify it",
    );
    assertThrows(() => epoll.add(event.fd), Deno.errors.AlreadyExists);
    epoll.delete(event.fd);
    assertThrows(() => epoll.delete(event), Deno.errors.NotFound, "not in the");
    assertThrows(() => epoll.modify(event, {}), Deno.errors.NotFound);
    assertThrows(() => epoll.add(epoll), Error, "not itself");
    const never = 0x7fffffff;
    assertThrows(() => epoll.add(never), Deno.errors.BadResource);
    assertThrows(() => epoll.delete(never), Deno.errors.BadResource);
    assertThrows(() => epoll.add(-1), RangeError);
    assertThrows(() => epoll.add(NaN), RangeError);
    assertThrows(() => epoll.add({} as { fd: number }), TypeError);
    for (const maxEvents of [0, -1, 0.5, 2_000_000]) {
      assertThrows(() => epoll.tryWait({ maxEvents }), RangeError, "maxEvents");
    }
  },
);

Deno.test("Epoll leaves for the next time what is more than maxEvents", {
  ignore,
}, async () => {
  using stack = new DisposableStack();
  using epoll = new Epoll();
  const waiting = new Set<unknown>();
  for (let i = 0; i < 300; i++) {
    const event = stack.use(EventFd.create({ value: 1 }));
    epoll.add(event, { edge: true, data: i });
    waiting.add(i);
  }
  for (
    const [maxEvents, count] of [[1, 1], [10, 10], [undefined, 256], [
      1_000,
      33,
    ]] as const
  ) {
    const events = await epoll.wait({ maxEvents });
    assertEquals(events.length, count);
    for (const { data } of events) assert(waiting.delete(data));
  }
  assertEquals(waiting.size, 0);
});

Deno.test("Epoll hands out events one at a time, each true when it is", {
  ignore,
}, async () => {
  using one = EventFd.create({ value: 1 });
  using other = EventFd.create({ value: 1 });
  using epoll = new Epoll();
  epoll.add(one, { data: one });
  epoll.add(other, { data: other });
  const seen: unknown[] = [];
  for await (const { data } of epoll) {
    seen.push(data);
    // Neither has anything any more: who was second must not be reported.
    one.tryWait();
    other.tryWait();
    if (seen.length === 2) break;
    setTimeout(() => other.signal(), 1);
  }
  assertStrictEquals(seen[1], other);
});

Deno.test("Epoll.waitSync() ends with its time-out, and refuses to overtake", {
  ignore,
}, async () => {
  using event = EventFd.create();
  using epoll = new Epoll();
  epoll.add(event);
  const begin = performance.now();
  assertThrows(() => epoll.waitSync({ timeout: 20 }), Deno.errors.TimedOut);
  assert(performance.now() - begin >= 20);
  const waiting = epoll.wait();
  event.signal();
  assertThrows(() => epoll.waitSync(), Deno.errors.Busy);
  assertEquals(epoll.tryWait(), undefined);
  await waiting;
});

Deno.test("several wait for an Epoll in the order in which they came", {
  ignore,
}, async () => {
  using event = EventFd.create();
  using epoll = new Epoll();
  epoll.add(event, { edge: true });
  const order: number[] = [];
  const waits = [0, 1, 2].map(async (i) => {
    await epoll.wait();
    order.push(i);
  });
  for (const wait of waits) {
    event.signal();
    await wait;
  }
  assertEquals(order, [0, 1, 2]);
});

Deno.test(
  "an aborted wait takes no event from an Epoll",
  { ignore },
  async () => {
    using event = EventFd.create();
    using epoll = new Epoll();
    epoll.add(event, { edge: true });
    const controller = new AbortController();
    const { signal } = controller;
    const waits = [1, 2].map(() =>
      epoll.wait({ signal }).catch((error) => error)
    );
    const next = epoll.wait();
    controller.abort("reason");
    event.signal();
    assertEquals(await Promise.all(waits), ["reason", "reason"]);
    assertEquals((await next).length, 1);
  },
);

Deno.test("a closed Epoll rejects those who wait, and works no more", {
  ignore,
}, async () => {
  using event = EventFd.create();
  const epoll = new Epoll();
  epoll.add(event);
  const waits = [epoll.wait(), epoll.wait(), readable(epoll)];
  const rejected = waits.map((wait) =>
    assertRejects(() => wait, Deno.errors.BadResource)
  );
  epoll.close();
  epoll.close();
  await Promise.all(rejected);
  assertThrows(() => epoll.add(event), Deno.errors.BadResource);
  assertThrows(() => epoll.delete(event), Deno.errors.BadResource);
  assertThrows(() => epoll.tryWait(), Deno.errors.BadResource);
  assertThrows(() => epoll.fd, Deno.errors.BadResource);
  await assertRejects(() => epoll.wait(), Deno.errors.BadResource);
  // What was in it is still open.
  event.signal();
  assertEquals(event.tryWait(), 1n);
});

Deno.test("an Epoll is watched by another, by readable() and by poll()", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  using event = EventFd.create();
  using inner = new Epoll();
  using outer = new Epoll();
  inner.add(event, { data: "inner" });
  outer.add(inner, { data: "outer" });
  const entries = [{ fd: inner, events: { read: true } }];
  const waits = [
    readable(inner, deadline),
    poll(entries, deadline),
    outer.wait(deadline),
  ];
  event.signal();
  await Promise.all(waits);
  assertEquals(outer.tryWait()?.map(({ data }) => data), ["outer"]);
  assertEquals(inner.tryWait()?.map(({ data }) => data), ["inner"]);
  event.tryWait();
  assertEquals(outer.tryWait(), undefined);
});

Deno.test("epolls watch each other up to a depth, and never in a circle", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  using stack = new DisposableStack();
  using event = EventFd.create();
  const epolls = [stack.use(new Epoll())];
  epolls[0].add(event);
  assertThrows(
    () => {
      for (;;) {
        const next = stack.use(new Epoll());
        next.add(epolls.at(-1)!);
        epolls.push(next);
      }
    },
    Deno.errors.FilesystemLoop,
    "five deep",
  );
  assertThrows(
    () => epolls[0].add(epolls[1]),
    Deno.errors.FilesystemLoop,
    "circle",
  );
  assertEquals(epolls.length, 5);
  // Being waited for takes a level.
  const outermost = epolls.at(-1)!;
  await assertRejects(() => outermost.wait(), Deno.errors.FilesystemLoop);
  const waits = epolls.slice(0, -1).map((epoll) => epoll.wait(deadline));
  event.signal();
  for (const events of await Promise.all(waits)) {
    assertEquals(events.map(words), [["read"]]);
  }
  assertEquals(outermost.waitSync().map(words), [["read"]]);
});

Deno.test("Epoll is named where it is missing, with what to take instead", async () => {
  const output = await runDeno(`
    const build = { ...Deno.build, os: "darwin", arch: "aarch64" };
    Object.defineProperty(Deno, "build", { value: build });
    const { Epoll } = await import("@ipc/core/mux");
    try { new Epoll(); } catch (error) { console.log(error.name, error.message); }
  `);
  assertEquals(
    output,
    "NotSupported epoll is not supported on darwin: use Poller or Kqueue",
  );
});
