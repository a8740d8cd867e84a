/** Ways of parking, made of others. */

import type { Cancel, Park } from "./wait.ts";

/** Wakes at once; but never before parking has returned. */
export function soon(wake: (error?: Error) => void): Cancel {
  let cancelled = false;
  queueMicrotask(() => cancelled || wake());
  return (done) => {
    cancelled = true;
    done();
  };
}

/** Parks so only after a while, in milliseconds: most waits are over by then. */
export function later(milliseconds: number, park: Park): Park {
  return (wake) => {
    let cancel: Cancel = (done) => {
      clearTimeout(timer);
      done();
    };
    const timer = setTimeout(() => cancel = park(wake), milliseconds);
    return (done) => cancel(done);
  };
}

/** Parks in both ways until one of them wakes; the other is called off then. */
export function either(first: Park, second: Park): Park {
  return (wake) => {
    const cancelFirst: Cancel = first((error) =>
      cancelSecond(() => wake(error))
    );
    const cancelSecond: Cancel = second((error) =>
      cancelFirst(() => wake(error))
    );
    return (done) => {
      // Both at once, or the second might wake while the first is called off.
      let left = 2;
      function one(): void {
        if (--left === 0) done();
      }
      cancelFirst(one);
      cancelSecond(one);
    };
  };
}
