import { libc } from "./_ffi.ts";

// The same on every architecture.
const SYS_PIDFD_OPEN = 434n;
const SYS_PIDFD_SEND_SIGNAL = 424n;

/** A descriptor that is readable when a process has ended; negative on failure. */
export function openPidfd(pid: number): number {
  return Number(libc.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n));
}

/**
 * Sends a signal to the process of a descriptor; negative on failure.
 *
 * @param info The `siginfo_t` to send, if not that of kill(2).
 */
export function sendToPidfd(
  pidfd: number,
  signal: number,
  info: Uint8Array<ArrayBuffer> | null = null,
): number {
  const fd = BigInt(pidfd);
  const number = BigInt(signal);
  const nr = SYS_PIDFD_SEND_SIGNAL;
  return Number(libc.pidfd_send_signal(nr, fd, number, info, 0n));
}
