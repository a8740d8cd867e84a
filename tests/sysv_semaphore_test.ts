import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  IpcError,
  SysvSemaphoreSet,
  type SysvSemaphoreSetOptions,
} from "@ipc/core/sem";
import { denoArgs, runDeno, start } from "./_util/peers.ts";
import { threadsBack } from "./_util/threads.ts";

Deno.test.afterEach(threadsBack);

const LINUX = Deno.build.os === "linux";
const MOST = 32_767;

function newKey(): number {
  return crypto.getRandomValues(new Int32Array(1))[0] || 1;
}

/** A set of its own, removed at the end of the block. */
function newSet(
  values: readonly number[],
  options: Partial<SysvSemaphoreSetOptions> = {},
): SysvSemaphoreSet {
  const count = values.length;
  return SysvSemaphoreSet
    .createPrivate({ count, values, temporary: true, ...options });
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test("a set has the values it was made with, or zeros", () => {
  using set = newSet([1, 0, MOST]);
  assertEquals(set.values, [1, 0, MOST]);
  assertEquals(set.count, 3);
  using zeros = SysvSemaphoreSet.createPrivate({ count: 2, temporary: true });
  assertEquals(zeros.values, [0, 0]);
  // More than one operation can set.
  const many = Array.from({ length: 600 }, (_, i) => i % 3);
  using large = newSet(many);
  assertEquals(large.values, many);
});

Deno.test("operations are carried out together, or none of them", () => {
  using set = newSet([2, 0]);
  assert(set.tryOperate([{ index: 0, delta: -2 }, { index: 1, delta: 5 }]));
  assertEquals(set.values, [0, 5]);
  assert(!set.tryOperate([{ index: 1, delta: -5 }, { index: 0, delta: -1 }]));
  assertEquals(set.values, [0, 5]);
  // In their order: what the first adds the second can take.
  assert(set.tryOperate([{ index: 0, delta: 1 }, { index: 0, delta: -1 }]));
  assert(!set.tryOperate([{ index: 0, delta: -1 }, { index: 0, delta: 1 }]));
});

Deno.test("operations wait until all are possible, and change nothing before", async () => {
  using set = newSet([0, 0]);
  const both = [{ index: 0, delta: -1 }, { index: 1, delta: -2 }];
  let done = false;
  const waiting = set.operate(both).then(() => done = true);
  await pause();
  set.release(0);
  set.release(1);
  await pause();
  assertEquals([set.values, done], [[1, 1], false]);
  set.release(1);
  await waiting;
  assertEquals(set.values, [0, 0]);
  assertThrows(
    () => set.operateSync(both, { timeout: 20 }),
    Deno.errors.TimedOut,
  );
  set.setValues([1, 2]);
  set.operateSync(both, { timeout: 20 });
  assertEquals(set.values, [0, 0]);
});

Deno.test("those who wait for different things do not wait for each other", async () => {
  using set = newSet([0, 0]);
  const first = set.acquire(0);
  const second = set.acquire(1);
  await pause();
  set.release(1);
  await second;
  set.release(0);
  await first;
});

Deno.test("a permit gives back what was acquired, once", async () => {
  using set = newSet([0, 1]);
  {
    using _permit = await set.acquire(1);
    assertEquals(set.tryAcquire(1), undefined);
  }
  const permit = set.acquireSync(1, { undo: false });
  permit[Symbol.dispose]();
  permit[Symbol.dispose]();
  assertEquals(set.values, [0, 1]);
});

Deno.test("waitZero() waits until a semaphore is 0", async () => {
  using set = newSet([2]);
  assert(!set.tryWaitZero());
  assertThrows(
    () => set.waitZeroSync(0, { timeout: 20 }),
    Deno.errors.TimedOut,
  );
  const waiting = set.waitZero();
  set.tryAcquire();
  await pause();
  set.tryAcquire();
  await waiting;
  assert(set.tryWaitZero());
  set.waitZeroSync();
});

Deno.test("an aborted wait has changed nothing, and leaves no thread", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { SysvSemaphoreSet } from "@ipc/core/sem";
    import { countThreadsIn } from "tests/_util/counts.ts";
    // semop of x86-64 and of arm64.
    const SEMOP = [${Deno.build.arch === "x86_64" ? "65, 220" : "193, 192"}];
    using set = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
    let taken = 0, released = 0;
    const waits = [];
    const controllers = [];
    for (let i = 0; i < 1_000; i++) {
      const controller = new AbortController();
      controllers.push(controller);
      const wait = i % 3 === 0
        ? set.operate([{ index: 0, delta: -1 - i % 2 }], controller)
        : set.acquire(0, { undo: false, signal: controller.signal });
      waits.push(wait.then(() => taken += 1 + (i % 3 === 0 ? i % 2 : 0), () => {}));
    }
    let most = 0;
    for (let i = 0; i < 1_000; i++) {
      if (i % 2 === 0) {
        set.release();
        released++;
      }
      if (i % 5 !== 0) controllers[i].abort();
      if (i % 100 !== 0) continue;
      await Deno.readTextFile("/proc/self/stat");
      most = Math.max(most, countThreadsIn(SEMOP));
    }
    // Enough for all that were not aborted.
    for (let i = 0; i < 500; i++) set.release();
    released += 500;
    await Promise.all(waits);
    console.log(released - taken === set.values[0], taken >= 200, most <= 4);
    // Those of waits that were aborted may come back a little later.
    while (countThreadsIn(SEMOP) > 0) await new Promise((done) => setTimeout(done));
    console.log("no thread");
  `);
  assertEquals(output, "true true true\nno thread");
});

Deno.test("an abort and a close are prompt although four threads wait already", async () => {
  const set = newSet([0, 0, 0, 0, 0, 0]);
  const waits = [0, 1, 2, 3, 4, 5].map((index) =>
    assertRejects(() => set.acquire(index), Deno.errors.BadResource, "closed")
  );
  await pause();
  const begin = performance.now();
  await assertRejects(() =>
    set.acquire(5, { signal: AbortSignal.timeout(10) })
  );
  set.close();
  await Promise.all(waits);
  assertLess(performance.now() - begin, 2000);
  assertThrows(() => set.tryAcquire(), Deno.errors.BadResource);
  assertThrows(() => set.values, Deno.errors.BadResource);
  assertThrows(() => set.stat(), Deno.errors.BadResource);
});

Deno.test("what a process had is given back when it is killed", {
  ignore: !LINUX,
}, async () => {
  using set = newSet([1, 2]);
  const message = await runDeno(
    `
    import { SysvSemaphoreSet } from "@ipc/core/sem";
    const set = SysvSemaphoreSet.fromId(Number(Deno.args[0]));
    set.acquireSync(0);
    set.operateSync([{ index: 1, delta: -1, undo: true }, { index: 1, delta: -1 }]);
    Deno.kill(Deno.pid, "SIGKILL");
  `,
    [`${set.id}`],
  ).catch((error) => error.message);
  assertStringIncludes(message, "SIGKILL");
  assertEquals(set.values, [1, 1], "what was taken without undo stays taken");
});

Deno.test("a signal to another process is not undone, a release is", {
  ignore: !LINUX,
}, async () => {
  using set = newSet([0, 1, 1, 1]);
  const output = await runDeno(
    `
    import { SysvSemaphoreSet } from "@ipc/core/sem";
    const set = SysvSemaphoreSet.fromId(Number(Deno.args[0]));
    set.release(0);
    set.release(0);
    await set.acquire(1);
    set.release(1);
    await set.acquire(2);
    (await set.acquire(3))[Symbol.dispose]();
    console.log(set.values);
  `,
    [`${set.id}`],
  );
  assertEquals(output, "[ 2, 1, 0, 1 ]");
  assertEquals(set.values, [2, 1, 1, 1]);
});

Deno.test("who waits for a set that is removed gets EIDRM", async () => {
  const set = newSet([0, 0], { temporary: false });
  const waits = [0, 1].map((index) =>
    assertRejects(() => set.acquire(index), IpcError, "has been removed")
  );
  await pause();
  set.remove();
  for (const error of await Promise.all(waits)) {
    assertEquals(error.code, "EIDRM");
  }
  for (
    const use of [
      () => set.tryAcquire(),
      () => set.acquireSync(),
      () => set.release(),
      () => set.values,
      () => set.stat(),
      () => set.setValue(0, 1),
      () => set.remove(),
      () => set.tryWaitZero(),
    ]
  ) {
    assertEquals(assertThrows(use, IpcError).code, "EIDRM");
  }
  set.close();
});

Deno.test("stat() tells who operated last and how many wait", async () => {
  using set = newSet([0, 3], { mode: 0o640 });
  set.release(1);
  const waits = [set.acquire(0), set.waitZero(1)];
  if (LINUX) {
    while (set.stat().semaphores[0].waiting === 0) await pause();
    while (set.stat().semaphores[1].waitingForZero === 0) await pause();
  }
  const { semaphores, mode, uid, lastOperation, changed, count } = set.stat();
  assertEquals([mode, uid, count], [0o640, Deno.uid(), 2]);
  assertEquals(semaphores.map(({ value }) => value), [0, 4]);
  assertEquals(semaphores[1].lastPid, Deno.pid);
  assert(Date.now() - lastOperation!.getTime() < 60_000);
  assert(Date.now() - changed!.getTime() < 60_000);
  set.setValues([1, 0]);
  await Promise.all(waits);
});

Deno.test("create() refuses what is there, open() what is not", () => {
  const key = newKey();
  assertThrows(
    () => SysvSemaphoreSet.open(key),
    Deno.errors.NotFound,
    "no such System V semaphore set",
  );
  using made = SysvSemaphoreSet.create(key, {
    count: 2,
    values: [1, 2],
    temporary: true,
  });
  assertThrows(
    () => SysvSemaphoreSet.create(key, { count: 1 }),
    Deno.errors.AlreadyExists,
    "already exists",
  );
  using found = SysvSemaphoreSet.open(key);
  using ensured = SysvSemaphoreSet.ensure(key, { count: 2, temporary: true });
  using byId = SysvSemaphoreSet.fromId(made.id);
  for (const set of [found, ensured, byId]) {
    assertEquals([set.id, set.count, set.values], [made.id, 2, [1, 2]]);
  }
  ensured.close();
  assertEquals(found.values, [1, 2], "only who made it removes it");
  made.close();
  assertThrows(
    () => SysvSemaphoreSet.fromId(made.id),
    Deno.errors.NotFound,
  );
  assertThrows(() => SysvSemaphoreSet.open(key), Deno.errors.NotFound);
});

Deno.test("who opens a set never sees the zeros before its values", {
  ignore: !LINUX,
}, async () => {
  const keys = Array.from({ length: 100 }, newKey);
  const opener = start(Deno.execPath(), [
    ...denoArgs(`
      import { SysvSemaphoreSet } from "@ipc/core/sem";
      const seen = new Set();
      for (const key of JSON.parse(Deno.args[0])) {
        for (;;) {
          try {
            const set = SysvSemaphoreSet.open(key);
            seen.add(set.values.join());
            set.remove();
            break;
          } catch (error) {
            if (!(error instanceof Deno.errors.NotFound)) throw error;
          }
        }
      }
      console.log([...seen]);
    `),
    JSON.stringify(keys),
  ]);
  for (const key of keys) {
    SysvSemaphoreSet.create(key, { count: 3, values: [1, 0, 7] });
    await pause();
  }
  const { stdout, stderr } = await opener.outcome;
  assertEquals([stdout, stderr], ['[ "1,0,7" ]\n', ""]);
});

Deno.test("SysvSemaphoreSet.list() has all that there are", {
  ignore: !LINUX,
}, () => {
  const key = newKey();
  using set = SysvSemaphoreSet.create(key, {
    count: 3,
    mode: 0o600,
    temporary: true,
  });
  const found = SysvSemaphoreSet.list().find(({ id }) => id === set.id);
  assertEquals([found?.key, found?.count, found?.mode], [key, 3, 0o600]);
});

Deno.test("values, indices, deltas and keys that cannot be are refused", () => {
  using set = newSet([1, 1]);
  for (const index of [-1, 2, 0.5, NaN]) {
    for (
      const use of [
        () => set.tryAcquire(index),
        () => set.release(index),
        () => set.tryWaitZero(index),
        () => set.setValue(index, 1),
        () => set.tryOperate([{ index, delta: 1 }]),
      ]
    ) {
      assertThrows(use, RangeError, "the index");
    }
  }
  for (const delta of [0.5, MOST + 1, -MOST - 1, NaN]) {
    assertThrows(
      () => set.tryOperate([{ index: 0, delta }]),
      RangeError,
      "the delta",
    );
  }
  for (const operations of [[], undefined, "x"]) {
    assertThrows(() => set.tryOperate(operations as never), TypeError);
  }
  for (const value of [-1, 0.5, MOST + 1]) {
    assertThrows(() => set.setValue(0, value), RangeError, "the value");
    assertThrows(() => set.setValues([0, value]), RangeError, "the value");
  }
  assertThrows(() => set.setValues([1]), RangeError, "must be 2 values");
  assertThrows(
    () => newSet([1], { count: 2 }),
    RangeError,
    "must be 2 values",
  );
  for (const count of [0, -1, 1.5, 70_000]) {
    assertThrows(
      () => SysvSemaphoreSet.createPrivate({ count }),
      RangeError,
      "the count",
    );
  }
  for (const key of [0, 0.5, 2 ** 32, NaN]) {
    assertThrows(() => SysvSemaphoreSet.open(key), RangeError, "key");
    assertThrows(
      () => SysvSemaphoreSet.create(key, { count: 1 }),
      RangeError,
      "key",
    );
  }
  assertThrows(() => newSet([1], { mode: 0o1000 }), RangeError, "the mode");
  assertThrows(() => SysvSemaphoreSet.fromId(-1), RangeError, "the id");
  assertEquals(set.values, [1, 1]);
});

Deno.test("a value that would become too large is an error", async () => {
  using set = newSet([MOST]);
  for (
    const use of [
      () => set.release(),
      () => set.tryOperate([{ index: 0, delta: 5 }]),
      () => set.operateSync([{ index: 0, delta: 1 }]),
    ]
  ) {
    const error = assertThrows(use, IpcError, `${MOST}`);
    assertEquals(error.code, "ERANGE");
  }
  await assertRejects(() => set.operate([{ index: 0, delta: 1 }]), IpcError);
  assertEquals(set.values, [MOST]);
});

Deno.test("more semaphores than a set may have are a clear error", () => {
  const error = assertThrows(
    () => SysvSemaphoreSet.createPrivate({ count: 65_535 }),
    IpcError,
  );
  assert(["EINVAL", "ENOSPC"].includes(error.code), error.message);
});
