/** The libc functions of event counters. */

import { open } from "../_internal/libc.ts";

/** The symbol table, opened. */
export const libc = open({
  // int eventfd(unsigned int initval, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // ssize_t preadv2(int fd, const struct iovec *iov, int iovcnt,
  //                 off_t offset, int flags);
  preadv2: {
    parameters: ["i32", "buffer", "i32", "i64", "i32"],
    result: "i32",
  },
});
