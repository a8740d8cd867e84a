/** How much a pipe holds, and how much it holds now. */

import { wholeNumber } from "./arguments.ts";
import { libc } from "./_ffi.ts";
import { check, E, errno, systemError } from "./errno.ts";
import { notSupported, platform } from "./platform.ts";

const MOST = 2 ** 31;
/** Of one pipe, and of all that a user has: pipe(7). */
const LIMITS = "/proc/sys/fs/pipe-max-size and pipe-user-pages-soft";

/** Refuses a capacity that no pipe can have. */
export function checkCapacity(capacity: number): void {
  requireSupport();
  wholeNumber(capacity, "set the capacity", "the capacity in bytes", 1, MOST);
}

/** The capacity in bytes: F_GETPIPE_SZ of fcntl(2). */
export function getCapacity(fd: number): number {
  requireSupport();
  const result = libc.fcntl(fd, platform.F_GETPIPE_SZ, 0n);
  return check(result, "fcntl", { on: `fd ${fd}` });
}

/** Sets the capacity in bytes: F_SETPIPE_SZ of fcntl(2). */
export function setCapacity(fd: number, capacity: number): void {
  checkCapacity(capacity);
  if (libc.fcntl(fd, platform.F_SETPIPE_SZ, BigInt(capacity)) >= 0) return;
  const number = errno();
  throw systemError(number, "fcntl", { on: `fd ${fd}`, hint: hint(number) });
}

function hint(number: number): string | undefined {
  if (number === E.EPERM) return `more than this user may have, see ${LIMITS}`;
  if (number === E.EBUSY) return "more than that is in the pipe now";
  if (number === E.ENOMEM) return "there is not that much memory";
  return undefined;
}

/** The number of bytes that can be read at once: FIONREAD of ioctl(2). */
export function getAvailable(fd: number): number {
  const count = new Int32Array(1);
  const result = libc.ioctl(fd, platform.FIONREAD, count);
  check(result, "ioctl", { on: `fd ${fd}` });
  return count[0];
}

function requireSupport(): void {
  if (platform.F_SETPIPE_SZ === 0) notSupported("the capacity of a pipe");
}
