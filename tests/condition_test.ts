import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Condition, Mutex } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { denoArgs, runDeno, start } from "./_util/peers.ts";
import { MemoryWorker } from "./_util/shared_worker.ts";
import { threadsBack } from "./_util/threads.ts";

Deno.test.afterEach(threadsBack);

const LINUX = Deno.build.os === "linux";

async function pause(milliseconds: number = 1): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A mutex, a condition, and a number that they are about. */
class Scene implements Disposable {
  readonly memory: SharedMemory = SharedMemory.create(
    `/ipc-test-${crypto.randomUUID()}`,
    { size: 4096, temporary: true },
  );
  readonly mutex: Mutex = Mutex.init(this.memory, 0);
  readonly condition: Condition = Condition.init(this.memory, 64);
  readonly number: Int32Array = new Int32Array(this.memory.buffer, 128, 1);

  /** Waits until the number is more than 0, and takes one. */
  async take(signal?: AbortSignal): Promise<void> {
    using lock = await this.mutex.acquire();
    while (this.number[0] === 0) await this.condition.wait(lock, { signal });
    this.number[0]--;
  }

  /** Adds one, and notifies. */
  async give(): Promise<void> {
    using _lock = await this.mutex.acquire();
    this.number[0]++;
    this.condition.notify();
  }

  [Symbol.dispose](): void {
    this.memory.close();
  }
}

Deno.test("a wait frees the mutex, and has it again when it is over", async () => {
  using scene = new Scene();
  const lock = await scene.mutex.acquire();
  let over = false;
  const waiting = scene.condition.wait(lock).then(() => over = true);
  await pause();
  assertEquals([lock.held, over], [false, false]);
  const other = scene.mutex.tryAcquire();
  assert(other);
  scene.condition.notify();
  await pause(5);
  assertEquals(over, false, "the mutex is still another's");
  other.release();
  await waiting;
  assert(lock.held);
  assertEquals(scene.mutex.tryAcquire(), undefined);
  lock.release();
  assert(scene.mutex.tryAcquire());
});

Deno.test("every notification lets one go on, and notifyAll() all", async () => {
  using scene = new Scene();
  let taken = 0;
  const takes = Array.from(
    { length: 10 },
    () => scene.take().then(() => taken++),
  );
  await pause();
  for (let i = 1; i <= 5; i++) {
    await scene.give();
    while (taken < i) await pause();
  }
  {
    using _lock = await scene.mutex.acquire();
    scene.number[0] = 5;
    scene.condition.notifyAll();
  }
  await Promise.all(takes);
  assertEquals(scene.number[0], 0);
});

Deno.test("a notification that nobody waits for is forgotten", async () => {
  using scene = new Scene();
  scene.condition.notify();
  scene.condition.notifyAll();
  using lock = await scene.mutex.acquire();
  assertThrows(
    () => scene.condition.waitSync(lock, { timeout: 10 }),
    Deno.errors.TimedOut,
  );
  assert(lock.held, "it is locked again although the time was up");
});

Deno.test("a wait that could not have the mutex again does not begin", async () => {
  using scene = new Scene();
  const { condition, mutex } = scene;
  const lock = mutex.acquireSync();
  const next = mutex.acquire();
  assertThrows(
    () => condition.waitSync(lock, { timeout: 10 }),
    Deno.errors.Busy,
  );
  assert(lock.held);
  lock.release();
  using other = await next;
  assertThrows(
    () => condition.waitSync(other, { timeout: 10 }),
    Deno.errors.TimedOut,
  );
  assert(other.held);
});

Deno.test("an aborted wait has the mutex again", async () => {
  using scene = new Scene();
  using lock = await scene.mutex.acquire();
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = scene.condition.wait(lock, { signal });
  await pause();
  controller.abort(reason);
  assertEquals(await waiting.catch((error) => error), reason);
  assertEquals([lock.held, scene.mutex.tryAcquire()], [true, undefined]);
  const again = scene.condition.wait(lock, { signal });
  assertEquals(await again.catch((error) => error), reason);
  assert(lock.held);
});

Deno.test("a notification that comes to a wait just aborted is passed on", async () => {
  using scene = new Scene();
  for (let i = 0; i < 100; i++) {
    const controller = new AbortController();
    const aborted = scene.take(controller.signal).then(() => 1, () => 0);
    const taking = scene.take();
    if (i % 2 === 0) await pause();
    const giving = scene.give();
    controller.abort();
    await giving;
    if (await aborted === 1) await scene.give();
    await taking;
    assertEquals(scene.number[0], 0);
  }
});

