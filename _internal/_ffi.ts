/** The libc functions that every mechanism needs. */

import { open } from "./libc.ts";

/** The cellar's symbol table, opened. */
export const libc = open({
  // int *__errno_location(void);
  __errno_location: { parameters: [], result: "pointer" },
  // char *strerror(int errnum);
  strerror: { parameters: ["i32"], result: "pointer" },
  // int open(const char *path, int oflag, ... mode_t mode);
  open: {
    parameters: ["buffer", "i32", "i32"],
    result: "i32",
  },
  // int close(int fildes);
  close: { parameters: ["i32"], result: "i32" },
  // ssize_t read(int fildes, void *buf, size_t nbyte);
  // Asked for less than 2 GiB at a time: the low half of the result is all of
  // it, and a number costs less than a bigint.
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // ssize_t write(int fildes, const void *buf, size_t nbyte);
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // ssize_t getdents64(int fd, void *dirp, size_t count);  Linux
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // int fcntl(int fildes, int cmd, ... long arg);
  fcntl: {
    parameters: ["i32", "i32", "i64"],
    result: "i32",
  },
  // int ioctl(int fildes, unsigned long request, ... void *arg);
  ioctl: {
    parameters: ["i32", "u64", "buffer"],
    result: "i32",
  },
  // int pipe(int fildes[2]);
  pipe: { parameters: ["buffer"], result: "i32" },
  // int pipe2(int pipefd[2], int flags);  Linux
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  // int poll(struct pollfd fds[], nfds_t nfds, int timeout);
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  // int select(int nfds, fd_set *readfds, fd_set *writefds,
  //            fd_set *errorfds, struct timeval *timeout);
  select: {
    parameters: ["i32", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int sched_yield(void);
  sched_yield: { parameters: [], result: "i32" },
  // int kill(pid_t pid, int sig);
  kill: { parameters: ["i32", "i32"], result: "i32" },
  // void *mmap(void *addr, size_t len, int prot, int flags, int fildes,
  //            off_t off);
  mmap: {
    parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"],
    result: "pointer",
  },
  // int mprotect(void *addr, size_t len, int prot);
  mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  // int munmap(void *addr, size_t len);
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  // int unlink(const char *path);
  unlink: { parameters: ["buffer"], result: "i32" },
  // int statx(int dirfd, const char *path, int flags, unsigned mask,
  //           struct statx *buf);  Linux
  statx: {
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },
  // int stat(const char *path, struct stat *buf);  macOS
  stat: { parameters: ["buffer", "buffer"], result: "i32" },
  // int fstat(int fildes, struct stat *buf);  macOS
  fstat: { parameters: ["i32", "buffer"], result: "i32" },
});
