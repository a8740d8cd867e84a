/** Waiting for a process to end, without a thread for it and without polling. */

import { Descriptor } from "../_internal/descriptor.ts";
import { check } from "../_internal/errno.ts";
import { os } from "../_internal/platform.ts";
import { parked, type WaitOptions } from "../_internal/wait.ts";
import { EXIT } from "./_backend.ts";
import { openPidfd } from "./_pidfd.ts";
import { readParking } from "./parking.ts";
import { reactor } from "./reactor.ts";

/** A descriptor of a process, which is readable when that has ended. Linux. */
export function processDescriptor(pid: number): Descriptor {
  const fd = openPidfd(pid);
  check(fd, "pidfd_open", { on: `${pid}`, kind: "process" });
  return new Descriptor(fd, `process ${pid}`);
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
  using pidfd = processDescriptor(pid);
  await parked(readParking(pidfd).park, signal);
}

/** EVFILT_PROC with NOTE_EXIT: kqueue(2). */
function kqueueExit(pid: number, signal?: AbortSignal): Promise<void> {
  return parked((wake) => reactor.watch(-pid, EXIT, wake), signal);
}
