import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type LockMode, RwLock } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { RwState } from "../sem/_rw_state.ts";
import { runDeno } from "./_util/peers.ts";
import { MemoryWorker } from "./_util/shared_worker.ts";
import { threadsBack } from "./_util/threads.ts";

Deno.test.afterEach(threadsBack);

const LINUX = Deno.build.os === "linux";
const SHARED = { mode: "shared" } as const;

/** How many may read at a time. */
const SLOTS = 61;

async function pause(milliseconds: number = 1): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test("any number read at a time, through one object or several", () => {
  using memory = SharedMemory.anonymous(4096);
  const lock = RwLock.init(memory, 0);
  const other = RwLock.at(memory, 0);
  using guards = new DisposableStack();
  for (let i = 0; i < 200; i++) {
    const guard = (i % 2 ? lock : other).tryAcquire(SHARED);
    assertEquals([guard?.mode, guard?.ownerDied], ["shared", false]);
    guards.use(guard);
  }
  assertEquals(lock.tryAcquire(), undefined);
  assertThrows(() => other.acquireSync({ timeout: 10 }), Deno.errors.TimedOut);
  guards.dispose();
  assertEquals(lock.tryAcquire()?.mode, "exclusive");
});

Deno.test("who writes waits until the last has read", async () => {
  using memory = SharedMemory.anonymous(4096);
  const lock = RwLock.init(memory, 0);
  const readers = [lock, RwLock.at(memory, 0), lock]
    .map((each) => each.acquireSync(SHARED));
  let written = false;
  const writing = RwLock.at(memory, 0).acquire().then((guard) => {
    written = true;
    return guard;
  });
  for (const reader of readers) {
    await pause(2);
    assertEquals(written, false);
    reader.release();
  }
  using _guard = await writing;
  assertEquals(lock.tryAcquire(SHARED), undefined);
});

Deno.test("who waits for readers has it when they have gone, without a sleep", () => {
  using memory = SharedMemory.anonymous(4096);
  RwLock.init(memory, 0);
  const words = new Int32Array(memory.buffer, 4, 127);
  const [reader, writer] = [new RwState(words, "it"), new RwState(words, "it")];
  assert(reader.tryRead());
  assertEquals([writer.tryWrite(), writer.tryWrite()], [false, false]);
  reader.endRead();
  assert(writer.tryWrite());
});

Deno.test("a lock whose memory was closed while readers were waited for says so", async () => {
  const memory = SharedMemory.anonymous(4096);
  const lock = RwLock.init(memory, 0);
  lock.acquireSync(SHARED);
  const { BadResource } = Deno.errors;
  const waiting = assertRejects(() => lock.acquire(), BadResource, "closed");
  memory.close();
  await waiting;
  assertThrows(() => lock.acquireSync(), BadResource, "closed");
  assertThrows(() => lock.tryAcquire(), BadResource, "closed");
  await assertRejects(() => lock.acquire(), BadResource, "closed");
});

Deno.test("who waits to write comes before those who come later to read", async () => {
  using memory = SharedMemory.anonymous(4096);
  const lock = RwLock.init(memory, 0);
  const [writer, reader] = [RwLock.at(memory, 0), RwLock.at(memory, 0)];
  const order: string[] = [];
  const first = lock.acquireSync(SHARED);
  const writing = writer.acquire().then((guard) => {
    order.push("write");
    guard.release();
  });
  await pause();
  assertEquals(reader.tryAcquire(SHARED), undefined);
  const reading = reader.acquire(SHARED).then((guard) => {
    order.push("read");
    guard.release();
  });
  await pause();
  first.release();
  await Promise.all([writing, reading]);
  assertEquals(order, ["write", "read"]);
});

Deno.test("all who wait to read are woken by who has written", async () => {
  using memory = SharedMemory.anonymous(4096);
  const writing = RwLock.init(memory, 0).acquireSync();
  const all = Promise.all(
    Array.from({ length: 20 }, () => RwLock.at(memory, 0).acquire(SHARED)),
  );
  await pause();
  writing.release();
  // None gives it back before all have it.
  for (const guard of await all) guard.release();
});

Deno.test("who gives up to write lets others read again", async () => {
  using memory = SharedMemory.anonymous(4096);
  const lock = RwLock.init(memory, 0);
  const [writer, other] = [RwLock.at(memory, 0), RwLock.at(memory, 0)];
  const reading = lock.acquireSync(SHARED);
  for (const voice of ["async", "sync", "try"]) {
    const controller = new AbortController();
    const { signal } = controller;
    if (voice === "async") {
      const writing = assertRejects(() => writer.acquire({ signal }));
      await pause();
      const waiting = other.acquire(SHARED);
      await pause();
      controller.abort();
      await writing;
      (await waiting).release();
    } else if (voice === "sync") {
      assertThrows(() => writer.acquireSync({ timeout: 5 }));
    } else assertEquals(writer.tryAcquire(), undefined);
    const again = other.tryAcquire(SHARED);
    assert(again, voice);
    again.release();
  }
  reading.release();
  assert(writer.tryAcquire());
});

Deno.test("a wait behind one that gives up is not disturbed", async () => {
  using memory = SharedMemory.anonymous(4096);
  const lock = RwLock.init(memory, 0);
  const reading = RwLock.at(memory, 0).acquireSync(SHARED);
  const controller = new AbortController();
  const { signal } = controller;
  // The second and third come to their turn when the first has given up.
  const first = assertRejects(() => lock.acquire({ signal }));
  const second = lock.acquire();
  const third = assertRejects(() => lock.acquire({ signal }));
  await pause();
  controller.abort();
  await Promise.all([first, third]);
  await pause();
  assertEquals(RwLock.at(memory, 0).tryAcquire(SHARED), undefined);
  reading.release();
  (await second).release();
});

