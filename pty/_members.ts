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

/** How often to look at most: somewhere, processes end all the time. */
const LOOKS = 10;

/**
 * Those of a session that have not ended, by their numbers.
 *
 * Of a process that starts another and ends while they are looked through, the
 * former is seen too late, and the latter, which was not listed yet, not at
 * all. So nobody is there only if nobody has ended meanwhile.
 *
 * @param list Lists the numbers of all processes.
 */
export function membersOf(session: number, list = allNumbers): number[] {
  // Who has not been looked after yet stays to be seen, but ends only once.
  const ended = new Set<number>();
  for (let looks = 1;; looks++) {
    const all = list();
    const endedBefore = ended.size;
    const members = all.filter((pid) => {
      const standing = standingOf(pid, session);
      if (standing === "ended") ended.add(pid);
      return standing === "member";
    });
    if (members.length > 0 || ended.size === endedBefore) return members;
    if (looks === LOOKS) return members;
  }
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
  return standingOf(pid, session) === "member";
}

/** What a process is to a session. One that is gone may have been of any. */
function standingOf(
  pid: number,
  session: number,
): "member" | "ended" | "stranger" {
  if (os === "darwin") {
    const found = libc.getsid(pid);
    return found === session ? "member" : found < 0 ? "ended" : "stranger";
  }
  const stat = processStat(pid);
  if (stat === undefined) return "ended";
  if (stat.session !== session) return "stranger";
  return "ZX".includes(stat.state) ? "ended" : "member";
}

/** How many more there may be by the time they are listed. */
const SPARE = 64;

/** The numbers of all processes. On macOS, libproc.h. */
function allNumbers(): number[] {
  if (os === "linux") return numbersIn("/proc");
  const size = check(libc.proc_listallpids(null, 0), "proc_listallpids");
  const all = new Int32Array(size + SPARE);
  const count = libc.proc_listallpids(all, all.byteLength);
  check(count, "proc_listallpids");
  return [...all.subarray(0, count)];
}
