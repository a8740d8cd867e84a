import { ftok, Mutex, Semaphore, SysvSemaphoreSet } from "../../sem/mod.ts";
import { SharedMemory } from "../../shm/mod.ts";
import type { Case, Link, Place, Role } from "../case.ts";

const MEMORY = 3;
const MUTEX = 64;
const COUNTER = 128;

/** Two named semaphores, which each process opens. */
export const semaphores: Case = {
  name: "semaphores",
  voices: ["sync", "async", "async, no spin"],
  sizes: [0],
  measures: ["round trip"],
  peers: [],
  c: { source: "semaphores.c", link: makeSemaphores },
  link: makeSemaphores,
  open(place, role) {
    const { receive, send } = namesOf(place, role);
    const back = Semaphore.open(receive);
    const there = Semaphore.open(send);
    return {
      sync: {
        send: () => there.release(),
        receive: () => void back.acquireSync(),
      },
      async: {
        send: () => Promise.resolve(there.release()),
        async receive() {
          await back.acquire();
        },
      },
    };
  },
};

/** Two semaphores of one set, which each process finds by its key. */
export const sysvSemaphores: Case = {
  name: "semaphores system v",
  voices: ["sync", "async", "async, no spin"],
  sizes: [0],
  measures: ["round trip"],
  peers: [],
  c: { source: "semaphores_sysv.c", link: makeSet },
  link: makeSet,
  open({ directory }, role) {
    const set = SysvSemaphoreSet.open(ftok(directory, 1));
    const [there, back] = role === "a" ? [0, 1] : [1, 0];
    const plain = { undo: false };
    return {
      sync: {
        send: () => set.release(there, plain),
        receive: () => void set.acquireSync(back, plain),
      },
      async: {
        send: () => Promise.resolve(set.release(there, plain)),
        async receive() {
          await set.acquire(back, plain);
        },
      },
    };
  },
};

/**
 * A mutex that both processes lock as often as they can: what is sent and
 * received is locking it once. A semaphore says that all has been done.
 */
export const contendedMutex: Case = {
  name: "mutex, contended",
  voices: ["sync", "async"],
  sizes: [0],
  measures: ["throughput"],
  peers: [],
  c: { source: "mutex_contended.c", link: sharedMutex },
  link: sharedMutex,
  open({ directory }, role) {
    const memory = SharedMemory.fromFd(MEMORY);
    const mutex = Mutex.at(memory, MUTEX);
    const counter = new Int32Array(memory.buffer, COUNTER, 1);
    const done = Semaphore.ensure(nameOf(directory, "done"), { value: 0 });
    function enterSync(): void {
      const lock = mutex.acquireSync();
      counter[0]++;
      lock.release();
    }
    async function enter(): Promise<void> {
      const lock = await mutex.acquire();
      counter[0]++;
      lock.release();
    }
    const isA = role === "a";
    return {
      sync: {
        send: isA ? enterSync : () => done.release(),
        receive: isA ? () => void done.acquireSync() : enterSync,
      },
      async: {
        send: isA ? enter : () => Promise.resolve(done.release()),
        receive: isA ? async () => void await done.acquire() : enter,
      },
    };
  },
};

function makeSemaphores(place: Place): Link {
  const { receive, send } = namesOf(place, "a");
  const both = new DisposableStack();
  for (const name of [receive, send]) {
    both.use(Semaphore.create(name, { value: 0, temporary: true }));
  }
  return both;
}

/** Nobody has a set open, so nobody's closing could remove it. */
function makeSet({ directory }: Place): Link {
  const key = ftok(directory, 1);
  const set = SysvSemaphoreSet.create(key, { count: 2, temporary: true });
  return { remove: () => set.close(), [Symbol.dispose]() {} };
}

function sharedMutex({ directory }: Place): Link {
  const memory = SharedMemory.anonymous(4096);
  Mutex.init(memory, MUTEX);
  const fds = { [MEMORY]: memory };
  return {
    fds: { a: fds, b: fds },
    [Symbol.dispose]() {
      memory.close();
      try {
        Semaphore.unlink(nameOf(directory, "done"));
      } catch (error) {
        // The C program has none.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

function namesOf(
  { directory }: Place,
  role: Role,
): { readonly receive: string; readonly send: string } {
  const there = nameOf(directory, "there");
  const back = nameOf(directory, "back");
  return role === "a"
    ? { receive: back, send: there }
    : { receive: there, send: back };
}

/** As the C programs do, which are told nothing but the directory. */
function nameOf(directory: string, what: string): string {
  return `/${directory.slice(1).replaceAll("/", "-")}-${what}`;
}
