/** Giving descriptors to a program that is being started. */

import { libc } from "../_internal/_ffi.ts";
import { setNonblocking } from "../_internal/descriptor.ts";
import { check } from "../_internal/errno.ts";
import { fileTypeOf, openFile } from "../_internal/file.ts";
import {
  F_GETFL,
  F_SETFL,
  O_ACCMODE,
  os,
  platform,
} from "../_internal/platform.ts";

/**
 * A second descriptor for what `fd` is open to, for a child to inherit. It is
 * blocking, which is what programs expect, while ours stays as it is.
 *
 * O_NONBLOCK belongs to the open file, which both descriptors would share. A
 * pipe can be opened anew through /proc on Linux; of all else the flag is
 * taken away, for us too.
 *
 * @param fd The descriptor.
 * @param least The lowest number that the second one may have.
 */
export function blockingDuplicate(fd: number, least: number): number {
  const flags = check(libc.fcntl(fd, F_GETFL, 0n), "fcntl", { on: `fd ${fd}` });
  if (!(flags & platform.O_NONBLOCK)) return duplicate(fd, least);
  const reopened = reopen(fd, flags);
  if (reopened === undefined) {
    setNonblocking(fd, false);
    return duplicate(fd, least);
  }
  try {
    return duplicate(reopened, least);
  } finally {
    libc.close(reopened);
  }
}

/** F_DUPFD_CLOEXEC: the lowest free number from `least` on. fcntl(2). */
export function duplicate(fd: number, least: number): number {
  const result = libc.fcntl(fd, platform.F_DUPFD_CLOEXEC, BigInt(least));
  return check(result, "fcntl", {
    on: `fd ${fd}`,
    hint: `the descriptor must be open, and ${least} within \`ulimit -n\``,
  });
}

function reopen(fd: number, flags: number): number | undefined {
  if (os !== "linux" || fileTypeOf(fd) !== "FIFO") return undefined;
  let reopened: number;
  try {
    // Without O_NONBLOCK the open itself would wait for the other side.
    reopened = openFile(
      `/proc/self/fd/${fd}`,
      flags & O_ACCMODE | platform.O_NONBLOCK,
    );
  } catch {
    // A FIFO whose readers are gone, or one of another user's, or no /proc.
    return undefined;
  }
  const wanted = flags & (O_ACCMODE | platform.O_DIRECT);
  check(libc.fcntl(reopened, F_SETFL, BigInt(wanted)), "fcntl");
  return reopened;
}
