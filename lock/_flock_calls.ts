/** Locks on whole files, of the open file: flock(2). */

import { interrupt } from "../_internal/interrupt.ts";
import type { LockMode } from "../_internal/lock_mode.ts";
import { address } from "../_internal/memory.ts";
import {
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  platform,
} from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import type { LockCalls } from "./_lock_calls.ts";

/** The only way there is. */
export const flockCalls: LockCalls = {
  syscall: "flock",
  attempt: (fd, mode) => libc.flock(fd, operation(mode) | LOCK_NB),
  block: (fd, mode) => libc.flock(fd, operation(mode)),
  begin(fd, mode) {
    const mark = new Uint8Array(8);
    const where = address(mark);
    const call = BigInt(platform.SYS_flock);
    const back = libc
      .parked_flock(call, BigInt(fd), BigInt(operation(mode)), mark);
    return {
      back,
      interrupt: () => interrupt({ address: where, resumes: true }),
    };
  },
  unlock: (fd) => libc.flock(fd, LOCK_UN),
};

function operation(mode: LockMode): number {
  return mode === "shared" ? LOCK_SH : LOCK_EX;
}
