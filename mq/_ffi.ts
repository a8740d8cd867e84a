/** The libc functions of message queues. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // mqd_t mq_open(const char *name, int oflag, ... mode_t mode,
  //               struct mq_attr *attr);  Linux
  mq_open: { parameters: ["buffer", "i32", "u32", "buffer"], result: "i32" },
  // int mq_unlink(const char *name);  Linux
  mq_unlink: { parameters: ["buffer"], result: "i32" },
  // int mq_getattr(mqd_t mqdes, struct mq_attr *attr);  Linux
  mq_getattr: { parameters: ["i32", "buffer"], result: "i32" },
  // int mq_send(mqd_t mqdes, const char msg_ptr[], size_t msg_len,
  //             unsigned int msg_prio);  Linux
  mq_send: { parameters: ["i32", "buffer", "usize", "u32"], result: "i32" },
  // int mq_timedsend(mqd_t mqdes, const char msg_ptr[], size_t msg_len,
  //                  unsigned int msg_prio, const struct timespec *timeout);
  // Linux
  mq_timedsend: {
    parameters: ["i32", "buffer", "usize", "u32", "buffer"],
    result: "i32",
  },
  // ssize_t mq_receive(mqd_t mqdes, char *msg_ptr, size_t msg_len,
  //                    unsigned int *msg_prio);  Linux
  // Messages have less than 2 GiB: see read in _internal/_ffi.ts.
  mq_receive: {
    parameters: ["i32", "buffer", "usize", "buffer"],
    result: "i32",
  },
  // ssize_t mq_timedreceive(mqd_t mqdes, char *msg_ptr, size_t msg_len,
  //            unsigned int *msg_prio, const struct timespec *timeout);  Linux
  mq_timedreceive: {
    parameters: ["i32", "buffer", "usize", "buffer", "buffer"],
    result: "i32",
  },
  // int fchmod(int fd, mode_t mode);
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int getrlimit(int resource, struct rlimit *rlim);
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // long syscall(long number, ...);
  // For the calls below, which glibc has since 2.36 and Linux since 5.2.
  // int fsopen(const char *fsname, unsigned int flags);
  fsopen: {
    name: "syscall",
    parameters: ["i64", "buffer", "u64"],
    result: "i64",
  },
  // int fsconfig(int fd, unsigned int cmd, const char *key,
  //              const void *value, int aux);
  fsconfig: {
    name: "syscall",
    parameters: ["i64", "i64", "u64", "buffer", "buffer", "i64"],
    result: "i64",
  },
  // int fsmount(int fsfd, unsigned int flags, unsigned int attr_flags);
  fsmount: {
    name: "syscall",
    parameters: ["i64", "i64", "u64", "u64"],
    result: "i64",
  },
  // int msgget(key_t key, int msgflg);
  msgget: { parameters: ["i32", "i32"], result: "i32" },
  // int msgsnd(int msqid, const void *msgp, size_t msgsz, int msgflg);
  msgsnd: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t msgrcv(int msqid, void *msgp, size_t msgsz, long msgtyp,
  //                int msgflg);
  msgrcv: {
    parameters: ["i32", "buffer", "usize", "i64", "i32"],
    result: "i32",
  },
  parked_msgrcv: {
    name: "msgrcv",
    parameters: ["i32", "buffer", "usize", "i64", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // int msgctl(int msqid, int cmd, struct msqid_ds *buf);
  msgctl: { parameters: ["i32", "i32", "buffer"], result: "i32" },
});
