/** The libc functions of shared memory. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // int shm_open(const char *name, int oflag, mode_t mode);
  shm_open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int shm_unlink(const char *name);
  shm_unlink: { parameters: ["buffer"], result: "i32" },
  // int memfd_create(const char *name, unsigned int flags);  Linux
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  // int ftruncate(int fildes, off_t length);
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  // int posix_fallocate(int fd, off_t offset, off_t len);  Linux
  posix_fallocate: { parameters: ["i32", "i64", "i64"], result: "i32" },
  // int getrlimit(int resource, struct rlimit *rlim);  Linux
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int fchmod(int fildes, mode_t mode);
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int msync(void *addr, size_t length, int flags);
  msync: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int mlock(const void *addr, size_t length);
  mlock: { parameters: ["usize", "usize"], result: "i32" },
  // int mlock2(const void *addr, size_t length, unsigned int flags);  Linux
  mlock2: { parameters: ["usize", "usize", "u32"], result: "i32" },
  // int munlock(const void *addr, size_t length);
  munlock: { parameters: ["usize", "usize"], result: "i32" },
  // int madvise(void *addr, size_t length, int advice);
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int shmget(key_t key, size_t size, int shmflg);
  shmget: { parameters: ["i32", "usize", "i32"], result: "i32" },
  // void *shmat(int shmid, const void *shmaddr, int shmflg);
  shmat: { parameters: ["i32", "pointer", "i32"], result: "pointer" },
  // int shmdt(const void *shmaddr);
  shmdt: { parameters: ["pointer"], result: "i32" },
  // int shmctl(int shmid, int cmd, struct shmid_ds *buf);
  shmctl: { parameters: ["i32", "i32", "buffer"], result: "i32" },
});
