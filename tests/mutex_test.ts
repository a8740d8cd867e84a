import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Barrier, Condition, IpcError, Mutex, RwLock } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { runDeno } from "./_util/peers.ts";
import { MemoryWorker } from "./_util/shared_worker.ts";
import { threadsBack } from "./_util/threads.ts";

Deno.test.afterEach(threadsBack);

const LINUX = Deno.build.os === "linux";

function newMemory(): SharedMemory {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  return SharedMemory.create(name, { size: 4096, temporary: true });
}

async function pause(milliseconds: number = 1): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What a mutex and a lock to write have in common. */
const KINDS = [["Mutex", Mutex], ["RwLock", RwLock]] as const;

for (const [kind, Lock] of KINDS) {
  Deno.test(`${kind} is had by one at a time`, async () => {
    using memory = SharedMemory.anonymous(4096);
    const lock = Lock.init(memory, 64);
    const same = Lock.at(memory, 64);
    const held = lock.tryAcquire();
    assert(held && held.held && !held.ownerDied);
    assertEquals([lock.tryAcquire(), same.tryAcquire()], [
      undefined,
      undefined,
    ]);
    const waiting = same.acquire();
    await pause();
    held.release();
    held.release();
    assert(!held.held);
    using next = await waiting;
    assertEquals([next.ownerDied, lock.tryAcquire()], [false, undefined]);
  });

  Deno.test(`${kind} is given back at the end of a block, however it ends`, async () => {
    using memory = SharedMemory.anonymous(4096);
    const lock = Lock.init(memory, 0);
    await assertRejects(
      async () => {
        using _held = await lock.acquire();
        throw new Error("in the middle");
      },
      Error,
      "in the middle",
    );
    assertThrows(() => {
      using _held = lock.acquireSync();
      throw new Error("in the middle");
    });
    assert(lock.tryAcquire());
  });

  Deno.test(`${kind} is served in order to those who wait through one object`, async () => {
    using memory = SharedMemory.anonymous(4096);
    const lock = Lock.init(memory, 0);
    const order: number[] = [];
    const held = await lock.acquire();
    const waits = [0, 1, 2, 3].map(async (i) => {
      using _held = await lock.acquire();
      order.push(i);
    });
    await pause();
    held.release();
    await Promise.all(waits);
    assertEquals(order, [0, 1, 2, 3]);
  });

  Deno.test(`${kind} is not locked by a wait that was aborted`, async () => {
    using memory = SharedMemory.anonymous(4096);
    const lock = Lock.init(memory, 0);
    const other = Lock.at(memory, 0);
    for (let i = 0; i < 100; i++) {
      const held = lock.acquireSync();
      const controller = new AbortController();
      const { signal } = controller;
      const reason = new Error("changed my mind");
      const aborted = lock.acquire({ signal }).then(
        (got) => got.release(),
        (error) => assertEquals(error, reason),
      );
      const waiting = other.acquire();
      if (i % 2 === 0) await pause();
      held.release();
      controller.abort(reason);
      await aborted;
      (await waiting).release();
    }
    const again = lock.acquire({ signal: AbortSignal.abort() });
    await assertRejects(() => again, DOMException);
    assert(lock.tryAcquire());
  });

  Deno.test(`${kind} gives up in time, and is not locked then`, async () => {
    using memory = SharedMemory.anonymous(4096);
    const lock = Lock.init(memory, 0);
    const held = lock.acquireSync();
    const begin = performance.now();
    assertThrows(
      () => lock.acquireSync({ timeout: 30 }),
      Deno.errors.TimedOut,
    );
    assert(performance.now() - begin >= 29);
    const waiting = lock.acquire();
    assertThrows(() => lock.acquireSync({ timeout: 0 }), Deno.errors.Busy);
    held.release();
    (await waiting).release();
    lock.acquireSync({ timeout: 0 }).release();
  });

  Deno.test(`${kind} rejects waits when its memory is closed, promptly`, async () => {
    const memory = SharedMemory.anonymous(4096);
    const lock = Lock.init(memory, 0);
    const held = lock.acquireSync();
    const waits = [0, 1].map(() =>
      assertRejects(() => lock.acquire(), Deno.errors.BadResource, "closed")
    );
    await pause();
    memory.close();
    await Promise.all(waits);
    assertThrows(() => lock.tryAcquire(), Deno.errors.BadResource, "closed");
    assertThrows(() => lock.acquireSync(), Deno.errors.BadResource);
    assertThrows(() => held.release(), Deno.errors.BadResource);
    assertThrows(() => Lock.at(memory, 0), Deno.errors.BadResource);
  });

  Deno.test(
    `${kind} of a process that was killed goes to the next, who is told`,
    {
      ignore: !LINUX,
    },
    async () => {
      using memory = newMemory();
      const lock = Lock.init(memory, 0);
      for (const voice of ["try", "sync", "async"]) {
        await killInside(kind, memory);
        const held = voice === "try"
          ? lock.tryAcquire()
          : voice === "sync"
          ? lock.acquireSync({ timeout: 5000 })
          : await lock.acquire();
        assertEquals(held?.ownerDied, true, voice);
        held?.release();
        assertEquals(lock.acquireSync().ownerDied, false);
        lock === undefined;
        Lock.init(memory, 0);
      }
    },
  );

  Deno.test(`${kind} wakes who waits for one that gets killed`, {
    ignore: !LINUX,
  }, async () => {
    using memory = newMemory();
    const lock = Lock.init(memory, 0);
    const mark = new Int32Array(memory.buffer, 1024, 1);
    const killed = killInside(kind, memory, 50);
    while (Atomics.load(mark, 0) === 0) await pause();
    const begin = performance.now();
    const told: boolean[] = [];
    const waits = [lock, Lock.at(memory, 0)].map(async (each) => {
      using held = await each.acquire();
      told.push(held.ownerDied);
    });
    await Promise.all(waits);
    assertEquals(told, [true, false]);
    assertLess(performance.now() - begin, 5000);
    await killed;
  });

  Deno.test(`${kind} of a Worker that was terminated goes to the next`, {
    ignore: !LINUX,
  }, async () => {
    using memory = newMemory();
    const lock = Lock.init(memory, 0);
    using worker = new MemoryWorker(
      memory,
      `${kind}.at(memory, 0).acquireSync(); return "locked";`,
    );
    await worker.ready();
    assertEquals(await worker.ask(), "locked");
    assertEquals(lock.tryAcquire(), undefined);
    const waiting = lock.acquire();
    worker.terminate();
    using held = await waiting;
    assertEquals(held.ownerDied, true);
  });

  Deno.test(`${kind} keeps Workers of one process from each other`, async () => {
    using memory = newMemory();
    Lock.init(memory, 0);
    const body = `
      const lock = ${kind}.at(memory, 0);
      const counter = new Int32Array(memory.buffer, 1024, 1);
      for (let i = 0; i < 5_000; i++) {
        using _held = i % 2 === 0 ? lock.acquireSync() : await lock.acquire();
        const before = counter[0];
        for (let j = 0; j < 10; j++);
        counter[0] = before + 1;
      }
    `;
    using one = new MemoryWorker(memory, body);
    using two = new MemoryWorker(memory, body);
    await Promise.all([one.ready(), two.ready()]);
    await Promise.all([one.ask(), two.ask()]);
    assertEquals(new Int32Array(memory.buffer, 1024, 1)[0], 10_000);
  });

  Deno.test(`${kind} that was made anew is not given back by who had the old one`, () => {
    using memory = SharedMemory.anonymous(4096);
    const held = Lock.init(memory, 0).acquireSync();
    Lock.init(memory, 0);
    assertThrows(
      () => held.release(),
      Deno.errors.PermissionDenied,
      "made it anew",
    );
  });
}

