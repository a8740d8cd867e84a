/** Locks that nobody else wants: what they cost where all is well. */

import { FileLock, type LockKind } from "../../lock/mod.ts";
import {
  Mutex,
  RwLock,
  SysvSemaphoreSet,
  UnnamedSemaphore,
} from "../../sem/mod.ts";
import { SharedMemory } from "../../shm/mod.ts";
import type { Case, Endpoint, Place } from "../case.ts";

/** How a lock is had in both voices. */
interface Lock {
  acquireSync(): Disposable;
  acquire(): Promise<Disposable>;
}

/** A case for each kind. */
export const alone: readonly Case[] = [
  aloneCase("semaphore", () => UnnamedSemaphore.init(newMemory(), 0, 1)),
  aloneCase("sysv", newSet),
  aloneCase("mutex", () => Mutex.init(newMemory(), 0)),
  aloneCase("read lock", () => {
    const lock = RwLock.init(newMemory(), 0);
    const shared = { mode: "shared" } as const;
    return {
      acquireSync: () => lock.acquireSync(shared),
      acquire: () => lock.acquire(shared),
    };
  }),
  aloneCase("write lock", () => RwLock.init(newMemory(), 0)),
  aloneCase("ofd", (place) => fileLock(place, "ofd")),
  aloneCase("flock", (place) => fileLock(place, "flock")),
];

/** Side `a` takes the lock and gives it back; side `b` does nothing. */
function aloneCase(name: string, make: (place: Place) => Lock): Case {
  return {
    name: `${name}, alone`,
    voices: ["sync", "async"],
    sizes: [0],
    measures: ["alone"],
    peers: [],
    c: { source: `alone_${name.replace(" ", "_")}.c` },
    open: (place, role) => role === "a" ? entering(make(place)) : NOTHING,
  };
}

const NOTHING: Endpoint = {
  sync: { send() {}, receive() {} },
  async: {
    send: () => Promise.resolve(),
    receive: () => Promise.resolve(),
  },
};

function entering(lock: Lock): Endpoint {
  return {
    sync: {
      ...NOTHING.sync!,
      send: () => lock.acquireSync()[Symbol.dispose](),
    },
    async: {
      ...NOTHING.async!,
      async send() {
        (await lock.acquire())[Symbol.dispose]();
      },
    },
  };
}

/** Kept, or it would be unmapped when it is collected. */
const memories: SharedMemory[] = [];

function newMemory(): SharedMemory {
  const memory = SharedMemory.anonymous(4096);
  memories.push(memory);
  return memory;
}

function newSet(): Lock {
  const options = { count: 1, values: [1], temporary: true };
  const set = SysvSemaphoreSet.createPrivate(options);
  globalThis.addEventListener("unload", () => set.close());
  return set;
}

function fileLock({ directory }: Place, kind: LockKind): Lock {
  const path = `${directory}/lock`;
  return {
    acquireSync: () => FileLock.acquireSync(path, { kind }),
    acquire: () => FileLock.acquire(path, { kind }),
  };
}
