/** poll(2) on one descriptor: for blocking the thread, and for a look. */

import { libc } from "./_ffi.ts";
import { check, E, errno, systemError } from "./errno.ts";

// struct pollfd { int fd; short events; short revents; }
const entry = new Int16Array(4);
const entryFd = new Int32Array(entry.buffer, 0, 1);

const LONGEST = 0x7fffffff;

/**
 * Waits until `fd` is ready and answers how: the bits of `revents`, 0 when the
 * time was up or a signal came.
 *
 * @param fd The descriptor.
 * @param events POLLIN, POLLOUT; errors and hang-ups come unasked.
 * @param milliseconds How long to wait at the most; 0 only looks.
 */
export function poll(fd: number, events: number, milliseconds: number): number {
  entryFd[0] = fd;
  entry[2] = events;
  entry[3] = 0;
  const result = libc.poll(entry, 1n, pollTimeout(milliseconds));
  if (result < 0) {
    if (errno() === E.EINTR) return 0;
    throw systemError(errno(), "poll", { on: `fd ${fd}` });
  }
  return result === 0 ? 0 : entry[3];
}

/** Milliseconds as poll(2) takes them: rounded up, and -1 for ever. */
export function pollTimeout(milliseconds: number): number {
  return milliseconds === Infinity
    ? -1
    : Math.min(LONGEST, Math.ceil(milliseconds));
}

/** Blocks this thread. */
export function sleepSync(milliseconds: number): void {
  const result = libc.poll(null, 0n, Math.ceil(milliseconds));
  if (result < 0 && errno() !== E.EINTR) check(result, "poll");
}
