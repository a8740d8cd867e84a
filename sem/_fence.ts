/**
 * Writing a word before anything is read that comes after: the one order that
 * no processor keeps by itself.
 *
 * `Atomics.store` does that, but the call of it takes as long again as what it
 * does, and twice as long as that of a C function. So on x86-64 the word is
 * written plainly, and then a spin lock is taken that nobody else knows: that
 * cannot be done without an atomic instruction, and each of those is a barrier
 * there. The lock is made free again by a plain write, as C libraries do it too;
 * whether that is so is tried before it is relied on.
 */

import { address } from "../_internal/memory.ts";
import { STRONG } from "../_internal/word_order.ts";
import { libc } from "./_ffi.ts";

const { pthread_spin_trylock } = libc;

const lock = new Int32Array(1);

/** How the lock is used. */
interface Usage {
  readonly address: bigint;
  /** What is in it when it is free. */
  readonly free: number;
}

const usage = STRONG ? findUsage() : undefined;
const isUsable = usage !== undefined;
const lockAddress = usage?.address ?? 0n;
const FREE = usage?.free ?? 0;

/** Tries the lock; undefined if it is not as expected. */
function findUsage(): Usage | undefined {
  try {
    const at = address(new Uint8Array(lock.buffer));
    libc.pthread_spin_init(lock, 0);
    const free = lock[0];
    for (let i = 0; i < 2; i++) {
      if (pthread_spin_trylock(at) !== 0) return undefined;
      if (pthread_spin_trylock(at) === 0) return undefined;
      lock[0] = free;
    }
    return { address: at, free };
  } catch {
    // A C library that does not have it, or a program that may not call it: that
    // is told so when it calls what it needs.
    return undefined;
  }
}

/**
 * Writes a word before anything is read that comes after; by `Atomics.load`
 * where the processor is not `STRONG`.
 */
export function storeFirst(
  words: Int32Array<ArrayBuffer>,
  index: number,
  value: number,
): void {
  if (isUsable) {
    words[index] = value;
    const taken = pthread_spin_trylock(lockAddress) === 0;
    lock[0] = FREE;
    if (taken) return;
  }
  Atomics.store(words, index, value);
}
