/**
 * The reactor's backend for words of memory: futex_waitv(2), which waits on
 * 128 of them at once. Linux 5.16.
 */

import { check, E, errno, systemError } from "../_internal/errno.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import { os } from "../_internal/platform.ts";
import { LONGEST_PARK } from "../_internal/worker.ts";
import { type Backend, EXIT } from "./_backend.ts";
import { libc } from "./_ffi.ts";

/** The same on every architecture: futex_waitv(2). */
const SYS_FUTEX_WAITV = 449n;
const FUTEX_WAITV_MAX = 128;
const FUTEX_32 = 2;

// struct futex_waitv { __u64 val; __u64 uaddr; __u32 flags; __u32 reserved; }
const SIZE = 3;
const UADDR = 1;
const FLAGS = 2;

/** A word, and what is in it as long as there is nothing to report. */
export interface ExpectedWord {
  readonly word: Word;
  readonly expected: number;
}

/** Some time in the past: a wait until then only looks. */
const PAST = new BigInt64Array(2);
const CLOCK_MONOTONIC = 1;

/** Words by keys, which the caller gives them. */
export class FutexBackend implements Backend {
  readonly #words = new Map<number, ExpectedWord>();
  /** What the kernel was given, kept until it gives it back. */
  #parked: readonly ExpectedWord[] = [];
  /** Those of them that nobody waits for any more. */
  readonly #left = new Set<ExpectedWord>();
  readonly #waiters = new BigUint64Array(SIZE * FUTEX_WAITV_MAX);
  /** Changed to end a wait; the first word of every one. */
  readonly #doorbell: ExpectedWord = {
    word: new Int32Array(1),
    expected: 0,
  };

  /** Whether this system has the call, and lets us make it. */
  static supported(): boolean {
    if (os !== "linux") return false;
    const waiters = new BigUint64Array(SIZE);
    const word = new Int32Array(1);
    // What is in the word is not what is expected.
    fill(waiters, 0, { word, expected: 1 });
    const result = libc.futex_waitv(SYS_FUTEX_WAITV, waiters, 1, 0, PAST, 1);
    return result < 0 && errno() === E.EAGAIN;
  }

  /** How many words can be waited on at once. */
  static readonly capacity: number = FUTEX_WAITV_MAX - 1;

  /** Says which word a key stands for, before the first wait for it. */
  set(key: number, word: ExpectedWord): void {
    this.#words.set(key, word);
  }

  /** How many words there are. */
  get size(): number {
    return this.#words.size;
  }

  arm(key: number, interest: number): boolean {
    if (interest === 0) this.disarm(key);
    // Whoever is parked does not know of it yet.
    else if (this.#parked.length > 0) this.wake();
    return true;
  }

  /** Nothing is closed behind our back. */
  stands(): boolean {
    return true;
  }

  disarm(key: number): void {
    const word = this.#words.get(key);
    if (word === undefined) return;
    this.#words.delete(key);
    if (!this.#parked.includes(word)) return;
    this.#left.add(word);
    this.wake();
  }

  wait(): Promise<number> {
    this.#parked = [this.#doorbell, ...this.#words.values()];
    this.#parked.forEach((word, i) => fill(this.#waiters, i, word));
    return libc.parked_futex_waitv(
      SYS_FUTEX_WAITV,
      this.#waiters,
      this.#parked.length,
      0,
      LONGEST_PARK === Infinity ? null : inMilliseconds(LONGEST_PARK),
      CLOCK_MONOTONIC,
    );
  }

  drain(index: number, ready: (key: number, events: number) => void): void {
    const woken = index >= 0 ? this.#parked[index] : undefined;
    this.#parked = [];
    let reported = Atomics.exchange(this.#doorbell.word, 0, 0) !== 0;
    // The thread may have got a wake-up that was meant for one waiter only.
    for (const { word } of this.#left) futexWake(word, 1);
    this.#left.clear();
    for (const [key, each] of [...this.#words]) {
      if (each !== woken && !hasChanged(each)) continue;
      this.#words.delete(key);
      reported = true;
      ready(key, EXIT);
    }
    if (index < 0 && !reported) this.#look();
  }

  /** The errno of a parked call stayed on its thread; EINTR is the usual one. */
  #look(): void {
    const words = [this.#doorbell, ...this.#words.values()];
    words.forEach((word, i) => fill(this.#waiters, i, word));
    const result = libc.futex_waitv(
      SYS_FUTEX_WAITV,
      this.#waiters,
      words.length,
      0,
      PAST,
      CLOCK_MONOTONIC,
    );
    if (result >= 0) return;
    const number = errno();
    const usual = [E.ETIMEDOUT, E.EAGAIN, E.EINTR].includes(number);
    if (!usual) throw systemError(number, "futex_waitv");
  }

  wake(): void {
    Atomics.store(this.#doorbell.word, 0, 1);
    futexWake(this.#doorbell.word);
  }

  /** It has no descriptors. */
  close(): void {}
}

/** The time by the clock that the call goes by, so many milliseconds from now. */
function inMilliseconds(milliseconds: number): BigInt64Array<ArrayBuffer> {
  const time = new BigInt64Array(2);
  check(libc.clock_gettime(CLOCK_MONOTONIC, time), "clock_gettime");
  time[0] += BigInt(Math.ceil(milliseconds / 1000));
  return time;
}

function hasChanged({ word, expected }: ExpectedWord): boolean {
  return word.length === 0 || Atomics.load(word, 0) !== expected;
}

function fill(
  waiters: BigUint64Array,
  index: number,
  { word, expected }: ExpectedWord,
): void {
  const at = index * SIZE;
  waiters[at] = BigInt(expected >>> 0);
  waiters[at + UADDR] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(word));
  waiters[at + FLAGS] = BigInt(FUTEX_32);
}