Deno.test("readers and writers of several Workers see what is whole", {
  ignore: !LINUX,
}, async () => {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  RwLock.init(memory, 0);
  const body = `
    const lock = RwLock.at(memory, 0);
    const pair = new Int32Array(memory.buffer, 1024, 2);
    let halves = 0;
    for (let i = 0; i < 50_000; i++) {
      if (i % 8 === 0) {
        const guard = lock.acquireSync();
        pair[0]++;
        pair[1]++;
        guard.release();
      } else {
        const guard = lock.acquireSync({ mode: "shared" });
        if (pair[0] !== pair[1]) halves++;
        guard.release();
      }
    }
    return halves;
  `;
  using one = new MemoryWorker(memory, body);
  using two = new MemoryWorker(memory, body);
  using three = new MemoryWorker(memory, body);
  const workers = [one, two, three];
  await Promise.all(workers.map((worker) => worker.ready()));
  const halves = await Promise.all(workers.map((worker) => worker.ask()));
  assertEquals(halves, [0, 0, 0]);
  const pair = new Int32Array(memory.buffer, 1024, 2);
  assertEquals([...pair], [18_750, 18_750]);
});

/** Has a process lock it and be killed with it, some time after it says so. */
async function killInside(
  kind: string,
  memory: SharedMemory,
  after: number = 0,
): Promise<void> {
  const message = await runDeno(
    `
    import { ${kind} } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    const memory = SharedMemory.open(Deno.args[0]);
    ${kind}.at(memory, 0).acquireSync();
    Atomics.store(new Int32Array(memory.buffer, 1024, 1), 0, 1);
    await new Promise((done) => setTimeout(done, Number(Deno.args[1])));
    Deno.kill(Deno.pid, "SIGKILL");
  `,
    [memory.name!, `${after}`],
  ).catch((error) => error.message);
  assertStringIncludes(message, "SIGKILL");
}

