/** How a kqueue is changed and waited for. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  Kqueue,
  type KqueueChange,
  type KqueueEvent,
  readable,
  tryPoll,
} from "@ipc/core/mux";
import { Pipe } from "@ipc/core/pipe";
import { valueOf } from "../mux/kqueue.ts";
import { BarePair } from "./_util/descriptors.ts";
import { kqueueOptions, testKqueue } from "./_util/kqueue.ts";
import { Deadline } from "./_util/peer.ts";

const NEVER = 0x7fffffff;

Deno.test("a kqueue needs macOS, or a library that has one", {
  ignore: Deno.build.os === "darwin",
}, () => {
  const error = assertThrows(() => new Kqueue(), Deno.errors.NotSupported);
  for (const word of ["kqueue", Deno.build.os, "Poller", "Epoll"]) {
    assert(error.message.includes(word), error.message);
  }
});

/** The data of events, in the order of their ids. */
function dataOf(events: readonly KqueueEvent[] | undefined): unknown[] {
  return (events ?? []).map(({ data }) => data).sort();
}

testKqueue("reports what is there for as long as it is", (kqueue) => {
  using pipe = BarePair.pipe();
  kqueue.change({ filter: "read", fd: pipe.reader });
  pipe.writer.write();
  for (let i = 0; i < 3; i++) assertEquals(kqueue.tryWait()?.length, 1);
  pipe.reader.drain();
  assertEquals(kqueue.tryWait(), undefined);
});

testKqueue("reports what comes, if asked for that", (kqueue) => {
  using pipe = BarePair.pipe();
  pipe.writer.write();
  kqueue.change({ filter: "read", fd: pipe.reader, clear: true });
  for (let i = 0; i < 2; i++) {
    assertEquals(kqueue.tryWait()?.length, 1);
    assertEquals(kqueue.tryWait(), undefined);
    pipe.writer.write();
  }
  pipe.reader.drain();
  // It came, but is not there any more.
  assertEquals(kqueue.tryWait(), undefined);
});

testKqueue("reports once, if asked for that", (kqueue) => {
  using pipe = BarePair.pipe();
  const change = { filter: "read", fd: pipe.reader } as const;
  kqueue.change({ ...change, oneShot: true, data: "once" });
  pipe.writer.write();
  assertEquals(kqueue.tryWait()?.length, 1);
  assertEquals(kqueue.tryWait(), undefined);
  assertEquals(valueOf(kqueue, "read", pipe.reader.fd), undefined);
  const enable = { ...change, action: "enable" } as const;
  assertThrows(() => kqueue.change(enable), Deno.errors.NotFound);
  kqueue.change(change);
  assertEquals(kqueue.tryWait()?.length, 1);
});

testKqueue("reports and disables, if asked for that", (kqueue) => {
  using pipe = BarePair.pipe();
  const change = { filter: "read", fd: pipe.reader } as const;
  kqueue.change({ ...change, dispatch: true, data: "kept" });
  pipe.writer.write();
  for (let i = 0; i < 2; i++) {
    assertEquals(dataOf(kqueue.tryWait()), ["kept"]);
    assertEquals(kqueue.tryWait(), undefined);
    kqueue.change({ ...change, action: "enable" });
  }
});

testKqueue("is silent about what is disabled", (kqueue) => {
  using pipe = BarePair.pipe();
  const change = { filter: "read", fd: pipe.reader } as const;
  pipe.writer.write();
  kqueue.change({ ...change, disabled: true });
  assertEquals(kqueue.tryWait(), undefined);
  kqueue.change({ ...change, action: "enable" });
  assertEquals(kqueue.tryWait()?.length, 1);
  kqueue.change({ ...change, action: "disable" });
  assertEquals(kqueue.tryWait(), undefined);
  // Adding it again enables it.
  kqueue.change(change);
  assertEquals(kqueue.tryWait()?.length, 1);
  kqueue.change({ ...change, action: "delete" });
  assertEquals(kqueue.tryWait(), undefined);
});

testKqueue("keeps one of each filter, and its value", (kqueue) => {
  using sockets = BarePair.sockets();
  const fd = sockets.reader;
  sockets.writer.write();
  const value = { any: Symbol() };
  kqueue.change([
    { filter: "read", fd, data: "before" },
    { filter: "write", fd, data: value },
    { filter: "read", fd: fd.fd, data: "read" },
    { filter: "timer", id: fd.fd, time: 3_600_000, data: "timer" },
  ]);
  const events = kqueue.tryWait()!;
  assertEquals(events.length, 2);
  const read = events.find(({ filter }) => filter === "read");
  assert(read?.filter === "read");
  assertEquals([read.fd, read.data], [fd.fd, "read"]);
  const write = events.find(({ filter }) => filter === "write");
  assertStrictEquals(write?.data, value);
  kqueue.change({ filter: "write", fd, action: "delete" });
  kqueue.change({ filter: "read", fd, action: "enable", data: "changed" });
  assertEquals(dataOf(kqueue.tryWait()), ["changed"]);
  kqueue.change({ filter: "read", fd });
  assertEquals(dataOf(kqueue.tryWait()), [undefined]);
});

