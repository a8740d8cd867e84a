/**
 * Sleeping until another process changes a word of memory: futex(2), and
 * `__ulock_wait` on macOS.
 *
 * A word is an `Int32Array` of one element in mapped memory. Whoever waits has
 * read the word before and says what was in it; whoever wakes has changed it
 * before. So a wake-up can come too early but never be missed, and all that a
 * waiter knows afterwards is that it may be worth another look.
 */

import { libc } from "./_ffi.ts";
import { closedError, E, errno, systemError } from "./errno.ts";
import { notSupported, os, platform } from "./platform.ts";
import { timespec } from "./timespec.ts";

const SYS_FUTEX = BigInt(platform.SYS_futex);
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;

// ulock.h of xnu, private.
const UL_COMPARE_AND_WAIT_SHARED = 3;
const ULF_WAKE_ALL = 0x100;

/** The longest that is waited at once, in milliseconds: about a month. */
const LONGEST = 2 ** 31;
/** A second, for threads: never changed, as they read it when they come to it. */
const SECOND = new BigInt64Array([1n, 0n]);
const MICROSECONDS = 1_000_000;
/** As many as there are. */
const ALL = 0x7fffffff;

/** One word of memory that processes share. */
export type Word = Int32Array<ArrayBuffer>;

/** The word at `offset` of some mapped memory. */
export function wordAt(bytes: Uint8Array<ArrayBuffer>, offset: number): Word {
  return new Int32Array(bytes.buffer, bytes.byteOffset + offset, 1);
}

/**
 * Blocks this thread until somebody wakes it, unless the word is not what is
 * expected. It also returns when the time is up, when a signal comes, or for
 * no reason.
 *
 * @param word What is waited on.
 * @param expected What was in it when the caller decided to wait.
 * @param milliseconds The longest to wait.
 */
export function futexWait(
  word: Word,
  expected: number,
  milliseconds: number = Infinity,
): void {
  if (word.length === 0) throw closedError("wait", "shared memory");
  const result = os === "linux"
    ? wait(word, expected, milliseconds)
    : ulockWait(word, expected, milliseconds);
  if (result >= 0) return;
  const number = errno();
  const usual = number === E.EAGAIN || number === E.EINTR ||
    number === E.ETIMEDOUT;
  if (!usual) throw systemError(number, "futex");
}

function wait(word: Word, expected: number, milliseconds: number): number {
  const limit = timespec(milliseconds);
  return libc.futex(SYS_FUTEX, word, FUTEX_WAIT, expected >>> 0, limit);
}

function ulockWait(word: Word, expected: number, milliseconds: number): number {
  if (os !== "darwin") notSupported("waiting on memory");
  // 0 would be for ever.
  const microseconds = Math.max(1, Math.ceil(milliseconds * 1000));
  return libc.__ulock_wait(
    UL_COMPARE_AND_WAIT_SHARED,
    word,
    BigInt(expected >>> 0),
    microseconds < LONGEST ? microseconds : 0,
  );
}

/**
 * Waits on a thread of the pool, for a second at the longest: the memory may be
 * unmapped before the thread is there, and others mapped at its address, where
 * nobody would wake it.
 */
export function parkedFutexWait(
  word: Word,
  expected: number,
): Promise<number> {
  const value = expected >>> 0;
  if (os === "linux") {
    return libc.parked_futex(SYS_FUTEX, word, FUTEX_WAIT, value, SECOND);
  }
  return libc.parked___ulock_wait(
    UL_COMPARE_AND_WAIT_SHARED,
    word,
    BigInt(value),
    MICROSECONDS,
  );
}

/**
 * Wakes those who wait on the word, which the caller has changed before.
 *
 * @param word What they wait on.
 * @param count How many of them at the most. macOS knows one and all.
 */
export function futexWake(word: Word, count: number = ALL): void {
  if (word.length === 0) return;
  if (os === "linux") {
    libc.futex(SYS_FUTEX, word, FUTEX_WAKE, count, null);
    return;
  }
  if (os !== "darwin") notSupported("waiting on memory");
  const all = count > 1 ? ULF_WAKE_ALL : 0;
  // ENOENT: nobody waits.
  libc.__ulock_wake(UL_COMPARE_AND_WAIT_SHARED | all, word, 0n);
}
