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
  // char *getcwd(char *buf, size_t size);
  getcwd: { parameters: ["buffer", "usize"], result: "pointer" },
  // int statx(int dirfd, const char *path, int flags, unsigned mask,
  //           struct statx *buf);  Linux
  statx: {
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },
  // int stat(const char *path, struct stat *buf);  macOS
  stat: { parameters: ["buffer", "buffer"], result: "i32" },
  // int lstat(const char *path, struct stat *buf);  macOS
  lstat: { parameters: ["buffer", "buffer"], result: "i32" },
  // int fstat(int fildes, struct stat *buf);  macOS
  fstat: { parameters: ["i32", "buffer"], result: "i32" },
  // key_t ftok(const char *path, int id);
  ftok: { parameters: ["buffer", "i32"], result: "i32" },
  // DIR *opendir(const char *filename);
  opendir: { parameters: ["buffer"], result: "pointer" },
  // struct dirent *readdir(DIR *dirp);
  readdir: { parameters: ["pointer"], result: "pointer" },
  // int closedir(DIR *dirp);
  closedir: { parameters: ["pointer"], result: "i32" },
  // void *dlsym(void *handle, const char *name);
  dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
  // int sigaction(int sig, const struct sigaction *act,
  //               struct sigaction *oact);
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int pthread_sigmask(int how, const sigset_t *set, sigset_t *oset);
  pthread_sigmask: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
  //                    void *(*start)(void *), void *arg);  Linux
  pthread_create: {
    parameters: ["buffer", "pointer", "pointer", "pointer"],
    result: "i32",
  },
  // int pthread_detach(pthread_t thread);  Linux
  pthread_detach: { parameters: ["u64"], result: "i32" },
  // int pthread_setname_np(pthread_t thread, const char *name);  Linux
  pthread_setname_np: { parameters: ["u64", "buffer"], result: "i32" },
  // int __libc_current_sigrtmin(void);  Linux: what SIGRTMIN stands for
  __libc_current_sigrtmin: { parameters: [], result: "i32" },
  // int __libc_current_sigrtmax(void);  Linux: what SIGRTMAX stands for
  __libc_current_sigrtmax: { parameters: [], result: "i32" },
  // int tgkill(pid_t tgid, pid_t tid, int sig);  Linux
  tgkill: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // pid_t gettid(void);  Linux
  gettid: { parameters: [], result: "i32" },
  // int timer_create(clockid_t clockid, struct sigevent *evp,
  //                  timer_t *timerid);  Linux
  timer_create: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int timer_settime(timer_t timerid, int flags,
  //   const struct itimerspec *value, struct itimerspec *ovalue);  Linux
  timer_settime: {
    parameters: ["u64", "i32", "buffer", "buffer"],
    result: "i32",
  },
  // int timer_delete(timer_t timerid);  Linux
  timer_delete: { parameters: ["u64"], result: "i32" },
  // int getpagesize(void);
  getpagesize: { parameters: [], result: "i32" },
  // long syscall(SYS_futex, uint32_t *uaddr, int op, uint32_t val,
  //              const struct timespec *timeout);  Linux
  futex: {
    name: "syscall",
    parameters: ["i64", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },
  parked_futex: {
    name: "syscall",
    parameters: ["i64", "buffer", "i32", "u32", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  // int __ulock_wait(uint32_t operation, void *addr, uint64_t value,
  //                  uint32_t timeout_us);  macOS
  __ulock_wait: { parameters: ["u32", "buffer", "u64", "u32"], result: "i32" },
  parked___ulock_wait: {
    name: "__ulock_wait",
    parameters: ["u32", "buffer", "u64", "u32"],
    result: "i32",
    nonblocking: true,
  },
  // int __ulock_wake(uint32_t operation, void *addr, uint64_t wake_value);
  __ulock_wake: { parameters: ["u32", "buffer", "u64"], result: "i32" },
});
