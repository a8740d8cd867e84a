/** Locks in shared memory with a C program on the other side. */

import { assertEquals } from "@std/assert";
import { Barrier, Condition, Mutex, RwLock } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { compiled } from "./_util/compiled.ts";
import { Lines } from "./_util/lines.ts";
import { memoryName } from "./_util/memory_name.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs, missing, run } from "./_util/peers.ts";
import { until } from "./_util/until.ts";

// futex(2) is the test program's, and is Linux's alone.
const ignore = missing("cc") || Deno.build.os !== "linux";
const program = await compiled("memory_locks.c");
const ROUNDS = 50_000;

/** Where the program has them. */
const MUTEX = 0;
const CONDITION = 16;
const BARRIER = 32;
const NUMBERS = 48;
const LOCK = 512;

/** Memory in which one of each is, made here or by the C program. */
class Scene implements Disposable {
  readonly name: string = memoryName();
  readonly memory: SharedMemory;
  readonly numbers: Uint32Array;
  readonly deadline = new Deadline(60_000);
  readonly signal: AbortSignal = this.deadline.signal;

  constructor() {
    const options = { size: 4096, temporary: true };
    this.memory = SharedMemory.create(this.name, options);
    this.numbers = new Uint32Array(this.memory.buffer, NUMBERS, 2);
  }

  init(): this {
    Mutex.init(this.memory, MUTEX);
    Condition.init(this.memory, CONDITION);
    Barrier.init(this.memory, BARRIER, 2);
    RwLock.init(this.memory, LOCK);
    return this;
  }

  /** Whether a lock says that somebody sleeps until it is free. */
  isWaitedFor(lock: number): boolean {
    return new Uint32Array(this.memory.buffer, lock + 4, 1)[0] >>> 31 === 1;
  }

  /** The C program in a role. */
  start(role: string, count: number = 0): Peer {
    const args = [role, this.name, `${count}`];
    return new Peer(program, args, this.deadline);
  }

  /** What the C program prints in a role. */
  async run(role: string, count?: number): Promise<string> {
    await using peer = this.start(role, count);
    const { stdout, stderr, code } = await peer.outcome;
    assertEquals([stderr, code], ["", 0]);
    return stdout.trimEnd();
  }

  [Symbol.dispose](): void {
    this.memory.close();
    this.deadline[Symbol.dispose]();
  }
}

Deno.test("what a C program has made is found", { ignore }, async () => {
  using scene = new Scene();
  await scene.run("make");
  const { memory } = scene;
  using lock = Mutex.at(memory, MUTEX).tryAcquire();
  assertEquals(lock?.ownerDied, false);
  using guard = RwLock.at(memory, LOCK).tryAcquire();
  assertEquals(guard?.ownerDied, false);
  Condition.at(memory, CONDITION).notifyAll();
  assertEquals(Barrier.at(memory, BARRIER).count, 2);
});

Deno.test("C programs and we keep each other out by a mutex", {
  ignore,
}, async () => {
  using scene = new Scene().init();
  const mutex = Mutex.at(scene.memory, MUTEX);
  const first = mutex.acquireSync();
  const others = [scene.run("count", ROUNDS), scene.run("count", ROUNDS)];
  await until(() => scene.isWaitedFor(MUTEX), scene.signal);
  first.release();
  for (let i = 0; i < ROUNDS; i++) {
    using _lock = await mutex.acquire(scene);
    scene.numbers[0]++;
  }
  await Promise.all(others);
  assertEquals(scene.numbers[0], 3 * ROUNDS);
});

Deno.test("C programs and we read while nobody writes, and write alone", {
  ignore,
}, async () => {
  using scene = new Scene().init();
  const { numbers, signal } = scene;
  const lock = RwLock.at(scene.memory, LOCK);
  const first = lock.acquireSync();
  const others = ["write", "read", "read"].map((role) =>
    scene.run(role, ROUNDS)
  );
  await until(() => scene.isWaitedFor(LOCK), signal);
  first.release();
  for (let i = 0; i < ROUNDS; i++) {
    if (i % 2 === 0) {
      using _writing = await lock.acquire({ signal });
      numbers[0]++;
      numbers[1]++;
    } else {
      using _reading = await lock.acquire({ mode: "shared", signal });
      assertEquals(numbers[0], numbers[1]);
    }
  }
  assertEquals(await Promise.all(others), Array(3).fill(`${ROUNDS}`));
  assertEquals([...numbers], Array(2).fill(ROUNDS * 1.5));
});

