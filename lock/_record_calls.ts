/** Locks on parts of files: fcntl(2), of the open file or of the process. */

import { interrupt } from "../_internal/interrupt.ts";
import type { LockMode } from "../_internal/lock_mode.ts";
import { address } from "../_internal/memory.ts";
import { F_UNLCK, platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import type { LockCalls } from "./_lock_calls.ts";
import type { Range } from "./_range.ts";

const { F_OFD_SETLK, F_OFD_SETLKW, F_SETLK, F_SETLKW } = platform;

const WHOLE: Range = { start: 0, length: 0 };
// Most locks are of whole files.
const ofdWhole = recordCalls(WHOLE, F_OFD_SETLK, F_OFD_SETLKW);
const posixWhole = recordCalls(WHOLE, F_SETLK, F_SETLKW);

/** The locks of open files. */
export function ofdCalls(range: Range): LockCalls {
  return isWhole(range)
    ? ofdWhole
    : recordCalls(range, F_OFD_SETLK, F_OFD_SETLKW);
}

/** The locks of processes. */
export function posixCalls(range: Range): LockCalls {
  return isWhole(range) ? posixWhole : recordCalls(range, F_SETLK, F_SETLKW);
}

function isWhole({ start, length }: Range): boolean {
  return start === 0 && length === 0;
}

/** A `struct flock` for the part, with a type such as F_WRLCK. */
export function flockStruct(
  { start, length }: Range,
  type: number,
): DataView<ArrayBuffer> {
  const { flock } = platform;
  const view = new DataView(new ArrayBuffer(flock.size));
  view.setInt16(flock.type, type, true);
  // l_whence is SEEK_SET, which is 0, and so has to be l_pid.
  view.setBigInt64(flock.start, BigInt(start), true);
  view.setBigInt64(flock.len, BigInt(length), true);
  return view;
}

/** The lock type of a mode. */
export function lockType(mode: LockMode): number {
  return mode === "shared" ? platform.F_RDLCK : platform.F_WRLCK;
}

function recordCalls(
  range: Range,
  setLock: number,
  setLockWait: number,
): LockCalls {
  function bytes(type: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(flockStruct(range, type).buffer);
  }
  // Made once, as the kernel does not change them.
  const exclusive = bytes(lockType("exclusive"));
  const shared = bytes(lockType("shared"));
  const nothing = bytes(F_UNLCK);
  function structOf(mode: LockMode): Uint8Array<ArrayBuffer> {
    return mode === "shared" ? shared : exclusive;
  }
  return {
    syscall: "fcntl",
    attempt: (fd, mode) => libc.fcntl(fd, setLock, structOf(mode)),
    block: (fd, mode) => libc.fcntl(fd, setLockWait, structOf(mode)),
    begin(fd, mode) {
      // Of its own, by which the thread is found.
      const struct = bytes(lockType(mode));
      const where = address(struct);
      return {
        back: libc.parked_fcntl(fd, setLockWait, struct),
        interrupt: () => interrupt({ address: where, resumes: true }),
      };
    },
    unlock: (fd) => libc.fcntl(fd, setLock, nothing),
  };
}
