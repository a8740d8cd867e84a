/** Bare descriptors of what has no room here, or is made without it. Linux. */

import { cString } from "../../_internal/memory.ts";
import { check } from "../../_internal/errno.ts";
import { openFile } from "../../_internal/file.ts";
import { open } from "../../_internal/libc.ts";
import { Bare } from "./descriptors.ts";

const libc = open({
  // int eventfd(unsigned int initval, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // int timerfd_create(int clockid, int flags);
  timerfd_create: { parameters: ["i32", "i32"], result: "i32" },
  // int timerfd_settime(int fd, int flags, const struct itimerspec *new_value,
  //                     struct itimerspec *old_value);
  timerfd_settime: {
    parameters: ["i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  // int inotify_init1(int flags);
  inotify_init1: { parameters: ["i32"], result: "i32" },
  // int inotify_add_watch(int fd, const char *pathname, uint32_t mask);
  inotify_add_watch: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // long syscall(long number, ...);
  syscall: { parameters: ["i64", "i64", "i64"], result: "i64" },
  // mqd_t mq_open(const char *name, int oflag, ... mode_t mode,
  //               struct mq_attr *attr);
  mq_open: { parameters: ["buffer", "i32", "u32", "buffer"], result: "i32" },
  // int mq_unlink(const char *name);
  mq_unlink: { parameters: ["buffer"], result: "i32" },
  // int mq_send(mqd_t mqdes, const char *msg_ptr, size_t msg_len,
  //             unsigned int msg_prio);
  mq_send: { parameters: ["i32", "buffer", "usize", "u32"], result: "i32" },
  // int posix_openpt(int oflag);
  posix_openpt: { parameters: ["i32"], result: "i32" },
  // int unlockpt(int fd);
  unlockpt: { parameters: ["i32"], result: "i32" },
  // int ptsname_r(int fd, char *buf, size_t buflen);
  ptsname_r: { parameters: ["i32", "buffer", "usize"], result: "i32" },
});

// The same on every architecture that this package runs on.
const CLOCK_MONOTONIC = 1;
const IN_CLOSE_WRITE = 8;
const O_RDWR = 2;
const O_CREAT = 0x40;
const O_EXCL = 0x80;
const O_NOCTTY = 0x100;
const SYS_PIDFD_OPEN = 434n;

/** An event counter. */
export function eventCounter(value: number = 0): Bare {
  return new Bare(check(libc.eventfd(value, 0), "eventfd"));
}

/** Adds to an event counter. */
export function add(counter: Bare, value: bigint = 1n): void {
  counter.write(new Uint8Array(new BigUint64Array([value]).buffer));
}

/** A timer that is not running. */
export function timer(): Bare {
  return new Bare(
    check(libc.timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create"),
  );
}

/** Has a timer expire at once. */
export function expire(timer: Bare): void {
  // struct itimerspec: the interval and the value, each in s and ns.
  const nanosecond = new BigInt64Array([0n, 0n, 0n, 1n]);
  check(libc.timerfd_settime(timer.fd, 0, nanosecond, null), "timerfd_settime");
}

/** What tells when a file of a directory was written and closed. */
export function directoryWatch(path: string): Bare {
  const watch = new Bare(check(libc.inotify_init1(0), "inotify_init1"));
  check(
    libc.inotify_add_watch(watch.fd, cString(path), IN_CLOSE_WRITE),
    "inotify_add_watch",
  );
  return watch;
}

/** A process. */
export function processDescriptor(pid: number): Bare {
  const fd = Number(libc.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n));
  return new Bare(check(fd, "pidfd_open"));
}

/** How many messages a queue of {@linkcode messageQueue} holds. */
export const QUEUE_LENGTH = 2;

/** A message queue that has no name any more. */
export function messageQueue(): Bare {
  const name = cString(`/ipc-test-${crypto.randomUUID()}`);
  // struct mq_attr: mq_flags, mq_maxmsg, mq_msgsize and more, all long.
  const attributes = new BigInt64Array(8);
  attributes.set([0n, BigInt(QUEUE_LENGTH), 1n]);
  const flags = O_RDWR | O_CREAT | O_EXCL;
  const fd = check(libc.mq_open(name, flags, 0o600, attributes), "mq_open");
  check(libc.mq_unlink(name), "mq_unlink");
  return new Bare(fd);
}

/** Sends a message of one byte. */
export function send(queue: Bare): void {
  check(libc.mq_send(queue.fd, new Uint8Array(1), 1n, 0), "mq_send");
}

/** A pseudo-terminal: both of its sides. */
export function terminal(): { readonly master: Bare; readonly slave: Bare } {
  const master = new Bare(
    check(libc.posix_openpt(O_RDWR | O_NOCTTY), "posix_openpt"),
  );
  check(libc.unlockpt(master.fd), "unlockpt");
  const name = new Uint8Array(64);
  check(libc.ptsname_r(master.fd, name, 64n), "ptsname_r");
  const path = new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
  return { master, slave: new Bare(openFile(path, O_RDWR | O_NOCTTY)) };
}
