/** Waiting for what the kernel does not announce: trying again, less and less. */

import { sleepSync } from "./poll.ts";
import type { Parking } from "./wait.ts";

const GROWTH = 1.05;

/** Parks for a while that grows from time to time. */
export interface Backoff extends Parking {
  /** Begins with the first while again, for the next wait. */
  restart(): void;
}

/**
 * Parks for a while that grows by a twentieth from time to time: so nobody
 * waits much longer than necessary, by the measure of how long it took anyway.
 *
 * @param first The first while, in milliseconds.
 * @param last The longest while, in milliseconds.
 */
export function backoff(first: number, last: number): Backoff {
  let next = first;
  function pause(): number {
    const milliseconds = next;
    next = Math.min(last, next * GROWTH);
    return milliseconds;
  }
  return {
    park(wake) {
      const timer = setTimeout(wake, pause());
      return (done) => {
        clearTimeout(timer);
        done();
      };
    },
    parkSync(milliseconds) {
      sleepSync(Math.min(milliseconds, pause()));
    },
    restart() {
      next = first;
    },
  };
}
