/** The libc functions of file locks. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // int fcntl(int fildes, int cmd, ... struct flock *lock);
  fcntl: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  parked_fcntl: {
    name: "fcntl",
    parameters: ["i32", "i32", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  // int flock(int fd, int operation);
  flock: { parameters: ["i32", "i32"], result: "i32" },
  // long syscall(SYS_flock, int fd, int operation, void *unused);  Linux
  // The last, which the kernel ignores, is what the thread is found by.
  parked_flock: {
    name: "syscall",
    parameters: ["i64", "i64", "i64", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  // int fchmod(int fildes, mode_t mode);
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
});