testKqueue("makes all changes that can be made", (kqueue) => {
  using pipe = BarePair.pipe();
  pipe.writer.write();
  const changes: KqueueChange[] = [
    { filter: "read", fd: NEVER },
    { filter: "read", fd: pipe.reader, data: "made" },
    { filter: "user", id: 1, action: "delete" },
    { filter: "user", id: 2, data: "user" },
    { filter: "user", id: 2, trigger: true },
  ];
  const receipts = kqueue.change(changes, { receipts: true });
  assertEquals(receipts.map(({ change }) => change), changes);
  for (const [i, { change }] of receipts.entries()) {
    assertStrictEquals(change, changes[i]);
  }
  assertEquals(receipts.map(({ error }) => error?.name), [
    "BadResource",
    undefined,
    "NotFound",
    undefined,
    undefined,
  ]);
  assertEquals(dataOf(kqueue.tryWait()), ["made", "user"]);
  assertEquals(kqueue.change([], { receipts: true }), []);
  assertEquals(kqueue.change([]), undefined);
  // Without receipts the first error is thrown, and the rest is made.
  changes[3] = { filter: "user", id: 2, data: "again" };
  assertThrows(() => kqueue.change(changes), Deno.errors.BadResource);
  assertEquals(dataOf(kqueue.tryWait()), ["again", "made"]);
});

testKqueue("takes no event with the receipts", (kqueue) => {
  const changes = Array.from({ length: 100 }, (_, id): KqueueChange => (
    { filter: "user", id, trigger: true, action: "add", clear: true, data: id }
  ));
  for (let i = 0; i < 2; i++) {
    assertEquals(kqueue.change(changes, { receipts: true }).length, 100);
  }
  const seen = new Set<unknown>();
  while (seen.size < 100) {
    for (const { data } of kqueue.tryWait({ maxEvents: 7 })!) seen.add(data);
  }
  assertEquals(kqueue.tryWait(), undefined);
});

testKqueue("refuses what makes no sense before the kernel sees any", (
  kqueue,
) => {
  const wrong: [unknown, typeof TypeError | typeof RangeError, string][] = [
    [undefined, TypeError, "filter"],
    [{}, TypeError, "filter"],
    [{ filter: "aio", id: 1 }, TypeError, "current value is aio"],
    [{ filter: "read" }, TypeError, "descriptor"],
    [{ filter: "read", fd: -1 }, RangeError, "current value is -1"],
    [{ filter: "read", fd: 0, lowWater: 0 }, RangeError, "lowWater"],
    [{ filter: "except", fd: 0, lowWater: 1 }, TypeError, "lowWater"],
    [{ filter: "vnode", fd: 0 }, TypeError, "rename"],
    [{ filter: "proc", pid: 0 }, RangeError, "process"],
    [{ filter: "signal", signal: "SIGNOT" }, TypeError, "SIGNOT"],
    [{ filter: "timer", id: 1 }, TypeError, "time"],
    [{ filter: "timer", id: 1, time: -1 }, RangeError, "-1"],
    [{ filter: "timer", id: 1, time: 1, unit: "years" }, TypeError, "years"],
    [{ filter: "timer", id: 1.5, time: 1 }, RangeError, "1.5"],
    [{ filter: "user", id: 1, flags: 1 << 24 }, RangeError, "flags"],
    [{ filter: "user", id: 1, flags: 1, combine: "xor" }, TypeError, "xor"],
    [{ filter: "user", id: 1, action: "modify" }, TypeError, "modify"],
  ];
  const good: KqueueChange = {
    filter: "user",
    id: 9,
    action: "add",
    trigger: true,
  };
  for (const [change, type, words] of wrong) {
    const changes = [good, change as KqueueChange];
    assertThrows(() => kqueue.change(changes), type, words);
  }
  assertThrows(() => kqueue.tryWait({ maxEvents: 0 }), RangeError);
  assertEquals(kqueue.tryWait(), undefined);
});

testKqueue("forgets what is closed", (kqueue) => {
  using pipe = Pipe.open();
  pipe.writer.writeSync(new Uint8Array(1));
  kqueue.change({ filter: "read", fd: pipe.reader, data: "object" });
  kqueue.change({ filter: "write", fd: pipe.writer, data: "writer" });
  const { fd } = pipe.reader;
  assertEquals(valueOf(kqueue, "read", fd), "object");
  pipe.reader.close();
  assertEquals(valueOf(kqueue, "read", fd), undefined);
  assertEquals(dataOf(kqueue.tryWait()), ["writer"]);
});

