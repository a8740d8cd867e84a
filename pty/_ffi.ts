/** The libc functions of pseudo-terminals. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // int posix_openpt(int oflag);
  posix_openpt: { parameters: ["i32"], result: "i32" },
  // int grantpt(int fildes);
  grantpt: { parameters: ["i32"], result: "i32" },
  // int unlockpt(int fildes);
  unlockpt: { parameters: ["i32"], result: "i32" },
  // int ptsname_r(int fildes, char *buffer, size_t buflen);
  ptsname_r: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // int tcgetattr(int fildes, struct termios *termios_p);
  tcgetattr: { parameters: ["i32", "buffer"], result: "i32" },
  // int tcsetattr(int fildes, int optional_actions,
  //               const struct termios *termios_p);
  tcsetattr: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  // void cfmakeraw(struct termios *termios_p);
  cfmakeraw: { parameters: ["buffer"], result: "void" },
  // pid_t getsid(pid_t pid);  macOS
  getsid: { parameters: ["i32"], result: "i32" },
  // int proc_listallpids(void *buffer, int buffersize);  macOS
  proc_listallpids: { parameters: ["buffer", "i32"], result: "i32" },
  // int access(const char *path, int amode);  macOS
  access: { parameters: ["buffer", "i32"], result: "i32" },
});
