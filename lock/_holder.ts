/**
 * Who has a lock that is in the way. The kernel tells it of locks of processes;
 * who has an open file is in proc_pid_fdinfo(5), as far as this user may know.
 */

import { check } from "../_internal/errno.ts";
import {
  identityAt,
  identityOf,
  listDirectory,
  readTextFile,
} from "../_internal/file.ts";
import type { LockMode } from "../_internal/lock_mode.ts";
import { F_UNLCK, os, platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import type { Range } from "./_range.ts";
import { flockStruct, lockType } from "./_record_calls.ts";
import type { LockKind } from "./lock_options.ts";

/** What might be in somebody's way. */
export interface Wanted extends Range {
  readonly kind: LockKind;
  readonly mode: LockMode;
}

/** As in "lock:  1: OFDLCK  ADVISORY  WRITE -1 fe:00:2173019 0 EOF". */
const LOCK =
  /^lock:\s+\d+: (\w+)\s+\w+\s+(READ|WRITE)\s+\S+ \S+ (\d+) (\d+|EOF)$/gm;

/**
 * The process that has a lock that is in the way; undefined if there is none,
 * or that cannot be known.
 *
 * @param fd The file.
 * @param wanted What the lock may be in the way of.
 * @param own Descriptors of this process that share the open file.
 */
export function findHolder(
  fd: number,
  wanted: Wanted,
  own: readonly number[],
): number | undefined {
  if (wanted.kind === "flock") return findOpenFile(fd, wanted, own);
  const struct = flockStruct(wanted, lockType(wanted.mode));
  const { F_OFD_GETLK, F_GETLK, flock } = platform;
  const command = wanted.kind === "ofd" ? F_OFD_GETLK : F_GETLK;
  check(libc.fcntl(fd, command, struct), "fcntl", { on: `fd ${fd}` });
  if (struct.getInt16(flock.type, true) === F_UNLCK) return undefined;
  const pid = struct.getInt32(flock.pid, true);
  // -1: it belongs to an open file, of which there may be several owners.
  return pid > 0 ? pid : findOpenFile(fd, wanted, own);
}

function findOpenFile(
  fd: number,
  wanted: Wanted,
  own: readonly number[],
): number | undefined {
  if (os !== "linux") return undefined;
  const file = identityOf(fd);
  return listDirectory("/proc")
    .map(Number)
    .filter((pid) => pid > 0)
    .find((pid) =>
      descriptorsOf(pid)
        .filter((other) => pid !== Deno.pid || !own.includes(other))
        .some((other) => isInTheWay(`/proc/${pid}`, other, file, wanted))
    );
}

function descriptorsOf(pid: number): number[] {
  // Not ours to know, or ended just now.
  return attempt(() => listDirectory(`/proc/${pid}/fdinfo`))?.map(Number) ?? [];
}

function isInTheWay(
  process: string,
  fd: number,
  file: string,
  wanted: Wanted,
): boolean {
  const info = attempt(() => readTextFile(`${process}/fdinfo/${fd}`));
  if (info === undefined) return false;
  const type = wanted.kind === "flock" ? "FLOCK" : "OFDLCK";
  const found = [...info.matchAll(LOCK)].some(([, kind, mode, start, end]) =>
    kind === type &&
    (mode === "WRITE" || wanted.mode === "exclusive") &&
    overlaps(wanted, Number(start), end === "EOF" ? Infinity : Number(end))
  );
  return found && attempt(() => identityAt(`${process}/fd/${fd}`)) === file;
}

/** Whether two parts have a byte in common; `last` is the last of the other. */
function overlaps(
  { start, length }: Range,
  first: number,
  last: number,
): boolean {
  const end = length === 0 ? Infinity : start + length;
  return start <= last && first < end;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
