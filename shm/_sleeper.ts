/** Sleeping until the other side does something, and waking those who do. */

import { closedError } from "../_internal/errno.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import { soon } from "../_internal/park.ts";
import { STRONG } from "../_internal/word_order.ts";
import type { Cancel, Park, Parking } from "../_internal/wait.ts";
import { futexParking } from "../mux/futex.ts";
import type { Peer } from "./_peer.ts";

// What a side is doing, as a word of memory tells the other.
export const AWAKE = 0;
export const ASLEEP = 1;
export const CLOSED = 2;
/**
 * Awake, and will look once more some time after it has fallen asleep: who has
 * something for it need not be certain to see that it sleeps.
 */
export const PATIENT = 3;

/** How often to look before giving the processor away: a few microseconds. */
export const TIGHT = 200;

/** The longest a blocked thread sleeps before it looks, in milliseconds. */
const LOOK = 100;

/**
 * When a patient sleeper looks once more, in milliseconds. What a processor has
 * written but not yet shown comes out within microseconds, and before anything
 * else runs on it. A shorter time would have each sleep set the clock's alarm.
 */
const NAP = 20;

// What is imported is no constant to V8's compiler, but this is.
const ORDERED = STRONG;

/**
 * Reads a word that must not be read before what was stored atomically before.
 * x86-64 does so by itself, after the exchange that V8 stores with; there a
 * plain read saves ten nanoseconds. Elsewhere a later read could overtake it.
 */
export function glance(words: Int32Array, index: number): number {
  return ORDERED ? words[index] : Atomics.load(words, index);
}

/**
 * Writes a word after everything that was read or written before. x86-64 writes
 * in that order by itself. What is read later may be read before this is seen.
 */
export function store(words: Int32Array, index: number, value: number): void {
  if (ORDERED) words[index] = value;
  else Atomics.store(words, index, value);
}

/**
 * Writes a word that somebody may sleep for, and answers what he is doing. For
 * who is patient a plain write does on x86-64; an atomic one waits until all
 * that was written before is seen, which takes longer than a short message.
 *
 * @param whom His state: a view of its own, so that no compiler can take it for
 * what it has read before the word was written.
 */
export function show(
  words: Int32Array,
  index: number,
  value: number,
  whom: Word,
): number {
  if (ORDERED && whom[0] === PATIENT) {
    words[index] = value;
    if (whom[0] === PATIENT) return PATIENT;
  }
  Atomics.store(words, index, value);
  return glance(whom, 0);
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
  /** Whether it is {@linkcode PATIENT}. */
  readonly patient?: boolean;
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
    if (!this.#mayFallAsleep()) {
      this.#wakeUp();
      return soon(wake);
    }
    const woken = (error?: Error) => {
      this.#sleeping = undefined;
      this.#wakeUp();
      wake(error);
    };
    const { peer, patient } = this.#sleep;
    const ready = patient ? this.#mayBeReady : undefined;
    const cancel = peer.beside(this.#futex.park, ready)(woken);
    this.#sleeping = { cancel, wake: woken };
    return (done) => {
      this.#sleeping = undefined;
      cancel(done);
    };
  };

  readonly parkSync = (milliseconds: number): void => {
    const longest = Math.min(milliseconds, LOOK);
    if (!this.#mayFallAsleep()) return this.#wakeUp();
    const { patient, ready } = this.#sleep;
    const nap = patient ? Math.min(longest, NAP) : 0;
    if (nap > 0) this.#futex.parkSync(nap);
    if (longest > nap && !(patient && ready())) {
      this.#futex.parkSync(longest - nap);
    }
    this.#wakeUp();
  };

  readonly #mayBeReady = (): boolean => {
    try {
      return this.#sleep.ready();
    } catch {
      // Whoever was woken finds out what is wrong.
      return true;
    }
  };

  #wakeUp(): void {
    const { word, patient } = this.#sleep;
    // Empty if the memory was closed meanwhile.
    if (patient && word.length > 0) {
      Atomics.compareExchange(word, 0, ASLEEP, PATIENT);
      Atomics.compareExchange(word, 0, AWAKE, PATIENT);
    }
  }

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
