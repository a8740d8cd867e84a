/** The objects behind POSIX shared memory, as descriptors: shm_overview(7). */

import { libc as base } from "../_internal/_ffi.ts";
import { wholeNumber } from "../_internal/arguments.ts";
import { check, E, systemError } from "../_internal/errno.ts";
import {
  fileLengthOf,
  fileTypeOf,
  listDirectory,
  lookAt,
  readTextFile,
  UNKNOWN_TYPE,
} from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import {
  notSupported,
  O_RDONLY,
  O_RDWR,
  os,
  platform,
} from "../_internal/platform.ts";
import { sleepSync } from "../_internal/poll.ts";
import { posixName } from "../_internal/posix_name.ts";
import { libc } from "./_ffi.ts";

const KIND = { kind: "shared memory" };

/** After the slash: NAME_MAX, and PSHMNAMLEN, in which macOS counts it too. */
const LONGEST_NAME = os === "darwin" ? 30 : 255;

/** Where Linux has them: shm_overview(7). */
const DIRECTORY = "/dev/shm";
/** How glibc calls named semaphores, which are there as well: sem_open(3). */
const SEMAPHORE = "sem.";

/** For how many milliseconds one that is just being made is waited for. */
const PATIENCE = 100;

/** A number of bytes that memory can have. */
export function memorySize(size: number, verb: string): number {
  const most = Number.MAX_SAFE_INTEGER;
  return wholeNumber(size, verb, "the size in bytes", 1, most);
}

/** A name that shared memory can have. */
export function memoryName(name: string, verb: string): string {
  return posixName(name, verb, LONGEST_NAME);
}

/** Makes an object that is `size` bytes of zeros. */
export function createObject(name: string, size: number, mode: number): number {
  const flags = O_RDWR | platform.O_CREAT | platform.O_EXCL;
  const fd = libc.shm_open(cString(name), flags, mode);
  check(fd, "shm_open", { on: name, ...KIND });
  try {
    // The umask has only taken permissions away. macOS cannot change them.
    if (os === "linux") check(libc.fchmod(fd, mode), "fchmod", { on: name });
    growObject(fd, size, name);
    return fd;
  } catch (error) {
    base.close(fd);
    libc.shm_unlink(cString(name));
    throw error;
  }
}

/** Opens an object that has been made, or is just being made. */
export function openObject(name: string, readOnly: boolean): number {
  // Without O_NONBLOCK a FIFO there would have us wait for its writer.
  const flags = (readOnly ? O_RDONLY : O_RDWR) |
    (os === "linux" ? platform.O_NONBLOCK : 0);
  const fd = libc.shm_open(cString(name), flags, 0);
  check(fd, "shm_open", { on: name, ...KIND });
  try {
    requireMemory(fd, name);
  } catch (error) {
    base.close(fd);
    throw error;
  }
  for (let waited = 0; waited < PATIENCE; waited++) {
    if (fileLengthOf(fd) > 0) break;
    // Whoever makes it has not come to give it a size.
    sleepSync(1);
  }
  return fd;
}

/** Refuses what is neither shared memory nor a file. */
export function requireMemory(fd: number, on: string): void {
  const type = fileTypeOf(fd);
  if (type === "regular file") return;
  // Shared memory of macOS need not have any.
  if (os !== "linux" && type === UNKNOWN_TYPE) return;
  const hint = `it is no memory but a ${type}`;
  throw systemError(E.EINVAL, "mmap", { on, hint });
}

/** The file of an object. Linux. */
export function pathOf(name: string): string {
  return `${DIRECTORY}/${name.slice(1)}`;
}

/** Removes an object's name. */
export function unlinkObject(name: string): void {
  const result = libc.shm_unlink(cString(name));
  check(result, "shm_unlink", { on: name, ...KIND });
}

/** The names of all objects, with their slash. */
export function listObjects(): string[] {
  if (os !== "linux") {
    notSupported("listing shared memory", "its names are kept by nobody");
  }
  return listDirectory(DIRECTORY)
    .filter((name) => !name.startsWith(SEMAPHORE) && isObject(name))
    .map((name) => `/${name}`)
    .sort();
}

/** It may have gone since, or be a link, which nobody can open: shm_open(3). */
function isObject(name: string): boolean {
  return lookAt(`${DIRECTORY}/${name}`)?.type === "regular file";
}

/**
 * Makes an object longer and reserves the memory, as far as the system can:
 * without, SIGBUS would kill whoever writes where there is none.
 */
export function growObject(fd: number, length: number, on: string): void {
  requireAvailable(length - fileLengthOf(fd), on);
  grow(fd, length, on);
}

/**
 * Makes an object or a file longer and reserves the room, as far as the system
 * can.
 */
export function grow(fd: number, length: number, on: string): void {
  if (os !== "linux") return truncate(fd, length, on);
  requireAllowed(length, on);
  const before = fileLengthOf(fd);
  let number: number;
  do {
    number = libc.posix_fallocate(fd, 0n, BigInt(length));
  } while (number === E.EINTR);
  if (number === 0) return;
  // ext4 goes as far as it can, and would leave a full disk.
  if (fileLengthOf(fd) > before) truncate(fd, before, on);
  throw noRoom(number, length, on);
}

function noRoom(number: number, length: number, on: string): Error {
  const full = number === E.ENOSPC || number === E.ENOMEM;
  return systemError(number, "posix_fallocate", {
    on,
    hint: full ? `there is no room for ${length} bytes` : undefined,
  });
}

const RLIMIT_FSIZE = 1;

/** Refuses what ends the program, by SIGXFSZ, if it is tried: getrlimit(2). */
function requireAllowed(length: number, on: string): void {
  // struct rlimit { rlim_t rlim_cur, rlim_max; }
  const limits = new BigUint64Array(2);
  check(libc.getrlimit(RLIMIT_FSIZE, limits), "getrlimit");
  if (length <= limits[0]) return;
  throw systemError(E.EFBIG, "posix_fallocate", {
    on,
    hint: `no file may have more than ${limits[0]} bytes: ` +
      "raise RLIMIT_FSIZE (ulimit -f)",
  });
}

/** From how many bytes on to ask first. Smaller amounts are not worth it. */
const MUCH = 2 ** 26;

/**
 * Refuses more memory than there is. The kernel would not: it would go on
 * until nothing is left and then kill some process.
 */
function requireAvailable(bytes: number, on: string): void {
  if (os !== "linux" || bytes < MUCH) return;
  // MemAvailable and SwapFree of proc_meminfo(5), in kB.
  const text = readTextFile("/proc/meminfo");
  const [memory, swap] = ["MemAvailable", "SwapFree"].map((key) =>
    Number(text.match(new RegExp(`^${key}:\\s+(\\d+)`, "m"))?.[1])
  );
  if (bytes / 1024 > memory + swap) throw noRoom(E.ENOMEM, bytes, on);
}

/** Gives an object or a file another length. */
export function truncate(fd: number, length: number, on: string): void {
  check(libc.ftruncate(fd, BigInt(length)), "ftruncate", {
    on,
    hint: os === "darwin"
      ? "macOS lets shared memory be given a size once"
      : undefined,
  });
}