Deno.test("producers and consumers in other processes lose nothing", {
  ignore: !LINUX,
}, async () => {
  using scene = new Scene();
  const COUNT = 2000;
  const child = start(Deno.execPath(), [
    ...denoArgs(`
      import { Condition, Mutex } from "@ipc/core/sem";
      import { SharedMemory } from "@ipc/core/shm";
      using memory = SharedMemory.open(Deno.args[0]);
      const mutex = Mutex.at(memory, 0);
      const condition = Condition.at(memory, 64);
      const number = new Int32Array(memory.buffer, 128, 1);
      for (let i = 0; i < ${COUNT}; i++) {
        using lock = mutex.acquireSync();
        while (number[0] === 0) condition.waitSync(lock);
        number[0]--;
        condition.notifyAll();
      }
      console.log("all");
    `),
    scene.memory.name!,
  ]);
  for (let i = 0; i < COUNT; i++) {
    using lock = await scene.mutex.acquire();
    while (scene.number[0] > 2) await scene.condition.wait(lock);
    scene.number[0]++;
    scene.condition.notifyAll();
  }
  assertEquals((await child.outcome).stdout, "all\n");
  assertEquals(scene.number[0], 0);
});

Deno.test("who was notified and is killed does not take it with him", {
  ignore: !LINUX,
}, async () => {
  using scene = new Scene();
  using worker = new MemoryWorker(
    scene.memory,
    `
    using lock = Mutex.at(memory, 0).acquireSync();
    postMessage("waits");
    Condition.at(memory, 64).waitSync(lock);
  `,
  );
  await worker.ready();
  assertEquals(await worker.ask(), "waits");
  const taking = scene.take();
  await pause();
  // As if the Worker got the notification and died of something else.
  const begin = performance.now();
  {
    using _lock = await scene.mutex.acquire();
    scene.number[0] = 1;
    Atomics.add(new Int32Array(scene.memory.buffer, 64, 2), 1, 1);
  }
  await taking;
  assertLess(performance.now() - begin, 5000);
});

Deno.test("who has the mutex and is killed before he notifies ends a wait", {
  ignore: !LINUX,
}, async () => {
  using scene = new Scene();
  for (const sync of [false, true]) {
    using lock = await scene.mutex.acquire();
    const killed = runDeno(
      `
      import { Mutex } from "@ipc/core/sem";
      import { SharedMemory } from "@ipc/core/shm";
      const memory = SharedMemory.open(Deno.args[0]);
      Mutex.at(memory, 0).acquireSync();
      Deno.kill(Deno.pid, "SIGKILL");
    `,
      [scene.memory.name!],
    ).catch(() => {});
    if (sync) scene.condition.waitSync(lock);
    else await scene.condition.wait(lock);
    assertEquals([lock.held, lock.ownerDied], [true, true]);
    await killed;
  }
});

Deno.test("a wait rejects when the memory is closed", async () => {
  const scene = new Scene();
  const lock = await scene.mutex.acquire();
  const waiting = assertRejects(
    () => scene.condition.wait(lock),
    Deno.errors.BadResource,
  );
  await pause();
  scene.memory.close();
  await waiting;
  assertThrows(() => scene.condition.notify(), Deno.errors.BadResource);
  assertThrows(() => scene.condition.notifyAll(), Deno.errors.BadResource);
});

Deno.test("a lock that was released, and counts that are none, are refused", async () => {
  using scene = new Scene();
  const lock = scene.mutex.acquireSync();
  lock.release();
  await assertRejects(
    () => scene.condition.wait(lock),
    Deno.errors.BadResource,
    "released",
  );
  assertThrows(() => scene.condition.waitSync(lock), Deno.errors.BadResource);
  for (const count of [0, -1, 1.5, NaN]) {
    assertThrows(() => scene.condition.notify(count), RangeError, "the count");
  }
});

Deno.test("who waits with a mutex whose next owner dies is told", {
  ignore: !LINUX,
}, async () => {
  using scene = new Scene();
  using lock = await scene.mutex.acquire();
  const waiting = scene.condition.wait(lock);
  await runDeno(
    `
    import { Condition, Mutex } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    const memory = SharedMemory.open(Deno.args[0]);
    Mutex.at(memory, 0).acquireSync();
    Condition.at(memory, 64).notify();
    Deno.kill(Deno.pid, "SIGKILL");
  `,
    [scene.memory.name!],
  ).catch(() => {});
  await waiting;
  assert(lock.ownerDied);
});
