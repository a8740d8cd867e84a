/**
 * Who owns a lock, in one word of 32 bits and a second one beside it, so that
 * whoever finds the lock taken can tell whether its owner lives.
 *
 * The first word has the number of the owner's JavaScript thread in bits 0 to
 * 21, and a hash of the process namespace, in which alone that number means
 * something, in bits 22 to 29. Bits 30 and 31 are flags. The second word says
 * when the thread was started, 0 while that is not known: a number that was
 * given to another thread has another beginning.
 *
 * A thread, not a process: Workers exclude each other, and one that was
 * terminated is as dead as a process that was killed.
 */

import { libc } from "../_internal/_ffi.ts";
import { os } from "../_internal/platform.ts";
import {
  identity,
  identityOf,
  isAlive,
  namespaceIn,
  startIn,
} from "../_internal/process.ts";

/** Somebody sleeps until the lock is free, and has to be woken. */
export const WAITED_FOR: number = 1 << 31;
/** The owner took over from one who died and has not said since when it is. */
export const TAKEN_OVER: number = 1 << 30;

const ID = 0x3fff_ffff;
const THREAD = 0x3f_ffff;
const NAMESPACE_SHIFT = 22;
const NAMESPACE = 0xff;

/** An owner as both words, without flags. */
export interface Owner {
  readonly id: number;
  readonly start: number;
}

let own: Owner | undefined;

/** Who this isolate is. */
export function ownOwner(): Owner {
  return own ??= findOwn();
}

function findOwn(): Owner {
  // An isolate of Deno never leaves its thread.
  const thread = os === "linux" ? libc.gettid() : Deno.pid;
  const whole = identityOf(thread);
  const namespace = Number(namespaceIn(whole)) & NAMESPACE;
  return {
    id: thread | namespace << NAMESPACE_SHIFT,
    start: Number(BigInt.asIntN(32, startIn(whole))),
  };
}

/** Who a word says owns the lock. */
export function idIn(word: number): number {
  return word & ID;
}

/** Whether the owner of a lock has ended; unknown owners are alive. */
export function isDead(word: number, start: number): boolean {
  const { id } = ownOwner();
  const elsewhere = (word ^ id) >>> NAMESPACE_SHIFT & NAMESPACE;
  if (elsewhere !== 0) return false;
  const since = word & TAKEN_OVER ? 0n : BigInt(start >>> 0);
  return !isAlive(identity(word & THREAD, since));
}
