/** A semaphore, of either system. */

import { Semaphore, SysvSemaphoreSet } from "../sem/mod.ts";
import { given, UsageError, wholeNumber } from "./_command.ts";
import { findSysv, toObjectName } from "./_object_name.ts";

/** What both kinds of semaphores can do. */
export interface AnySemaphore extends Disposable {
  /** Its value, or those of all in a set. */
  readonly values: readonly number[];
  /** Takes one for good: it stays taken when this program has ended. */
  tryTake(): true | undefined;
  take(signal?: AbortSignal): Promise<true>;
  /** Takes one until it is given back, or this program ends if that is known. */
  tryAcquire(): Disposable | undefined;
  acquire(signal?: AbortSignal): Promise<Disposable>;
  release(count: number): void;
}

/** Opens a semaphore that is there. */
export function openSemaphore(name: string, index?: string): AnySemaphore {
  const object = toObjectName(name);
  if (!("name" in object)) {
    const at = given(index, (n) => wholeNumber(n, "--index")) ?? 0;
    const set = findSysv(SysvSemaphoreSet, object)!;
    return ofSet(set, at);
  }
  if (index !== undefined) throw new UsageError("--index is for sets");
  return ofPosix(Semaphore.open(object.name));
}

function ofPosix(semaphore: Semaphore): AnySemaphore {
  return {
    get values() {
      return [semaphore.value];
    },
    tryTake: () => semaphore.tryAcquire() && true,
    take: async (signal) => {
      await semaphore.acquire({ signal });
      return true;
    },
    tryAcquire: () => semaphore.tryAcquire(),
    acquire: (signal) => semaphore.acquire({ signal }),
    release: (count) => semaphore.release(count),
    [Symbol.dispose]: () => semaphore.close(),
  };
}

function ofSet(set: SysvSemaphoreSet, index: number): AnySemaphore {
  const taking = [{ index, delta: -1 }];
  return {
    get values() {
      return set.values;
    },
    tryTake: () => set.tryOperate(taking) || undefined,
    take: async (signal) => {
      await set.operate(taking, { signal });
      return true;
    },
    tryAcquire: () => set.tryAcquire(index),
    acquire: (signal) => set.acquire(index, { signal }),
    release: (count) => void set.tryOperate([{ index, delta: count }]),
    [Symbol.dispose]: () => set.close(),
  };
}
