/** The libc functions of semaphores. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // sem_t *sem_open(const char *name, int oflag, ... mode_t mode,
  //                 unsigned int value);
  sem_open: { parameters: ["buffer", "i32", "u32", "u32"], result: "pointer" },
  // int sem_close(sem_t *sem);
  sem_close: { parameters: ["pointer"], result: "i32" },
  // int sem_unlink(const char *name);
  sem_unlink: { parameters: ["buffer"], result: "i32" },
  // int sem_init(sem_t *sem, int pshared, unsigned int value);
  sem_init: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int sem_destroy(sem_t *sem);
  sem_destroy: { parameters: ["buffer"], result: "i32" },
  // int sem_trywait(sem_t *sem);
  // By address: a pointer costs half as much as the call itself unless the
  // compiler knows which one it is, and a typed array twice as much.
  sem_trywait: { parameters: ["u64"], result: "i32" },
  // int sem_post(sem_t *sem);
  sem_post: { parameters: ["u64"], result: "i32" },
  // int sem_getvalue(sem_t *sem, int *sval);
  sem_getvalue: { parameters: ["u64", "buffer"], result: "i32" },
  // void *mremap(void *old_address, size_t old_size, size_t new_size,
  //              int flags, ... void *new_address);  Linux
  mremap: {
    parameters: ["u64", "usize", "usize", "i32", "u64"],
    result: "pointer",
  },
  // int chmod(const char *path, mode_t mode);
  chmod: { parameters: ["buffer", "u32"], result: "i32" },
  // int semget(key_t key, int nsems, int semflg);
  semget: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int semop(int semid, struct sembuf *sops, size_t nsops);
  semop: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // int semtimedop(int semid, struct sembuf *sops, size_t nsops,
  //                const struct timespec *timeout);  Linux
  semtimedop: {
    parameters: ["i32", "buffer", "usize", "buffer"],
    result: "i32",
  },
  parked_semop: {
    name: "semop",
    parameters: ["i32", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // int semctl(int semid, int semnum, int cmd, ... union semun arg);
  semctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // The same with a number for the union.
  semctl_value: {
    name: "semctl",
    parameters: ["i32", "i32", "i32", "i64"],
    result: "i32",
  },
});
