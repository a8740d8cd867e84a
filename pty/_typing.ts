/** Writing to a terminal, which may have no program any more. */

import { libc } from "../_internal/_ffi.ts";
import { E, errno, systemError } from "../_internal/errno.ts";
import { POLLHUP, POLLOUT } from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";

/**
 * write(2) to the terminal called `name`, which fails when it would have to
 * wait for a program and there is none. Linux would have it wait, without a
 * pause, as it calls what is hung up ready; macOS says EIO.
 */
export function typingInto(
  name: string,
): (fd: number, p: Uint8Array<ArrayBuffer>, length: bigint) => number {
  return (fd, p, length) => {
    const count = libc.write(fd, p, length);
    if (count >= 0) return count;
    const number = errno();
    const isOver = number === E.EAGAIN ? isHungUp(fd) : number === E.EIO;
    if (!isOver) return count;
    const hint = "no program has it open any more";
    throw systemError(E.EPIPE, "write", { on: name, hint });
  };
}

function isHungUp(fd: number): boolean {
  return (poll(fd, POLLOUT, 0) & POLLHUP) !== 0;
}
