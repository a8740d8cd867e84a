/**
 * One of many processes that enter the same critical section again and again,
 * until it is killed or has been in there often enough. What it does there is
 * right only if it is alone: it adds one to a number in memory and to one in a
 * file, neither atomically.
 */

import { FileLock, type LockKind } from "@ipc/core/lock";
import {
  Condition,
  Mutex,
  type MutexLock,
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
  | "Condition"
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
export const CONDITION_OFFSET = GUARD_OFFSET + Mutex.byteLength;

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
  membership: Membership,
  memory: SharedMemory,
  ledger: Ledger,
): Voices {
  const { guard, name, directory, set } = membership;
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
    case "Condition":
      return new Market(membership, memory, ledger);
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

/** The most that is in stock. */
const STOCK = 3;

/**
 * A section that members with even numbers enter to make something and those
 * with odd ones to take it, so that each has to wait for the others.
 */
class Market implements Voices {
  readonly #mutex: Mutex;
  readonly #changed: Condition;
  readonly #ledger: Ledger;
  readonly #makes: boolean;

  constructor({ index }: Membership, memory: SharedMemory, ledger: Ledger) {
    this.#mutex = Mutex.at(memory, GUARD_OFFSET);
    this.#changed = Condition.at(memory, CONDITION_OFFSET);
    this.#ledger = ledger;
    this.#makes = index % 2 === 0;
  }

  readonly sync = (): Held => {
    const lock = this.#mutex.acquireSync();
    while (!this.#ready(lock)) this.#changed.waitSync(lock);
    return this.#held(lock);
  };

  readonly async = async (): Promise<Held> => {
    const lock = await this.#mutex.acquire();
    while (!this.#ready(lock)) await this.#changed.wait(lock);
    return this.#held(lock);
  };

  #ready({ ownerDied }: MutexLock): boolean {
    if (ownerDied) {
      this.#ledger.recover(ownerDied);
      // Who died may have been about to do that.
      this.#changed.notifyAll();
    }
    const { stock } = this.#ledger;
    return this.#makes ? stock < STOCK : stock > 0;
  }

  #held(lock: MutexLock): Held {
    return {
      ownerDied: lock.ownerDied,
      [Symbol.dispose]: () => {
        this.#changed.notifyAll();
        lock.release();
      },
    };
  }
}

/** One look in so many entries, where one can look at the same time. */
const LOOK_EVERY = 4;

async function enter(membership: Membership): Promise<void> {
  const { name, directory, index, entries } = membership;
  using memory = SharedMemory.open(name);
  using ledger = new Ledger(memory.buffer, directory);
  const { sync, async, shared } = voicesOf(membership, memory, ledger);
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
