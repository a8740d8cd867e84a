/** The libc functions of signals. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // int sigqueue(pid_t pid, int sig, const union sigval value);  Linux
  // The union is passed as what is as large as it: a pointer.
  sigqueue: { parameters: ["i32", "i32", "i64"], result: "i32" },
  // uid_t getuid(void);
  getuid: { parameters: [], result: "u32" },
  // int syscall(SYS_rt_tgsigqueueinfo, pid_t tgid, pid_t tid, int sig,
  //             siginfo_t *info);  Linux
  rt_tgsigqueueinfo: {
    name: "syscall",
    parameters: ["i64", "i64", "i64", "i64", "buffer"],
    result: "i64",
  },
  // unsigned long getauxval(unsigned long type);  Linux
  getauxval: { parameters: ["u64"], result: "u64" },
  // int __register_atfork(void (*prepare)(void), void (*parent)(void),
  //                       void (*child)(void), void *dso_handle);  Linux
  // What pthread_atfork(3) calls, which itself is in no shared library.
  __register_atfork: {
    parameters: ["pointer", "pointer", "pointer", "pointer"],
    result: "i32",
  },
  // int dladdr(const void *addr, Dl_info *info);
  dladdr: { parameters: ["pointer", "buffer"], result: "i32" },
  // FILE *stdin;  Linux
  // What is answered is where the variable is.
  stdin: { type: "pointer" },
  // int ftrylockfile(FILE *file);  Linux
  ftrylockfile: { parameters: ["pointer"], result: "i32" },
  // void funlockfile(FILE *file);  Linux
  funlockfile: { parameters: ["pointer"], result: "void" },
});
