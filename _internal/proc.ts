/** What Linux tells of processes and threads: proc(5). */

import { listDirectory, readTextFile } from "./file.ts";

/** The numbers that a directory's entries are called: processes, threads. */
export function numbersIn(directory: string): number[] {
  return listDirectory(directory, { hint: "proc(5) is needed" })
    .map(Number)
    .filter((number) => number > 0);
}

/**
 * A file's text; undefined if what it tells of has ended, or is not ours to
 * know: proc(5), hidepid.
 */
export function readProc(path: string): string | undefined {
  try {
    return readTextFile(path);
  } catch (error) {
    const { NotFound, PermissionDenied } = Deno.errors;
    const expected = error instanceof NotFound ||
      error instanceof PermissionDenied;
    if (expected) return undefined;
    throw error;
  }
}

/** What is known of a process. */
export interface ProcessStat {
  /** A letter: R, S, D and so on; Z for what has ended. */
  readonly state: string;
  readonly session: number;
  readonly threads: number;
  /** When it was started, in ticks: tells it from others of its number. */
  readonly start: bigint;
}

/** Looks a process up: proc_pid_stat(5). Undefined if there is none. */
export function processStat(pid: number): ProcessStat | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // From field 3 on: the second is a name, which may be anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    state: fields[0],
    session: Number(fields[3]),
    threads: Number(fields[17]),
    start: BigInt(fields[19]),
  };
}
