/**
 * What System V message queues, semaphores and shared memory have in common:
 * keys, ids, permissions, and the kernel's lists of them. sysvipc(7).
 */

import { libc } from "./_ffi.ts";
import { toPath, wholeNumber } from "./arguments.ts";
import { ensure } from "./ensure.ts";
import { check, E, errno, type ErrorContext, systemError } from "./errno.ts";
import { readTextFile } from "./file.ts";
import { cString } from "./memory.ts";
import {
  IPC_CREAT,
  IPC_EXCL,
  IPC_PRIVATE,
  notSupported,
  os,
  platform,
} from "./platform.ts";

/** How objects of one kind are made and found. */
export interface SysvKind {
  /** What it is called: "System V message queue". */
  readonly kind: string;
  /** The function that makes and finds them: "msgget". */
  readonly syscall: string;
  /** Calls it. */
  readonly get: (key: number, flags: number) => number;
  /** What to do about an error, by its number. */
  readonly hint?: (errno: number) => string | undefined;
}

const MOST_MODE = 0o777;
const MOST_ID = 0x7fffffff;

/** Makes an object under a key that is free, and answers its id. */
export function createSysv(what: SysvKind, key: number, mode: number): number {
  const verb = `create a ${what.kind}`;
  return get(what, sysvKey(key, verb), created(mode, verb));
}

/** Makes an object that has no key, and answers its id. */
export function createPrivateSysv(what: SysvKind, mode: number): number {
  return get(what, IPC_PRIVATE, created(mode, `create a ${what.kind}`));
}

/** The id of the object that is there under a key. */
export function openSysv(what: SysvKind, key: number): number {
  return get(what, sysvKey(key, `open a ${what.kind}`), 0);
}

/** An object that was looked for, and whether it was made. */
export interface Ensured {
  readonly id: number;
  readonly made: boolean;
}

/** Finds an object or makes it, and tells which. */
export function ensureSysv(
  what: SysvKind,
  key: number,
  mode: number,
): Ensured {
  return ensure<Ensured>(
    () => ({ id: createSysv(what, key, mode), made: true }),
    () => ({ id: openSysv(what, key), made: false }),
  );
}

function created(mode: number, verb: string): number {
  wholeNumber(mode, verb, "the mode", 0, MOST_MODE);
  return IPC_CREAT | IPC_EXCL | mode;
}

function get(what: SysvKind, key: number, flags: number): number {
  const id = what.get(key, flags);
  if (id >= 0) return id;
  const number = errno();
  throw systemError(number, what.syscall, {
    on: key === IPC_PRIVATE ? "IPC_PRIVATE" : keyText(key),
    kind: what.kind,
    hint: what.hint?.(number),
  });
}

/** A key as the kernel counts: 32 bits with a sign. */
export function sysvKey(key: number, verb: string): number {
  wholeNumber(key, verb, "the key", -(2 ** 31), 2 ** 32 - 1);
  if (key !== IPC_PRIVATE) return key | 0;
  throw new RangeError(
    `Cannot ${verb}: 0 is no key but IPC_PRIVATE: use createPrivate()`,
  );
}

/** A key as ipcs(1) shows it. */
export function keyText(key: number): string {
  return `key 0x${(key >>> 0).toString(16).padStart(8, "0")}`;
}

/** An id that some object may have. */
export function sysvId(id: number, verb: string): number {
  return wholeNumber(id, verb, "the id", 0, MOST_ID);
}

/**
 * The error for a call that failed on an id. An id that was removed is an
 * invalid argument to all calls but the one that slept at that moment, and an
 * id is what no call here ever gets wrong otherwise.
 */
export function sysvError(
  number: number,
  syscall: string,
  context: ErrorContext,
): Error {
  if (number !== E.EINVAL && number !== E.EIDRM) {
    return systemError(number, syscall, context);
  }
  return systemError(E.EIDRM, syscall, {
    ...context,
    hint: `the ${context.kind} has been removed`,
  });
}

/** Who owns an object and who may use it. */
export interface SysvOwnership {
  /** The owner's user id. */
  readonly uid: number;
  /** The owner's group id. */
  readonly gid: number;
  /** The user id of who made it. */
  readonly creatorUid: number;
  /** The group id of who made it. */
  readonly creatorGid: number;
  /** The permission bits. */
  readonly mode: number;
}

/** Reads a `struct ipc_perm`, with which the structs of all kinds begin. */
export function readOwnership(view: DataView): SysvOwnership {
  const { ipcPerm } = platform;
  return {
    uid: view.getUint32(ipcPerm.uid, true),
    gid: view.getUint32(ipcPerm.gid, true),
    creatorUid: view.getUint32(ipcPerm.cuid, true),
    creatorGid: view.getUint32(ipcPerm.cgid, true),
    mode: view.getUint16(ipcPerm.mode, true) & MOST_MODE,
  };
}

/** A moment that the kernel counts in seconds; undefined for "never". */
export function moment(seconds: number): Date | undefined {
  return seconds === 0 ? undefined : new Date(seconds * 1000);
}

/** A line of the kernel's list of objects, by the names of its columns. */
export interface SysvEntry {
  /** The number in a column. */
  readonly number: (column: string) => number;
  readonly ownership: SysvOwnership;
}

/**
 * All objects of a kind that this process may know of: proc_sysvipc(5).
 *
 * @param kind "msg", "sem" or "shm".
 * @param instead What to use where there is no such list.
 */
export function listSysv(kind: string, instead: string): SysvEntry[] {
  if (os !== "linux") notSupported("listing System V objects", instead);
  const [header, ...lines] = readTextFile(`/proc/sysvipc/${kind}`)
    .trimEnd().split("\n").map((line) => line.trim().split(/\s+/));
  return lines.map((cells) => {
    const number = (column: string) => Number(cells[header.indexOf(column)]);
    return {
      number,
      ownership: {
        uid: number("uid"),
        gid: number("gid"),
        creatorUid: number("cuid"),
        creatorGid: number("cgid"),
        mode: parseInt(cells[header.indexOf("perms")], 8) & MOST_MODE,
      },
    };
  });
}

/**
 * Makes a key of a file and a number: what programs that were written
 * independently agree on. Two files may give the same key by accident, as only
 * 24 of its bits depend on the file: where you can, use a private object and
 * pass on its id.
 *
 * See [ftok(3)](https://man7.org/linux/man-pages/man3/ftok.3.html).
 *
 * @param path A file that is there, and is not removed and made anew.
 * @param projectId Tells several objects of one file apart: 1 to 255.
 * @returns The key.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.PermissionDenied} If its directory may not be searched.
 * @throws {TypeError} If the path is empty or contains NUL.
 * @throws {RangeError} If the number is not from 1 to 255.
 *
 * @example
 * ```ts
 * import { ftok } from "@ipc/core/mq";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ftok("/tmp", 65), ftok("/tmp", 65));
 * ```
 */
export function ftok(path: string | URL, projectId: number): number {
  const verb = "make a key";
  const name = toPath(path, verb);
  wholeNumber(projectId, verb, "the project id", 1, 255);
  const key = libc.ftok(cString(name), projectId);
  // Also a key; errno tells.
  if (key !== -1) return key;
  return check(key, "ftok", { on: name, kind: "file" });
}
