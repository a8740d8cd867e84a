/** The bits of epoll_ctl(2) and epoll_wait(2), as words. */

import { E, systemError } from "../_internal/errno.ts";
import {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from "../_internal/platform.ts";
import type { EpollEvent, EpollInterest } from "./epoll_types.ts";

/** What is asked for, as the kernel takes it. */
export function interestBits(interest: EpollInterest, verb: string): number {
  const { write, priority, readHangup, exclusive } = interest;
  const none = [write, priority, readHangup].every((one) => one === undefined);
  const { read = none } = interest;
  if (exclusive) refuseBeside(interest, verb);
  return (read ? exclusive ? EPOLLIN : EPOLLIN | EPOLLRDHUP : 0) |
    (write ? EPOLLOUT : 0) |
    (priority ? EPOLLPRI : 0) |
    (readHangup ? EPOLLRDHUP : 0) |
    (interest.edge ? EPOLLET : 0) |
    (interest.oneShot ? EPOLLONESHOT : 0) |
    (exclusive ? EPOLLEXCLUSIVE : 0);
}

/** EINVAL otherwise, which would not say why. */
function refuseBeside(interest: EpollInterest, verb: string): void {
  for (const option of ["oneShot", "priority", "readHangup"] as const) {
    if (!interest[option]) continue;
    throw new TypeError(
      `Cannot ${verb}: exclusive and ${option} exclude each other`,
    );
  }
}

/** What is reported, in words. */
export function readiness(
  bits: number,
): Omit<EpollEvent, "fd" | "data"> {
  return {
    read: (bits & EPOLLIN) !== 0,
    write: (bits & EPOLLOUT) !== 0,
    priority: (bits & EPOLLPRI) !== 0,
    readHangup: (bits & EPOLLRDHUP) !== 0,
    hangup: (bits & EPOLLHUP) !== 0,
    error: (bits & EPOLLERR) !== 0,
  };
}

/** The error of epoll_ctl(2) for a descriptor. */
export function controlError(number: number, fd: number): Error {
  return systemError(number, "epoll_ctl", {
    on: `fd ${fd}`,
    hint: HINTS[number],
  });
}

const HINTS: Readonly<Record<number, string>> = {
  [E.EEXIST]: "it is in the epoll already: modify it",
  [E.ENOENT]: "it is not in the epoll",
  [E.EPERM]: "regular files and directories are always ready, " +
    "and epoll does not take them",
  [E.EINVAL]: "an epoll can watch another, but not itself, " +
    "and not as exclusive",
  [E.ELOOP]: "epolls may not watch each other in a circle, " +
    "nor more than five deep",
};
