/** The processes of a session, however they are grouped: credentials(7). */

import { libc as base } from "../_internal/_ffi.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { check, E, errno } from "../_internal/errno.ts";
import { os, POLLIN } from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";
import { numbersIn, processStat } from "../_internal/proc.ts";
import { sendToPidfd } from "../mux/_pidfd.ts";
import { processDescriptor, processExit } from "../mux/process_exit.ts";
import { libc } from "./_ffi.ts";

/** Those of a session that have not ended, by their numbers. */
export function membersOf(session: number): number[] {
  const all = os === "darwin" ? allNumbers() : numbersIn("/proc");
  return all.filter((pid) => isMember(pid, session));
}

/**
 * Sends a signal to a process if it is in the session.
 *
 * @returns False if it is somebody else's, who may not be sent any.
 */
export function sendTo(pid: number, session: number, signal: number): boolean {
  if (os === "darwin") {
    if (!isMember(pid, session)) return true;
    return base.kill(pid, signal) === 0 || errno() !== E.EPERM;
  }
  using process = open(pid, session);
  return process === undefined || sendToPidfd(process.fd, signal) === 0 ||
    errno() !== E.EPERM;
}

/** Resolves when a process of the session has ended. */
export async function ended(
  pid: number,
  session: number,
  signal: AbortSignal,
): Promise<void> {
  if (!isMember(pid, session)) return;
  try {
    await processExit(pid, { signal });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Blocks this thread until a process of the session has ended. Linux. */
export function endedSync(
  pid: number,
  session: number,
  milliseconds: number,
): void {
  using process = open(pid, session);
  if (process !== undefined) poll(process.fd, POLLIN, milliseconds);
}

/** A descriptor of a process, if it is in the session. Linux. */
function open(pid: number, session: number): Descriptor | undefined {
  using stack = new DisposableStack();
  try {
    const process = stack.use(processDescriptor(pid));
    // Looked at only now: the number may have become another's before.
    if (!isMember(pid, session)) return undefined;
    stack.move();
    return process;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isMember(pid: number, session: number): boolean {
  if (os === "darwin") return libc.getsid(pid) === session;
  const stat = processStat(pid);
  return stat?.session === session && !"ZX".includes(stat.state);
}

/** How many more there may be by the time they are listed. */
const SPARE = 64;

/** The numbers of all processes. macOS, libproc.h. */
function allNumbers(): number[] {
  const size = check(libc.proc_listallpids(null, 0), "proc_listallpids");
  const all = new Int32Array(size + SPARE);
  const count = libc.proc_listallpids(all, all.byteLength);
  check(count, "proc_listallpids");
  return [...all.subarray(0, count)];
}