testKqueue("tells a number's new owner from the one before", (kqueue) => {
  using stack = new DisposableStack();
  const [one, other] = [0, 1].map(() => stack.use(BarePair.pipe()));
  one.writer.write();
  other.writer.write();
  const change = { filter: "read", fd: one.reader.fd } as const;
  kqueue.change({ ...change, data: "one" });
  const reused = stack.use(one.reader.replaceBy(other.reader));
  assertEquals(reused.fd, change.fd);
  assertEquals(kqueue.tryWait(), undefined);
  const enable = { ...change, action: "enable" } as const;
  assertThrows(() => kqueue.change(enable), Deno.errors.NotFound);
  assertEquals(valueOf(kqueue, "read", reused.fd), undefined);
  kqueue.change(change);
  assertEquals(dataOf(kqueue.tryWait()), [undefined]);
});

testKqueue("gives everyone a turn", async (kqueue) => {
  using deadline = new Deadline();
  const changes = [1, 2, 3].map((id): KqueueChange => (
    { filter: "user", id, action: "add", trigger: true, data: id }
  ));
  kqueue.change(changes);
  const seen: unknown[] = [];
  for await (const { data } of kqueue) {
    deadline.signal.throwIfAborted();
    seen.push(data);
    if (seen.length === 6) break;
  }
  assertEquals(seen.sort(), [1, 1, 2, 2, 3, 3]);
  assertEquals(kqueue.tryWait({ maxEvents: 2 })?.length, 2);
});

testKqueue("wakes who waits, also for what was added later", async (kqueue) => {
  using pipe = BarePair.pipe();
  using deadline = new Deadline();
  const waiting = kqueue.wait(deadline);
  pipe.writer.write();
  kqueue.change({ filter: "read", fd: pipe.reader, data: "late" });
  assertEquals(dataOf(await waiting), ["late"]);
});

testKqueue("loses nothing when a wait is aborted", async (kqueue) => {
  kqueue.change({ filter: "user", id: 1, oneShot: true, data: "there" });
  const controller = new AbortController();
  const waiting = kqueue.wait(controller);
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting), reason);
  kqueue.change({ filter: "user", id: 1, trigger: true });
  const over = AbortSignal.abort(reason);
  assertStrictEquals(
    await assertRejects(() => kqueue.wait({ signal: over })),
    reason,
  );
  assertEquals(dataOf(await kqueue.wait()), ["there"]);
});

testKqueue("gives up when the time is over", (kqueue) => {
  for (const timeout of [0, 20]) {
    assertThrows(() => kqueue.waitSync({ timeout }), Deno.errors.TimedOut);
  }
  assertThrows(() => kqueue.waitSync({ timeout: -1 }), RangeError);
  kqueue.change({ filter: "timer", id: 1, time: 5, data: "in time" });
  const events = kqueue.waitSync({ timeout: 10_000 });
  assertEquals(dataOf(events), ["in time"]);
});

testKqueue("ends waits when it is closed", async (kqueue) => {
  const waiting = kqueue.wait();
  assertThrows(() => kqueue.waitSync(), Deno.errors.Busy);
  assertEquals(kqueue.tryWait(), undefined);
  kqueue.close();
  kqueue.close();
  await assertRejects(() => waiting, Deno.errors.BadResource);
  await assertRejects(() => kqueue.wait(), Deno.errors.BadResource);
  const calls = [
    () => kqueue.fd,
    () => kqueue.change({ filter: "user", id: 1 }),
    () => kqueue.waitSync(),
    () => kqueue.tryWait(),
  ];
  for (const call of calls) assertThrows(call, Deno.errors.BadResource);
});

testKqueue("is readable while events are there", async (kqueue) => {
  using deadline = new Deadline();
  const entry = { fd: kqueue, events: { read: true } };
  const change = { filter: "user", id: 1 } as const;
  kqueue.change({ ...change, clear: true });
  assertEquals(tryPoll([entry]), undefined);
  const ready = readable(kqueue, deadline);
  kqueue.change({ ...change, trigger: true });
  await ready;
  assertEquals(tryPoll([entry])?.[0].read, true);
  assertEquals(kqueue.tryWait()?.length, 1);
  assertEquals(tryPoll([entry]), undefined);
});

testKqueue("can be watched by another, but not by itself", (kqueue) => {
  using outer = new Kqueue(kqueueOptions);
  outer.change({ filter: "read", fd: kqueue, data: "inner" });
  assertEquals(outer.tryWait(), undefined);
  kqueue.change({ filter: "user", id: 1, clear: true });
  kqueue.change({ filter: "user", id: 1, trigger: true });
  assertEquals(dataOf(outer.tryWait()), ["inner"]);
  assertEquals(kqueue.tryWait()?.length, 1);
  assertEquals(outer.tryWait(), undefined);
  const wrong: KqueueChange[] = [
    { filter: "read", fd: outer },
    { filter: "write", fd: kqueue },
  ];
  for (const change of wrong) {
    assertThrows(() => outer.change(change), Error, "EINVAL");
  }
});