Deno.test("a C program wakes us by a condition, and we wake it", {
  ignore,
}, async () => {
  using scene = new Scene().init();
  const { memory, numbers, signal } = scene;
  const count = ROUNDS / 25;
  const answering = scene.run("answer", count);
  const mutex = Mutex.at(memory, MUTEX);
  const changed = Condition.at(memory, CONDITION);
  for (let i = 0; i < count; i++) {
    using lock = await mutex.acquire({ signal });
    numbers[0] = 1;
    changed.notify();
    while (numbers[0] === 1) await changed.wait(lock, { signal });
  }
  assertEquals(await answering, `${count}`);
});

Deno.test("a C program and we meet at a barrier, round by round", {
  ignore,
}, async () => {
  using scene = new Scene().init();
  const barrier = Barrier.at(scene.memory, BARRIER);
  const count = ROUNDS / 25;
  const meeting = scene.run("meet", count);
  let last = 0;
  for (let i = 0; i < count; i++) {
    if (await barrier.wait(scene)) last++;
  }
  assertEquals(Number(await meeting) + last, count);
  assertEquals(barrier.arrived, 0);
});

/** A C program that takes something and stays. */
function startHolding(role: string, { name }: Scene): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [role, name],
    stdin: "null",
    stdout: "piped",
  }).spawn();
}

/** Has a C program take something and be killed with it. */
async function dieWith(role: string, scene: Scene): Promise<void> {
  await using peer = startHolding(role, scene);
  await using lines = new Lines(peer.stdout);
  assertEquals(await lines.next(), "locked");
  peer.kill("SIGKILL");
  await peer.status;
}

Deno.test("a C program that is killed with a lock leaves it to us", {
  ignore,
}, async () => {
  using scene = new Scene().init();
  const { memory, signal } = scene;
  await dieWith("hold", scene);
  using lock = await Mutex.at(memory, MUTEX).acquire({ signal });
  assertEquals(lock.ownerDied, true);

  const rwLock = RwLock.at(memory, LOCK);
  await dieWith("hold-read", scene);
  {
    using writing = await rwLock.acquire({ signal });
    assertEquals(writing.ownerDied, false);
  }
  await dieWith("hold-write", scene);
  using reading = await rwLock.acquire({ mode: "shared", signal });
  assertEquals(reading.ownerDied, true);
});

/** A Deno that takes something, and kills itself. */
async function denoDiesWith(what: string, { name }: Scene): Promise<void> {
  const args = denoArgs(
    `import { Mutex, RwLock } from "@ipc/core/sem";
     import { SharedMemory } from "@ipc/core/shm";
     const memory = SharedMemory.open("${name}");
     ${what};
     Deno.kill(Deno.pid, "SIGKILL");`,
  );
  const { signal } = await run(Deno.execPath(), args);
  assertEquals(signal, "SIGKILL");
}

Deno.test("a C program is left what we are killed with", {
  ignore,
}, async () => {
  using scene = new Scene().init();
  await denoDiesWith(`Mutex.at(memory, ${MUTEX}).acquireSync()`, scene);
  assertEquals(await scene.run("take"), "an owner has died");
  assertEquals(await scene.run("take"), "in order");

  const lock = `RwLock.at(memory, ${LOCK}).acquireSync`;
  await denoDiesWith(`${lock}({ mode: "shared" })`, scene);
  assertEquals(await scene.run("take-write"), "in order");
  await denoDiesWith(`${lock}()`, scene);
  assertEquals(await scene.run("take-read"), "an owner has died");
  assertEquals(await scene.run("take-write"), "an owner has died");
  assertEquals(await scene.run("take-read"), "in order");
});

Deno.test("a C program waits for us, and we for it", { ignore }, async () => {
  using scene = new Scene().init();
  const { memory, signal } = scene;
  const mutex = Mutex.at(memory, MUTEX);
  const lock = mutex.acquireSync();
  await using peer = startHolding("hold", scene);
  await until(() => scene.isWaitedFor(MUTEX), signal);
  lock.release();
  await using lines = new Lines(peer.stdout);
  assertEquals(await lines.next(), "locked");
  assertEquals(mutex.tryAcquire(), undefined);
  const waiting = mutex.acquire({ signal });
  await until(() => scene.isWaitedFor(MUTEX), signal);
  peer.kill("SIGKILL");
  using inherited = await waiting;
  assertEquals(inherited.ownerDied, true);
});
