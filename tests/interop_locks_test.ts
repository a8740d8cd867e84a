/** Semaphores and file locks with C and Python on the other side. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FileLock, type LockKind } from "@ipc/core/lock";
import { Semaphore, SysvSemaphoreSet, UnnamedSemaphore } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { platform } from "../_internal/platform.ts";
import { FutexBackend } from "../mux/_futex_backend.ts";
import { compiled } from "./_util/compiled.ts";
import { countThreadsIn, systemCallOf } from "./_util/counts.ts";
import { CounterFile } from "./_util/counter_file.ts";
import { Lines } from "./_util/lines.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { missing } from "./_util/peers.ts";
import { pythonWith } from "./_util/python_with.ts";
import { TempDir } from "./_util/temp.ts";
import { until } from "./_util/until.ts";

const LINUX = Deno.build.os === "linux";
const ROUNDS = 500;
const SYS_FUTEX_WAITV = 449;
const ignore = missing("cc");
const program = await compiled("locks.c");
const python = await pythonWith("sysv_ipc");

/** What both sides have: two semaphores of a kind, or a file. */
interface Scene extends Disposable {
  /** What the other side is told. */
  readonly target: string;
  /** The first of the semaphores, or the file. */
  lock(signal: AbortSignal): Promise<Disposable>;
  /** For semaphores only: the second, from which signals come. */
  take?(signal: AbortSignal): Promise<unknown>;
  /** For semaphores only: signals on the first. */
  give?(): void;
}

type Kind = "sem" | "unnamed" | "sysv" | LockKind;

/** A scene in which the semaphores are 1 and 0, or only locks. */
function newScene(kind: Kind, first: number = 1): Scene {
  const stack = new DisposableStack();
  const dispose = { [Symbol.dispose]: () => stack.dispose() };
  const target = `/ipc-test-${crypto.randomUUID()}`;
  if (kind === "sysv") {
    const set = stack.use(SysvSemaphoreSet.createPrivate({
      count: 2,
      values: [first, 0],
      temporary: true,
    }));
    return {
      ...dispose,
      target: `${set.id}`,
      lock: (signal) => set.acquire(0, { signal }),
      take: (signal) => set.acquire(1, { signal, undo: false }),
      give: () => set.release(0),
    };
  }
  if (kind === "sem" || kind === "unnamed") {
    const memory = kind === "unnamed"
      ? stack.use(SharedMemory.create(target, { size: 4096, temporary: true }))
      : undefined;
    const [one, two] = [first, 0].map((value, i) =>
      memory
        ? UnnamedSemaphore.init(memory, 64 * i, value)
        : stack.use(Semaphore.create(`${target}-${i}`, {
          value,
          temporary: true,
        }))
    );
    return {
      ...dispose,
      target,
      lock: (signal) => one.acquire({ signal }),
      take: (signal) => two.acquire({ signal }),
      give: () => one.release(),
    };
  }
  const path = stack.use(new TempDir()).join("lock");
  return {
    ...dispose,
    target: path,
    lock: (signal) => FileLock.acquire(path, { kind, signal }),
  };
}

async function count(
  { lock }: Scene,
  counter: CounterFile,
  signal: AbortSignal,
): Promise<void> {
  for (let i = 0; i < ROUNDS; i++) {
    using _held = await lock(signal);
    counter.increment();
  }
}

const ALL: readonly Kind[] = [
  "sem",
  "unnamed",
  "sysv",
  "ofd",
  "posix",
  "flock",
];

for (const kind of ALL) {
  Deno.test(`a C program and we keep each other out by ${kind}`, {
    ignore: ignore || !LINUX,
  }, async () => {
    using deadline = new Deadline(60_000);
    using scene = newScene(kind);
    using dir = new TempDir();
    using counter = new CounterFile(dir.join("counter"));
    const args = ["count", kind, scene.target, counter.path, `${ROUNDS}`];
    await using one = new Peer(program, args, deadline);
    await using two = new Peer(program, args, deadline);
    await count(scene, counter, deadline.signal);
    for (const peer of [one, two]) {
      const { stdout, stderr } = await peer.outcome;
      assertEquals([stdout, stderr], [`${ROUNDS}\n`, ""]);
    }
    assertEquals(counter.value, 3 * ROUNDS);
  });
}

for (const kind of ["sem", "unnamed", "sysv"] as const) {
  Deno.test(`a C program wakes us and we wake it by ${kind}`, {
    ignore: ignore || !LINUX,
  }, async () => {
    using deadline = new Deadline(60_000);
    using scene = newScene(kind, 0);
    const args = ["answer", kind, scene.target, `${ROUNDS}`];
    await using peer = new Peer(program, args, deadline);
    for (let i = 0; i < ROUNDS; i++) {
      scene.give!();
      await scene.take!(deadline.signal);
    }
    assertEquals((await peer.outcome).stdout, `${ROUNDS}\n`);
  });
}

Deno.test("a C program has the wake-up of a wait that was just aborted", {
  ignore: ignore || !LINUX || !FutexBackend.supported(),
}, async () => {
  using deadline = new Deadline();
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const semaphore = UnnamedSemaphore.init(memory, 0, 0);
  const answer = UnnamedSemaphore.init(memory, 64, 0);
  const controller = new AbortController();
  const { signal } = controller;
  // That is called when it has been woken, and before it can go on.
  signal.removeEventListener = (...args: [string, EventListener]) => {
    EventTarget.prototype.removeEventListener.apply(signal, args);
    controller.abort();
  };
  const waiting = semaphore.acquire({ signal });
  await until(() => countThreadsIn([SYS_FUTEX_WAITV]) > 0, deadline.signal);
  const args = ["answer", "unnamed", name, "1"];
  await using peer = new Peer(program, args, deadline);
  await until(
    () => systemCallOf(peer.pid) === platform.SYS_futex,
    deadline.signal,
  );
  semaphore.release();
  await assertRejects(() => waiting, DOMException, "aborted");
  await answer.acquire({ signal: deadline.signal });
  assertEquals((await peer.outcome).stdout, "1\n");
});

