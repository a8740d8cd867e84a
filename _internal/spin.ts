/**
 * Spinning before parking. A hot peer answers within microseconds, a parked
 * thread takes tens of them to wake: trying again for a moment is faster, and
 * giving the processor away between tries lets a peer on the same core run.
 */

import { libc } from "./_ffi.ts";

/** Microseconds of trying, where nothing else was asked for. */
export const DEFAULT_SPIN = 40;

let budget = DEFAULT_SPIN / 1000;

/** Sets for how many microseconds waits try before they park; 0 is off. */
export function setSpinBudget(microseconds: number): void {
  budget = microseconds / 1000;
}

/** The most that is ever believed of an object. */
const FULL_CREDIT = 8;
/** One wait in so many spins for an object whose peer is not hot. */
const PROBE_EVERY = 32;
/** After so many answers that came just after yielding, yield first. */
const LATE_IN_A_ROW = 4;
/** One attempt in so many is made at once, to see whether that is still so. */
const LOOK_EVERY = 16;
/** One wait in so many begins with an attempt where others begin by blocking. */
const LOOK_WHEN_BLOCKING_EVERY = 64;

/** A wait that ended so soon after it had parked was nearly won, in ms. */
const NEARLY = 0.3;
/** How many times the budget it may take to get two sleepers into step. */
const MOST_BUDGETS = 4;

/** After so many times in vain, trying without yielding is an exception. */
const TIGHT_IN_VAIN = 4;

/** How to try before parking; learns from how it went for one object. */
export class Spin {
  readonly #tight: number;
  #tightInVain = 0;
  #tightSkipped = 0;
  #credit = 3;
  #budgets = 1;
  /** When the last attempts were in vain; 0 if they were not. */
  #missed = 0;
  #skipped = 0;
  #late = 0;
  #looks = 0;
  /** How many waits have begun by blocking since one that did not. */
  #blocked = 0;

  /**
   * @param tight How many attempts to make before yielding for the first time.
   * Where an attempt only looks at memory, a peer on another core answers
   * before a system call could.
   */
  constructor(tight: number = 0) {
    this.#tight = tight;
  }

  /** Attempts once; undefined when that was in vain. */
  once<T>(attempt: () => T | undefined): T | undefined {
    const value = attempt();
    if (value === undefined) return undefined;
    this.#late = 0;
    if (this.#missed !== 0) this.#woke();
    return value;
  }

  /**
   * Whether to have the kernel wait at once: only giving the processor away has
   * helped of late. To be asked once for each wait.
   */
  blocksFirst(): boolean {
    return this.#late >= LATE_IN_A_ROW &&
      ++this.#blocked < LOOK_WHEN_BLOCKING_EVERY;
  }

  /**
   * Attempts for a moment; undefined when that was in vain.
   *
   * @param attempt What to attempt.
   * @param block What to do instead where {@linkcode blocksFirst} says so: the
   * same, but the kernel waits.
   */
  attempt<T>(
    attempt: () => T | undefined,
    block?: (milliseconds: number) => T | undefined,
  ): T | undefined {
    if (budget === 0) return attempt();
    if (block !== undefined) {
      if (this.blocksFirst()) return block(Infinity);
      this.#blocked = 0;
    }
    const late = this.#late;
    const atOnce = block !== undefined || late < LATE_IN_A_ROW ||
      ++this.#looks % LOOK_EVERY === 0;
    if (atOnce) {
      const value = this.once(attempt);
      if (value !== undefined) {
        // Blocking would have had it as soon, so this says nothing against it.
        if (block !== undefined) this.#late = late;
        return value;
      }
      if (!this.#pays()) return this.#miss();
      if (this.#tight > 0) {
        const soon = this.#tightly(attempt);
        if (soon !== undefined) return soon;
      }
    }
    // In a ping-pong on one core the answer never is there before the peer has
    // run: asking for it first is a system call wasted.
    libc.sched_yield();
    const value = attempt();
    if (value !== undefined) {
      this.#late++;
      this.#won();
      return value;
    }
    return this.#longer(attempt);
  }

  #tightly<T>(attempt: () => T | undefined): T | undefined {
    const inVain = this.#tightInVain >= TIGHT_IN_VAIN;
    if (inVain && ++this.#tightSkipped % LOOK_EVERY !== 0) return undefined;
    for (let i = 0; i < this.#tight; i++) {
      const value = attempt();
      if (value === undefined) continue;
      this.#tightInVain = 0;
      this.#won();
      return value;
    }
    this.#tightInVain++;
    return undefined;
  }

  #longer<T>(attempt: () => T | undefined): T | undefined {
    this.#late = 0;
    const end = performance.now() + budget * this.#budgets;
    do {
      libc.sched_yield();
      const value = attempt();
      if (value !== undefined) {
        this.#won();
        return value;
      }
    } while (performance.now() < end);
    if (this.#credit > 0) this.#credit--;
    return this.#miss();
  }

  #miss(): undefined {
    this.#missed = performance.now();
  }

  /**
   * After parking. Two hot peers that have both parked once would go on
   * parking: waking takes longer than the budget of the one who waits for it.
   */
  #woke(): void {
    const nearly = performance.now() - this.#missed < NEARLY;
    this.#missed = 0;
    this.#budgets = nearly ? Math.min(MOST_BUDGETS, this.#budgets * 2) : 1;
    if (nearly && this.#credit < FULL_CREDIT) this.#credit++;
  }

  #pays(): boolean {
    return this.#credit > 0 || ++this.#skipped % PROBE_EVERY === 0;
  }

  #won(): void {
    this.#missed = 0;
    this.#budgets = 1;
    if (this.#credit < FULL_CREDIT) this.#credit++;
  }
}
