import { libc } from "./_ffi.ts";

/** The same on every architecture: pidfd_open(2). */
const SYS_PIDFD_OPEN = 434n;

/** A descriptor that is readable when a process has ended; negative on failure. */
export function openPidfd(pid: number): number {
  return Number(libc.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n));
}
