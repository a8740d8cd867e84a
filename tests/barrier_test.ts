import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Barrier } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs, runDeno, start } from "./_util/peers.ts";
import { threadsBack } from "./_util/threads.ts";

Deno.test.afterEach(threadsBack);

const LINUX = Deno.build.os === "linux";

async function pause(milliseconds: number = 1): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test("all go on when the last has arrived, and one is told that it was", async () => {
  using memory = SharedMemory.anonymous(4096);
  const barrier = Barrier.init(memory, 0, 4);
  for (let round = 0; round < 5; round++) {
    const waits = [0, 1, 2].map(() => Barrier.at(memory, 0).wait());
    await pause();
    assertEquals(barrier.arrived, 3);
    assertEquals(await barrier.wait(), true);
    assertEquals(await Promise.all(waits), [false, false, false]);
    assertEquals(barrier.arrived, 0);
  }
  assertEquals(Barrier.at(memory, 0).count, 4);
});

Deno.test("tryWait() arrives only as the last", async () => {
  using memory = SharedMemory.anonymous(4096);
  const barrier = Barrier.init(memory, 0, 2);
  assertEquals(barrier.tryWait(), false);
  assertEquals(barrier.arrived, 0);
  const waiting = barrier.wait();
  assertEquals(barrier.tryWait(), true);
  assertEquals(await waiting, false);
  const alone = Barrier.init(memory, 64, 1);
  assertEquals([alone.tryWait(), alone.waitSync()], [true, true]);
});

Deno.test("an aborted wait has not arrived", async () => {
  using memory = SharedMemory.anonymous(4096);
  const barrier = Barrier.init(memory, 0, 3);
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = barrier.wait({ signal });
  const others = [barrier.wait(), barrier.wait({})];
  const last = barrier.wait({ signal });
  assertEquals(await Promise.all([aborted, ...others]), [false, false, true]);
  controller.abort(reason);
  assertEquals(await last.catch((error) => error), reason);
  assertEquals(barrier.arrived, 0);
  assertThrows(
    () => barrier.waitSync({ timeout: 10 }),
    Deno.errors.TimedOut,
  );
  assertEquals(barrier.arrived, 0);
  await assertRejects(() => barrier.wait({ signal }));
  assertEquals(barrier.arrived, 0);
});

Deno.test("a wait that was over before it was aborted is over", async () => {
  using memory = SharedMemory.anonymous(4096);
  const barrier = Barrier.init(memory, 0, 2);
  for (let i = 0; i < 50; i++) {
    const controller = new AbortController();
    const waiting = barrier.wait({ signal: controller.signal });
    if (i % 2 === 0) await pause();
    assertEquals(await barrier.wait(), true);
    controller.abort();
    assertEquals(await waiting, false);
  }
});

Deno.test("processes in step never get ahead of each other", {
  ignore: !LINUX,
}, async () => {
  const COUNT = 4;
  const ROUNDS = 500;
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  Barrier.init(memory, 0, COUNT);
  const children = Array.from(
    { length: COUNT },
    (_, index) =>
      start(Deno.execPath(), [
        ...denoArgs(`
        import { Barrier } from "@ipc/core/sem";
        import { SharedMemory } from "@ipc/core/shm";
        const [name, index] = Deno.args;
        using memory = SharedMemory.open(name);
        const barrier = Barrier.at(memory, 0);
        const rounds = new Int32Array(memory.buffer, 1024, ${COUNT});
        let lasts = 0, ahead = 0;
        for (let round = 1; round <= ${ROUNDS}; round++) {
          rounds[index] = round;
          if (index % 2 ? barrier.waitSync() : await barrier.wait()) lasts++;
          for (const other of rounds) {
            if (other < round || other > round + 1) ahead++;
          }
        }
        console.log(JSON.stringify([lasts, ahead]));
      `),
        name,
        `${index}`,
      ]),
  );
  const outcomes = await Promise.all(children.map(({ outcome }) => outcome));
  const results = outcomes.map(({ stdout, stderr }) => {
    assertEquals(stderr, "");
    return JSON.parse(stdout);
  });
  assertEquals(results.map(([, ahead]) => ahead), Array(COUNT).fill(0));
  const lasts = results.reduce((sum, [lasts]) => sum + lasts, 0);
  assertEquals(lasts, ROUNDS, "in each round exactly one is the last");
});

