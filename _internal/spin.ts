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

/** Whether spinning pays for one object, learned from how it went. */
export class Spin {
  #credit = 3;
  #skipped = 0;

  /** Repeats `attempt` for a moment; undefined when that was in vain. */
  until<T>(attempt: () => T | undefined): T | undefined {
    if (budget === 0) return undefined;
    if (this.#credit === 0 && ++this.#skipped % PROBE_EVERY !== 0) {
      return undefined;
    }
    const end = performance.now() + budget;
    do {
      libc.sched_yield();
      const value = attempt();
      if (value !== undefined) {
        this.#credit = Math.min(FULL_CREDIT, this.#credit + 2);
        return value;
      }
    } while (performance.now() < end);
    if (this.#credit > 0) this.#credit--;
    return undefined;
  }
}
