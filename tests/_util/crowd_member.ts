/**
 * One of many processes that enter the same critical section again and again,
 * until it is killed or has been in there often enough. What it does there is
 * right only if it is alone: it adds one to a number in memory and to one in a
 * file, neither atomically.
 */

import { FileLock, type LockKind } from "@ipc/core/lock";
import {
  Mutex,
  RwLock,
  Semaphore,
  SysvSemaphoreSet,
  UnnamedSemaphore,
} from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { Ledger } from "./ledger.ts";

/** What guards the section. */
export type Guard =
  | "Mutex"
  | "RwLock"
  | "Semaphore"
  | "UnnamedSemaphore"
  | "SysvSemaphoreSet"
  | LockKind;

/** What a member is told. */
export interface Membership {
  readonly guard: Guard;
  /** The name of the memory and of the semaphore. */
  readonly name: string;
  /** The directory of the files. */
  readonly directory: string;
  /** The id of the set of semaphores. */
  readonly set: number;
  /** Its number, from 0. */
  readonly index: number;
  /** How often it is to enter, those included who had its number before. */
  readonly entries: number;
}

/** Where the guards are in memory. */
export const GUARD_OFFSET = 2048;

interface Held extends Disposable {
  readonly ownerDied?: boolean;
}

interface Voices {
  readonly sync: () => Held;
  readonly async: () => Promise<Held>;
  /** To look at what it guards, where that is another thing. */
  readonly shared?: () => Held;
}

function voicesOf(
  { guard, name, directory, set }: Membership,
  memory: SharedMemory,
): Voices {
  switch (guard) {
    case "Mutex": {
      const mutex = Mutex.at(memory, GUARD_OFFSET);
      return {
        sync: () => mutex.acquireSync(),
        async: () => mutex.acquire(),
      };
    }
    case "RwLock": {
      const lock = RwLock.at(memory, GUARD_OFFSET);
      return {
        sync: () => lock.acquireSync(),
        async: () => lock.acquire(),
        shared: () => lock.acquireSync({ mode: "shared" }),
      };
    }
    case "Semaphore":
    case "UnnamedSemaphore": {
      const semaphore = guard === "Semaphore"
        ? Semaphore.open(name)
        : UnnamedSemaphore.at(memory, GUARD_OFFSET);
      return {
        sync: () => semaphore.acquireSync(),
        async: () => semaphore.acquire(),
      };
    }
    case "SysvSemaphoreSet": {
      const semaphores = SysvSemaphoreSet.fromId(set);
      return {
        sync: () => semaphores.acquireSync(),
        async: () => semaphores.acquire(),
      };
    }
    default: {
      const path = `${directory}/lock`;
      return {
        sync: () => FileLock.acquireSync(path, { kind: guard }),
        async: () => FileLock.acquire(path, { kind: guard }),
      };
    }
  }
}

/** One look in so many entries, where one can look at the same time. */
const LOOK_EVERY = 4;

async function enter(membership: Membership): Promise<void> {
  const { name, directory, index, entries } = membership;
  using memory = SharedMemory.open(name);
  using ledger = new Ledger(memory.buffer, directory);
  const { sync, async, shared } = voicesOf(membership, memory);
  ledger.arrive(index);
  while (ledger.entriesOf(index) < entries) {
    if (shared && Math.random() * LOOK_EVERY < 1) {
      using held = shared();
      ledger.look(held.ownerDied);
    }
    ledger.waits(index);
    {
      using held = index % 2 === 0 ? sync() : await async();
      ledger.enter(index, held.ownerDied);
    }
    ledger.left(index);
  }
}

if (import.meta.main) {
  await enter(JSON.parse(Deno.args[0]));
  Deno.exit();
}