const PLACED = [
  ["Mutex", Mutex, 16],
  ["RwLock", RwLock, 512],
  ["Condition", Condition, 16],
  ["Barrier", Barrier, 16],
] as const;

for (const [kind, Placed, size] of PLACED) {
  Deno.test(`${kind} refuses places where it cannot be`, () => {
    using memory = SharedMemory.anonymous(4096);
    const init = (memory: SharedMemory, offset: number) =>
      Placed.init(memory, offset, 2);
    const end = memory.size - size;
    assertEquals(Placed.byteLength, size);
    init(memory, end);
    Placed.at(memory, end);
    for (const place of [init, Placed.at]) {
      for (const offset of [-4, 4.5, NaN, end + 4, 1e12]) {
        assertThrows(() => place(memory, offset), RangeError, "the offset");
      }
      for (const offset of [1, 2, 3, 5]) {
        assertThrows(() => place(memory, offset), RangeError, "multiple of 4");
      }
      for (const other of [{ bytes: new Uint8Array(4096) }, undefined, {}]) {
        assertThrows(() => place(other as SharedMemory, 0), TypeError);
      }
    }
    const error = assertThrows(
      () => Placed.at(memory, 0),
      IpcError,
      `there is no ${kind} at offset 0 of the memory`,
    );
    assertEquals(error.code, "EINVAL");
    using small = SharedMemory.anonymous(8);
    assertThrows(() => init(small, 0), RangeError, `needs ${size} bytes`);
  });

  Deno.test(`${kind} refuses memory that is only read, and other locks`, () => {
    using memory = newMemory();
    Placed.init(memory, 0, 2);
    using view = SharedMemory.open(memory.name!, { readOnly: true });
    assertThrows(() => Placed.at(view, 0), TypeError, "must be writable");
    for (const [other, Other] of PLACED) {
      if (other === kind) continue;
      const error = assertThrows(() => Other.at(memory, 0), IpcError);
      assertStringIncludes(error.message, `there is no ${other} at offset 0`);
      assertStringIncludes(error.message, `there is a ${kind}`);
    }
  });
}

for (const [kind, Placed] of [...KINDS, ["Condition", Condition]] as const) {
  Deno.test(`${kind}.ensure() makes one of zeros, and finds it afterwards`, () => {
    using memory = SharedMemory.anonymous(4096);
    memory.bytes[128] = 1;
    assertThrows(() => Placed.at(memory, 0), IpcError);
    Placed.ensure(memory, 0);
    const before = memory.bytes.slice();
    Placed.ensure(memory, 0);
    Placed.at(memory, 0);
    assertEquals(memory.bytes, before);
    assertThrows(() => Placed.ensure(memory, 128), IpcError, "there is no");
    assertThrows(() => Placed.ensure(memory, 1), RangeError, "multiple of 4");
  });
}

for (const [kind, Lock] of KINDS) {
  Deno.test(`${kind}.ensure() leaves it to who has it`, () => {
    using memory = SharedMemory.anonymous(4096);
    using _held = Lock.ensure(memory, 0).acquireSync();
    assertEquals(Lock.ensure(memory, 0).tryAcquire(), undefined);
  });
}
