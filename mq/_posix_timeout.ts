/** Time-outs of mq_timedsend(3) and mq_timedreceive(3), and what they mean. */

import { E, errno, type ErrorContext, wouldBlock } from "../_internal/errno.ts";
import { poll } from "../_internal/poll.ts";

/** A `struct timespec`; null for a call that waits for ever. */
export type Timeout = BigInt64Array<ArrayBuffer> | null;

/** In 1970: for a call that does not wait. */
export const AT_ONCE: Timeout = new BigInt64Array(2);

/**
 * Makes a call that waits, for so many milliseconds at the longest.
 *
 * @param call The call with a time-out; undefined when it would have to wait.
 * @param fd The queue.
 * @param events What it waits for: POLLIN or POLLOUT.
 * @param milliseconds How long.
 */
export function blocking<T>(
  call: (timeout: Timeout) => T | undefined,
  fd: number,
  events: number,
  milliseconds: number,
): T | undefined {
  if (milliseconds === Infinity) {
    const value = call(null);
    // Somebody who was given the descriptor has made it non-blocking.
    if (value === undefined && errno() === E.EAGAIN) poll(fd, events, Infinity);
    return value;
  }
  // The calls' own time-outs go by a clock that may be set meanwhile.
  poll(fd, events, milliseconds);
  return call(AT_ONCE);
}

/**
 * For a call that answered -1: returns undefined when it has to be made again
 * later, throws when it failed.
 */
export function notNow(syscall: string, context: ErrorContext): undefined {
  if (errno() === E.ETIMEDOUT) return undefined;
  return wouldBlock(syscall, context);
}
