/** The libc functions of readiness. */

import { open } from "../_internal/libc.ts";

/** The symbol table of the Linux calls, opened. */
export const libc = open({
  // int epoll_create1(int flags);
  epoll_create1: { parameters: ["i32"], result: "i32" },
  // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int epoll_wait(int epfd, struct epoll_event *events, int maxevents,
  //                int timeout);
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  parked_epoll_wait: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // int eventfd(unsigned int initval, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // long syscall(long number, ...);
  // For pidfd_open(2), which glibc has since 2.36 and Linux since 5.3.
  syscall: { parameters: ["i64", "i64", "i64"], result: "i64" },
  // int syscall(SYS_pidfd_send_signal, int pidfd, int sig, siginfo_t *info,
  //             unsigned int flags);
  pidfd_send_signal: {
    name: "syscall",
    parameters: ["i64", "i64", "i64", "buffer", "i64"],
    result: "i64",
  },
  // int clock_gettime(clockid_t clockid, struct timespec *tp);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // long syscall(SYS_futex_waitv, struct futex_waitv *waiters,
  //              unsigned nr_futexes, unsigned flags,
  //              struct timespec *timeout, clockid_t clockid);
  futex_waitv: {
    name: "syscall",
    parameters: ["i64", "buffer", "u32", "u32", "buffer", "i32"],
    result: "i32",
  },
  parked_futex_waitv: {
    name: "syscall",
    parameters: ["i64", "buffer", "u32", "u32", "buffer", "i32"],
    result: "i32",
    nonblocking: true,
  },
});
