/**
 * Waiting for a POSIX semaphore without taking from it: whoever takes does so
 * by sem_trywait(3), on the JavaScript thread.
 *
 * The C library has no call that only waits, and one that also takes could take
 * on a thread for somebody who has gone. But glibc's `sem_t` is a word to wait
 * on: the first 32 bits are the value, and the next the number of those who
 * sleep until it is not 0, for whom sem_post(3) wakes one. All programs that
 * share a semaphore agree on that, and before it is relied on it is checked.
 *
 * Who is killed while asleep stays in that number, as in C: it costs whoever
 * posts a system call and does nothing else. Who is killed when he was woken, or
 * does not come to take what he was woken for, has a wake-up that others need:
 * so nobody sleeps long without looking.
 */

import { closedError } from "../_internal/errno.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import { onUnmap } from "../_internal/mapped_region.ts";
import { address } from "../_internal/memory.ts";
import { os } from "../_internal/platform.ts";
import { pausesOfLooks } from "../_internal/thread.ts";
import type { Park, Parking } from "../_internal/wait.ts";
import { futexParking } from "../mux/futex.ts";
import { libc } from "./_ffi.ts";

const VALUE = 0;
const SLEEPERS = 1;
const SHARED = 2;
/** What glibc notes in semaphores that processes share: LLL_SHARED. */
const IS_SHARED = 128;

/** How often those who sleep look, in milliseconds. */
const LOOK = 100;

let known: boolean | undefined;

/** Whether a semaphore was made for several processes, as far as one sees. */
export function isShared(words: Int32Array): boolean {
  return !layoutIsKnown() || words[SHARED] === IS_SHARED;
}

/** Whether a `sem_t` is what we take it for. */
export function layoutIsKnown(): boolean {
  return known ??= os === "linux" && isAsExpected();
}

function isAsExpected(): boolean {
  const words = new Int32Array(8);
  const semaphore = address(new Uint8Array(words.buffer));
  libc.sem_init(words, 1, 5);
  words[SLEEPERS] = 1;
  libc.sem_post(semaphore);
  libc.sem_trywait(semaphore);
  libc.sem_trywait(semaphore);
  return words[VALUE] === 4 && words[SLEEPERS] === 1 &&
    words[SHARED] === IS_SHARED;
}

/** Parks until the value may be more than 0. */
export class SemaphoreParking implements Parking {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #word: Word;
  readonly #name: string;
  readonly #sleep: Parking;
  /** Elsewhere there is nothing but to look again and again. */
  readonly #looks = layoutIsKnown() ? undefined : pausesOfLooks();
  /** How each of those who are parked is told that there is nothing left. */
  readonly #endings = new Set<() => void>();

  /**
   * @param words The semaphore.
   * @param name What to call it in errors.
   */
  constructor(words: Int32Array<ArrayBuffer>, name: string) {
    this.#words = words;
    this.#word = words.subarray(VALUE, VALUE + 1);
    this.#name = name;
    this.#sleep = futexParking(this.#word, () => 0);
  }

  readonly park: Park = (wake) => {
    if (this.#looks) return this.#looks.park(wake);
    const endings = this.#endings;
    const awake = this.#fallAsleep();
    // That wakes whoever is the first to sleep, which may be another.
    const looking = setInterval(this.passOn, LOOK);
    function leave(): void {
      clearInterval(looking);
      awake();
    }
    const closed = () => closedError("acquire", this.#name);
    const cancel = this.#sleep.park((gone) => {
      endings.delete(end);
      leave();
      wake(gone && closed());
    });
    function end(): void {
      leave();
      cancel(() => wake(closed()));
    }
    endings.add(end);
    return (done) => {
      endings.delete(end);
      cancel(() => {
        leave();
        done();
      });
    };
  };

  readonly parkSync = (milliseconds: number): void => {
    if (this.#looks) return this.#looks.parkSync(milliseconds);
    const leave = this.#fallAsleep();
    try {
      this.#sleep.parkSync(Math.min(milliseconds, LOOK));
    } finally {
      leave();
    }
  };

  /** Wakes one who sleeps although there is something to take. */
  readonly passOn = (): void => {
    const words = this.#words;
    if (this.#looks || words.length === 0) return;
    if (Atomics.load(words, VALUE) > 0) futexWake(this.#word, 1);
  };

  /** To be called when an attempt has succeeded: the next wait is another. */
  restart(): void {
    this.#looks?.restart();
  }

  /**
   * Wakes all who are parked, as the semaphore is ended; its memory is not used
   * any more. Not by the word: that does not change, so whoever is only on the
   * way to sleep would sleep for ever.
   */
  end(): void {
    for (const end of this.#endings) end();
    this.#endings.clear();
  }

  /** Counts one more who sleeps; answers how to say that it does not. */
  #fallAsleep(): () => void {
    const words = this.#words;
    let asleep = true;
    function leave(): void {
      if (!asleep) return;
      asleep = false;
      forget();
      Atomics.sub(words, SLEEPERS, 1);
    }
    const bytes = new Uint8Array(words.buffer);
    const forget = onUnmap(bytes, leave, "acquire");
    Atomics.add(words, SLEEPERS, 1);
    return leave;
  }
}
