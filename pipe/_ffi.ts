/** The libc functions of pipes and of starting programs. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // ssize_t splice(int fd_in, off64_t *off_in, int fd_out, off64_t *off_out,
  //                size_t len, unsigned int flags);  Linux
  splice: {
    parameters: ["i32", "buffer", "i32", "buffer", "usize", "u32"],
    result: "i32",
  },
  // ssize_t tee(int fd_in, int fd_out, size_t len, unsigned int flags);  Linux
  tee: { parameters: ["i32", "i32", "usize", "u32"], result: "i32" },
  // pid_t waitpid(pid_t pid, int *stat_loc, int options);
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // int posix_spawnp(pid_t *pid, const char *file,
  //   const posix_spawn_file_actions_t *file_actions,
  //   const posix_spawnattr_t *attrp, char *const argv[], char *const envp[]);
  posix_spawnp: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int posix_spawnattr_init(posix_spawnattr_t *attr);
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_destroy(posix_spawnattr_t *attr);
  posix_spawnattr_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags);
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  // int posix_spawnattr_setsigdefault(posix_spawnattr_t *attr,
  //                                   const sigset_t *sigdefault);
  posix_spawnattr_setsigdefault: {
    parameters: ["buffer", "buffer"],
    result: "i32",
  },
  // int posix_spawnattr_setsigmask(posix_spawnattr_t *attr,
  //                                const sigset_t *sigmask);
  posix_spawnattr_setsigmask: {
    parameters: ["buffer", "buffer"],
    result: "i32",
  },
  // int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions);
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions);
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions,
  //                                      int fildes, int newfildes);
  posix_spawn_file_actions_adddup2: {
    parameters: ["buffer", "i32", "i32"],
    result: "i32",
  },
  // int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions,
  //                  int fildes, const char *path, int oflag, mode_t mode);
  posix_spawn_file_actions_addopen: {
    parameters: ["buffer", "i32", "buffer", "i32", "u32"],
    result: "i32",
  },
  // int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions,
  //                                       int fildes);
  posix_spawn_file_actions_addclose: {
    parameters: ["buffer", "i32"],
    result: "i32",
  },
  // int posix_spawn_file_actions_addclosefrom_np(
  //                  posix_spawn_file_actions_t *actions, int from);  Linux
  posix_spawn_file_actions_addclosefrom_np: {
    parameters: ["buffer", "i32"],
    result: "i32",
  },
  // int posix_spawn_file_actions_addinherit_np(
  //                  posix_spawn_file_actions_t *actions, int filedes);  macOS
  posix_spawn_file_actions_addinherit_np: {
    parameters: ["buffer", "i32"],
    result: "i32",
  },
  // int posix_spawn_file_actions_addchdir_np(
  //                  posix_spawn_file_actions_t *actions, const char *path);
  posix_spawn_file_actions_addchdir_np: {
    parameters: ["buffer", "buffer"],
    result: "i32",
  },
});
