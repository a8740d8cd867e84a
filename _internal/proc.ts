/**
 * What Linux tells about processes and threads: proc(5). Read by system calls,
 * since Deno would ask for a permission to read files.
 */

import { libc } from "./_ffi.ts";
import { check, E, errno } from "./errno.ts";
import { openFile } from "./file.ts";
import { O_RDONLY } from "./platform.ts";

const buffer = new Uint8Array(32_768);
const view = new DataView(buffer.buffer);
const decoder = new TextDecoder();

// struct linux_dirent64 { u64 d_ino; s64 d_off; unsigned short d_reclen;
//                         unsigned char d_type; char d_name[]; }
const RECLEN = 16;
const NAME = 19;

/** The numbers that a directory's entries are called: processes, threads. */
export function numbersIn(directory: string): number[] {
  const fd = openFile(directory, O_RDONLY, { hint: "proc(5) is needed" });
  const numbers: number[] = [];
  try {
    for (;;) {
      const size = check(
        libc.getdents64(fd, buffer, BigInt(buffer.length)),
        "getdents64",
        { on: directory },
      );
      if (size === 0) return numbers;
      for (let at = 0; at < size; at += view.getUint16(at + RECLEN, true)) {
        const number = parseInt(text(at + NAME, buffer.indexOf(0, at + NAME)));
        if (number > 0) numbers.push(number);
      }
    }
  } finally {
    libc.close(fd);
  }
}

/** A file's text; undefined if what it tells of has ended. */
export function readProc(path: string): string | undefined {
  let fd: number;
  try {
    fd = openFile(path, O_RDONLY);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    // The files of one process fit into one read.
    const size = libc.read(fd, buffer, BigInt(buffer.length));
    if (size < 0 && errno() === E.ESRCH) return undefined;
    return text(0, check(size, "read", { on: path }));
  } finally {
    libc.close(fd);
  }
}

/** What is known of a process; undefined if there is none. */
export interface ProcessStat {
  /** A letter: R, S, D and so on; Z for what has ended. */
  readonly state: string;
  readonly session: number;
  /** When it was started: tells it from others that had its number. */
  readonly start: string;
}

/** Looks a process up: proc_pid_stat(5). */
export function processStat(pid: number): ProcessStat | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is a name, which may be anything in parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , , session] = fields;
  return { state, session: Number(session), start: fields[19] };
}

function text(start: number, end: number): string {
  return decoder.decode(buffer.subarray(start, end));
}
