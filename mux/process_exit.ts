/** Waiting for a process to end, without a thread for it and without polling. */

import { Descriptor } from "../_internal/descriptor.ts";
import { check } from "../_internal/errno.ts";
import { os } from "../_internal/platform.ts";
import { parked, type WaitOptions } from "../_internal/wait.ts";
import { EXIT } from "./_backend.ts";
import { libc } from "./_ffi.ts";
import { readParking } from "./parking.ts";
import { reactor } from "./reactor.ts";

// The same on every architecture.
const SYS_PIDFD_OPEN = 434n;
const SYS_PIDFD_SEND_SIGNAL = 424n;

/** A descriptor of a process, which is readable when that has ended. Linux. */
export function openPidfd(pid: number): Descriptor {
  const fd = Number(libc.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n));
  check(fd, "pidfd_open", { on: `${pid}`, kind: "process" });
  return new Descriptor(fd, `process ${pid}`);
}

/**
 * Sends a signal to the process of a descriptor; answers what
 * pidfd_send_signal(2) does. Linux.
 *
 * @param info The `siginfo_t` to send, if not that of kill(2).
 */
export function sendToPidfd(
  pidfd: Descriptor,
  signal: number,
  info: Uint8Array<ArrayBuffer> | null = null,
): number {
  const result = libc.pidfd_send_signal(
    SYS_PIDFD_SEND_SIGNAL,
    BigInt(pidfd.fd),
    BigInt(signal),
    info,
    0n,
  );
  return Number(result);
}

/**
 * Resolves when the process has ended, whether or not it has been waited for.
 *
 * @param pid A process that exists, if only as a zombie.
 */
export async function processExit(
  pid: number,
  { signal }: WaitOptions = {},
): Promise<void> {
  if (os === "darwin") return await kqueueExit(pid, signal);
  using pidfd = openPidfd(pid);
  await parked(readParking(pidfd).park, signal);
}

/** EVFILT_PROC with NOTE_EXIT: kqueue(2). */
function kqueueExit(pid: number, signal?: AbortSignal): Promise<void> {
  return parked((wake) => reactor.watch(-pid, EXIT, wake), signal);
}