Deno.test("semaphores that a C program has made in memory are found", {
  ignore: ignore || !LINUX,
}, async () => {
  using deadline = new Deadline();
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  await using peer = new Peer(program, ["make", "unnamed", name], deadline);
  assertEquals((await peer.outcome).code, 0);
  const semaphore = UnnamedSemaphore.at(memory, 64);
  assertEquals(semaphore.value, 3);
});

Deno.test("semaphores that a C program has made by name are found", {
  ignore: ignore || !LINUX,
}, async () => {
  using deadline = new Deadline();
  const name = `/ipc-test-${crypto.randomUUID()}`;
  await using peer = new Peer(program, ["make", "sem", name], deadline);
  assertEquals((await peer.outcome).code, 0);
  for (const each of [`${name}-0`, `${name}-1`]) {
    using semaphore = Semaphore.open(each);
    semaphore.unlink();
    assertEquals(semaphore.value, 3);
  }
});

for (const kind of ["ofd", "posix", "flock"] as const) {
  Deno.test(`the lock of a C program by ${kind} is seen, and its end`, {
    ignore: ignore || !LINUX,
  }, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    await using peer = new Deno.Command(program, {
      args: ["hold", kind, path],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    await using lines = new Lines(peer.stdout);
    assertEquals(await lines.next(), "locked");
    assertEquals(FileLock.tryAcquire(path, { kind }), undefined);
    assertEquals(FileLock.holder(path, { kind }), peer.pid);
    const waiting = FileLock.acquire(path, { kind });
    peer.kill("SIGKILL");
    using lock = await waiting;
    assert(lock.held);
  });
}

/** Adds to the number in a file, as the C program does. */
const PYTHON_COUNT = `
import fcntl, struct, sys
kind, target, path, rounds = sys.argv[1:]
if kind == "sysv":
    import sysv_ipc
    semaphore = sysv_ipc.Semaphore(int(target))
    take, give = semaphore.acquire, semaphore.release
else:
    file = open(target, "a")
    lock = fcntl.flock if kind == "flock" else fcntl.lockf
    def take(): lock(file, fcntl.LOCK_EX)
    def give(): lock(file, fcntl.LOCK_UN)
with open(path, "r+b", buffering=0) as counter:
    for i in range(int(rounds)):
        take()
        counter.seek(0)
        (number,) = struct.unpack("i", counter.read(4))
        counter.seek(0)
        counter.write(struct.pack("i", number + 1))
        give()
print(rounds)
`;

for (const kind of ["posix", "ofd", "flock"] as const) {
  Deno.test(`Python and we keep each other out by ${kind}`, {
    ignore: missing("python3"),
  }, async () => {
    using deadline = new Deadline(60_000);
    using scene = newScene(kind);
    using dir = new TempDir();
    using counter = new CounterFile(dir.join("counter"));
    const args = [kind, scene.target, counter.path, `${ROUNDS}`];
    const all = ["-c", PYTHON_COUNT, ...args];
    await using peer = new Peer("python3", all, deadline);
    await count(scene, counter, deadline.signal);
    const { stdout, stderr } = await peer.outcome;
    assertEquals([stdout, stderr], [`${ROUNDS}\n`, ""]);
    assertEquals(counter.value, 2 * ROUNDS);
  });
}

Deno.test("Python's sysv_ipc and we keep each other out", {
  ignore: python === undefined,
}, async () => {
  using deadline = new Deadline(60_000);
  const key = crypto.getRandomValues(new Int32Array(1))[0] >>> 1 || 1;
  using set = SysvSemaphoreSet.create(key, {
    count: 1,
    values: [1],
    temporary: true,
  });
  using dir = new TempDir();
  using counter = new CounterFile(dir.join("counter"));
  const args = ["sysv", `${key}`, counter.path, `${ROUNDS}`];
  const all = ["-c", PYTHON_COUNT, ...args];
  await using peer = new Peer(python!, all, deadline);
  for (let i = 0; i < ROUNDS; i++) {
    using _permit = await set.acquire(0, deadline);
    counter.increment();
  }
  const { stdout, stderr } = await peer.outcome;
  assertEquals([stdout, stderr], [`${ROUNDS}\n`, ""]);
  assertEquals(counter.value, 2 * ROUNDS);
});

Deno.test(
  "a semaphore that Python's sysv_ipc has made is found, and signals come",
  {
    ignore: python === undefined,
  },
  async () => {
    using deadline = new Deadline();
    const key = crypto.getRandomValues(new Int32Array(1))[0] >>> 1 || 1;
    const script = `
import sys, sysv_ipc
semaphore = sysv_ipc.Semaphore(int(sys.argv[1]), sysv_ipc.IPC_CREX, 0o600, 2)
print("made", flush=True)
semaphore.Z()
print(semaphore.value, flush=True)
semaphore.release(5)
`;
    await using peer = new Deno.Command(python!, {
      args: ["-c", script, `${key}`],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    await using lines = new Lines(peer.stdout);
    assertEquals(await lines.next(), "made");
    const set = SysvSemaphoreSet.open(key);
    assertEquals([set.count, set.values], [1, [2]]);
    await set.operate([{ index: 0, delta: -2 }], deadline);
    assertEquals(await lines.next(), "0");
    await set.operate([{ index: 0, delta: -5 }], deadline);
    assertEquals((await peer.status).code, 0);
    set.remove();
  },
);
