/** The libc functions of sockets and of their names. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int socketpair(int domain, int type, int protocol, int sv[2]);
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int bind(int socket, const struct sockaddr *address, socklen_t length);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int listen(int socket, int backlog);
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int accept(int socket, struct sockaddr *address, socklen_t *length);
  accept: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int accept4(int socket, struct sockaddr *address, socklen_t *length,
  //             int flags);  Linux
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  // int connect(int socket, const struct sockaddr *address, socklen_t length);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int getsockname(int socket, struct sockaddr *address, socklen_t *length);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int getpeername(int socket, struct sockaddr *address, socklen_t *length);
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int getsockopt(int socket, int level, int name, void *value,
  //                socklen_t *length);
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  // int setsockopt(int socket, int level, int name, const void *value,
  //                socklen_t length);
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  // int shutdown(int socket, int how);
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  // ssize_t send(int socket, const void *buffer, size_t length, int flags);
  // As with read and write, the low half of the result is all of it.
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t recv(int socket, void *buffer, size_t length, int flags);
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t sendto(int socket, const void *message, size_t length, int flags,
  //                const struct sockaddr *address, socklen_t address_length);
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "i32",
  },
  // ssize_t sendmsg(int socket, const struct msghdr *message, int flags);
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // ssize_t recvmsg(int socket, struct msghdr *message, int flags);
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // pid_t getpid(void);
  getpid: { parameters: [], result: "i32" },
  // uid_t getuid(void);
  getuid: { parameters: [], result: "u32" },
  // gid_t getgid(void);
  getgid: { parameters: [], result: "u32" },
  // int fchmod(int fildes, mode_t mode);
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int fchmodat(int fd, const char *path, mode_t mode, int flag);
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  // mode_t umask(mode_t cmask);
  umask: { parameters: ["u32"], result: "u32" },
  // int flock(int fd, int operation);
  flock: { parameters: ["i32", "i32"], result: "i32" },
  // int rename(const char *old, const char *new);
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  // int link(const char *path1, const char *path2);
  link: { parameters: ["buffer", "buffer"], result: "i32" },
});
