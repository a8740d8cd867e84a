/** Waiting for what the kernel does not announce: trying again, less and less. */

import { sleepSync } from "./poll.ts";
import type { Parking } from "./wait.ts";

/**
 * Parks for a while that doubles from time to time.
 *
 * @param first The first while, in milliseconds.
 * @param last The longest while, in milliseconds.
 */
export function backoff(first: number, last: number): Parking {
  let next = first;
  function pause(): number {
    const milliseconds = next;
    next = Math.min(last, next * 2);
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
  };
}