Deno.test("who was killed after he arrived has arrived", {
  ignore: !LINUX,
}, async () => {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const barrier = Barrier.init(memory, 0, 2);
  await runDeno(
    `
    import { Barrier } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    void Barrier.at(SharedMemory.open(Deno.args[0]), 0).wait();
    Deno.kill(Deno.pid, "SIGKILL");
  `,
    [name],
  ).catch(() => {});
  assertEquals(barrier.arrived, 1);
  assertEquals(await barrier.wait(), true);
});

Deno.test("rounds go on although some are killed, and all arrivals count", {
  ignore: !LINUX,
}, async () => {
  const COUNT = 4;
  const KILLS = 8;
  using deadline = new Deadline(60_000);
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const barrier = Barrier.init(memory, 0, COUNT);
  const [TOLD, LASTS, STOP] = [0, 1, 2];
  const numbers = new Int32Array(memory.buffer, 1024, 3);
  const args = denoArgs(`
    import { Barrier } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    const [name, index] = Deno.args;
    const memory = SharedMemory.open(name);
    const barrier = Barrier.at(memory, 0);
    const numbers = new Int32Array(memory.buffer, 1024, 3);
    while (Atomics.load(numbers, ${STOP}) === 0) {
      try {
        const isLast = index % 2
          ? barrier.waitSync({ timeout: 500 })
          : await barrier.wait({ signal: AbortSignal.timeout(500) });
        Atomics.add(numbers, ${TOLD}, 1);
        if (isLast) Atomics.add(numbers, ${LASTS}, 1);
      } catch (error) {
        // The others may have ended before.
        if (!/TimedOut|TimeoutError/.test(error.name)) throw error;
      }
    }
    Deno.exit();
  `);
  await using peers = new AsyncDisposableStack();
  function member(index: number): Peer {
    const all = [...args, name, `${index}`];
    return peers.use(new Peer(Deno.execPath(), all, deadline));
  }
  const members = Array.from({ length: COUNT }, (_, index) => member(index));
  for (let i = 0; i < KILLS; i++) {
    const before = Atomics.load(numbers, TOLD);
    while (Atomics.load(numbers, TOLD) < before + 100) {
      deadline.signal.throwIfAborted();
      await pause();
    }
    const victim = members[i % COUNT];
    Deno.kill(victim.pid, "SIGKILL");
    await victim.outcome;
    members[i % COUNT] = member(i % COUNT);
  }
  Atomics.store(numbers, STOP, 1);
  for (const { outcome } of members) {
    const { code, stderr } = await outcome;
    assertEquals([code, stderr], [0, ""]);
  }
  // The number of the round has 16 bits.
  const rounds = new Int32Array(memory.buffer, 0, 2)[1] >>> 16;
  const lasts = (rounds - numbers[LASTS]) & 0xffff;
  assertLessOrEqual(lasts, KILLS, "told by nobody, or twice");
  const arrivals = rounds * COUNT + barrier.arrived - numbers[TOLD];
  const untold = (arrivals % (COUNT << 16) + (COUNT << 16)) % (COUNT << 16);
  assertLessOrEqual(untold, KILLS, "each was killed once");
});

Deno.test("who wakes nobody as he is killed does not keep others waiting", async () => {
  using memory = SharedMemory.anonymous(4096);
  const barrier = Barrier.init(memory, 0, 2);
  const waiting = barrier.wait();
  await pause();
  // The next round has begun, but nobody has been woken.
  Atomics.store(new Int32Array(memory.buffer), 1, 1 << 16);
  assertEquals(await waiting, false);
});

Deno.test("a wait rejects when the memory is closed, and has not arrived", async () => {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const barrier = Barrier.init(memory, 0, 2);
  const other = SharedMemory.open(name);
  const waiting = assertRejects(
    () => Barrier.at(other, 0).wait(),
    Deno.errors.BadResource,
  );
  await pause();
  assertEquals(barrier.arrived, 1);
  other.close();
  assertEquals(barrier.arrived, 0);
  await waiting;
});

Deno.test("counts that are none are refused", () => {
  using memory = SharedMemory.anonymous(4096);
  for (const count of [0, -1, 1.5, 65_536, NaN]) {
    assertThrows(() => Barrier.init(memory, 0, count), RangeError, "the count");
  }
  assert(Barrier.init(memory, 0, 65_535));
});
