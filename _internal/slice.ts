/**
 * Slices of work. An operation that never has to wait would otherwise keep
 * timers, signals and all other I/O of the program from running at all.
 */

import { setImmediate } from "node:timers";

/** How long operations go on before the event loop gets a turn, in ms. */
const SLICE = 1;

/** Looking at the clock costs as much as a system call: not every time. */
const OPERATIONS_PER_LOOK = 16;

let operations = 0;
let sliceEnd = 0;
let fresh = true;
let over = false;

/** Counts an operation; answers whether the event loop is due a turn. */
export function sliceIsOver(): boolean {
  if (over) return true;
  if (++operations % OPERATIONS_PER_LOOK !== 0) return false;
  const now = performance.now();
  if (fresh) {
    fresh = false;
    sliceEnd = now + SLICE;
  }
  return over = now > sliceEnd;
}

/** Says that the event loop has just had its turn. */
export function beginSlice(): void {
  over = false;
  fresh = true;
}

/** Those who wait for the next turn, in the order in which they came. */
let waiting: (() => void)[] = [];

/**
 * Resolves after the event loop has gone round once. All who wait for that
 * share one slice then, or the loop would have to wait for a slice of each; the
 * first of them gets most of it, so that is another one each time.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // setTimeout(0) takes more than a millisecond, this about ten microseconds.
    if (waiting.push(resolve) === 1) setImmediate(takeTurn);
  });
}

function takeTurn(): void {
  const [last, ...others] = waiting;
  waiting = [];
  beginSlice();
  for (const resume of [...others, last]) resume();
}
