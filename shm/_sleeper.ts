/** Sleeping until the other side does something, and waking those who do. */

import { closedError } from "../_internal/errno.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import { soon } from "../_internal/park.ts";
import { arch } from "../_internal/platform.ts";
import type { Cancel, Park, Parking } from "../_internal/wait.ts";
import { futexParking } from "../mux/futex.ts";
import type { Peer } from "./_peer.ts";

// What a side is doing, as a word of memory tells the other.
export const AWAKE = 0;
export const ASLEEP = 1;
export const CLOSED = 2;

/** How often to look before giving the processor away: a few microseconds. */
export const TIGHT = 200;

/** The longest a blocked thread sleeps before it looks, in milliseconds. */
const LOOK = 100;

/** See {@linkcode glance} and {@linkcode store}. */
const STRONG = arch === "x86_64";

/**
 * Reads a word that must not be read before what was stored atomically before.
 * x86-64 does so by itself, after the exchange that V8 stores with; there a
 * plain read saves ten nanoseconds. Elsewhere a later read could overtake it.
 */
export function glance(words: Int32Array, index: number): number {
  return STRONG ? words[index] : Atomics.load(words, index);
}

/**
 * Writes a word after everything that was read or written before. x86-64 writes
 * in that order by itself. What is read later may be read before this is seen.
 */
export function store(words: Int32Array, index: number, value: number): void {
  if (STRONG) words[index] = value;
  else Atomics.store(words, index, value);
}

/** Wakes who sleeps on a word, if anybody does. */
export function wakeSleepers(word: Word): void {
  if (Atomics.compareExchange(word, 0, ASLEEP, AWAKE) === ASLEEP) {
    futexWake(word);
  }
}

/** What there is to sleep on, and for. */
export interface Sleep {
  /** Says to the other side that this one sleeps. */
  readonly word: Word;
  /** Whose process is watched meanwhile. */
  readonly peer: Peer;
  /** Whether there is something to do, as far as memory tells. */
  readonly ready: () => boolean;
  /** What is slept for, for errors. */
  readonly name: string;
}

/** One who sleeps. */
export class Sleeper implements Parking {
  readonly #sleep: Sleep;
  readonly #futex: Parking;
  #sleeping: { cancel: Cancel; wake: (error?: Error) => void } | undefined;

  constructor(sleep: Sleep) {
    this.#sleep = sleep;
    this.#futex = futexParking(sleep.word, () => ASLEEP);
  }

  readonly park: Park = (wake) => {
    if (!this.#mayFallAsleep()) return soon(wake);
    const woken = (error?: Error) => {
      this.#sleeping = undefined;
      wake(error);
    };
    const cancel = this.#sleep.peer.beside(this.#futex.park)(woken);
    this.#sleeping = { cancel, wake: woken };
    return (done) => {
      this.#sleeping = undefined;
      cancel(done);
    };
  };

  readonly parkSync = (milliseconds: number): void => {
    if (!this.#mayFallAsleep()) return;
    this.#futex.parkSync(Math.min(milliseconds, LOOK));
  };

  /** Wakes it with an error, as what it sleeps for is closed. */
  close(): void {
    const sleeping = this.#sleeping;
    this.#sleeping = undefined;
    const error = () => closedError("wait", this.#sleep.name);
    sleeping?.cancel(() => sleeping.wake(error()));
  }

  /** Says that it sleeps, unless there is a reason not to. */
  #mayFallAsleep(): boolean {
    const { word, peer, ready } = this.#sleep;
    Atomics.store(word, 0, ASLEEP);
    // Whoever does something after this sees that we sleep.
    if (ready()) return false;
    peer.look();
    return !peer.ended;
  }
}