Deno.test("readers of other Workers that were killed are not waited for", {
  ignore: !LINUX,
}, async () => {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const lock = RwLock.init(memory, 0);
  using worker = new MemoryWorker(
    memory,
    `RwLock.at(memory, 0).acquireSync({ mode: "shared" });`,
  );
  await worker.ready();
  await worker.ask();
  await runDeno(
    `
    import { RwLock } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    RwLock.at(SharedMemory.open(Deno.args[0]), 0).acquireSync({ mode: "shared" });
    Deno.kill(Deno.pid, "SIGKILL");
  `,
    [name],
  ).catch(() => {});
  assertEquals(lock.tryAcquire(), undefined, "the Worker still reads");
  const writing = lock.acquire();
  worker.terminate();
  using guard = await writing;
  assertEquals(guard.ownerDied, false, "who only read has left nothing undone");
});

Deno.test("readers are told of a writer who died, until somebody has written", {
  ignore: !LINUX,
}, async () => {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const lock = RwLock.init(memory, 0);
  await runDeno(
    `
    import { RwLock } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    RwLock.at(SharedMemory.open(Deno.args[0]), 0).acquireSync();
    Deno.kill(Deno.pid, "SIGKILL");
  `,
    [name],
  ).catch(() => {});
  const told: boolean[] = [];
  const modes: LockMode[] = ["shared", "shared", "exclusive", "shared"];
  for (const mode of modes) {
    using guard = await lock.acquire({ mode });
    told.push(guard.ownerDied);
  }
  assertEquals(told, [true, true, true, false]);
});

Deno.test("a writer who died while he waited has left nothing undone", {
  ignore: !LINUX,
}, async () => {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const lock = RwLock.init(memory, 0);
  const reading = lock.acquireSync(SHARED);
  await runDeno(
    `
    import { RwLock } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    const lock = RwLock.at(SharedMemory.open(Deno.args[0]), 0);
    setTimeout(() => Deno.kill(Deno.pid, "SIGKILL"), 20);
    await lock.acquire();
  `,
    [name],
  ).catch(() => {});
  using again = await RwLock.at(memory, 0).acquire(SHARED);
  assertEquals(again.ownerDied, false);
  reading.release();
});

Deno.test("more readers than there are places for wait for one", async () => {
  using memory = SharedMemory.anonymous(4096);
  RwLock.init(memory, 0);
  const guards = Array.from(
    { length: SLOTS },
    () => RwLock.at(memory, 0).acquireSync(SHARED),
  );
  const late = RwLock.at(memory, 0);
  assertEquals(late.tryAcquire(SHARED), undefined);
  assertThrows(
    () => late.acquireSync({ ...SHARED, timeout: 5 }),
    Deno.errors.TimedOut,
  );
  const waiting = late.acquire(SHARED);
  await pause(2);
  guards.pop()!.release();
  guards.push(await waiting);
  // Who writes looks at all of them.
  assertEquals(RwLock.at(memory, 0).tryAcquire(), undefined);
  for (const guard of guards) guard.release();
  assert(RwLock.at(memory, 0).tryAcquire());
});

Deno.test("a mode that is none is refused", async () => {
  using memory = SharedMemory.anonymous(4096);
  const lock = RwLock.init(memory, 0);
  const options = { mode: "read" } as never;
  assertThrows(() => lock.tryAcquire(options), TypeError, '"shared"');
  assertThrows(() => lock.acquireSync(options), TypeError);
  await assertRejects(() => lock.acquire(options), TypeError);
  assert(lock.tryAcquire());
});

Deno.test("programs that come and go read in the same place", {
  ignore: !LINUX,
}, async () => {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const lock = RwLock.init(memory, 0);
  lock.acquireSync(SHARED).release();
  for (let i = 0; i < 3; i++) {
    await runDeno(
      `
      import { RwLock } from "@ipc/core/sem";
      import { SharedMemory } from "@ipc/core/shm";
      const lock = RwLock.at(SharedMemory.open(Deno.args[0]), 0);
      for (let i = 0; i < 3; i++) lock.acquireSync({ mode: "shared" }).release();
    `,
      [name],
    );
    using _reading = lock.acquireSync(SHARED);
    assertEquals(RwLock.at(memory, 0).tryAcquire(), undefined);
  }
  // How many places have ever been used: ours, and one for all of them.
  assertLess(new Int32Array(memory.buffer, 20, 1)[0], 3);
  assert(lock.tryAcquire());
});

Deno.test("a lock of an isolate takes the place that another one has left", () => {
  using memory = SharedMemory.anonymous(4096);
  RwLock.init(memory, 0);
  for (let i = 0; i < 2 * SLOTS; i++) {
    using _reading = RwLock.at(memory, 0).acquireSync(SHARED);
    assertEquals(RwLock.at(memory, 0).tryAcquire(), undefined);
  }
  assertEquals(new Int32Array(memory.buffer, 20, 1)[0], 1);
  using _writing = RwLock.at(memory, 0).acquireSync();
});

Deno.test("who has read a lock that was made anew reads the new one properly", () => {
  using memory = SharedMemory.anonymous(4096);
  const lock = RwLock.init(memory, 0);
  const reading = lock.acquireSync(SHARED);
  const other = RwLock.init(memory, 0);
  reading.release();
  using _again = lock.acquireSync(SHARED);
  assertEquals(other.tryAcquire(), undefined);
});
