/** Making, finding and removing named POSIX semaphores: sem_open(3). */

import { fileMode, wholeNumber } from "../_internal/arguments.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import { fileLengthAt, listDirectory } from "../_internal/file.ts";
import { MappedRegion } from "../_internal/mapped_region.ts";
import { type Address, mappedAt } from "../_internal/mapping.ts";
import { cString } from "../_internal/memory.ts";
import { notSupported, os, platform } from "../_internal/platform.ts";
import { posixName } from "../_internal/posix_name.ts";
import { libc } from "./_ffi.ts";
import { SEM_SIZE } from "./_handle.ts";
import { isShared } from "./_sem_parking.ts";

const KIND = { kind: "semaphore" };

/** After the slash: NAME_MAX - 4, and PSEMNAMLEN, where macOS counts it too. */
const LONGEST_NAME = os === "darwin" ? 30 : 251;

/** Where Linux has them, and how they are called there: sem_overview(7). */
const DIRECTORY = "/dev/shm";
const PREFIX = "sem.";

/** Makes a semaphore. */
export function createNamed(
  name: string,
  value: number,
  mode: number,
): MappedRegion {
  const verb = "create a semaphore";
  posixName(name, verb, LONGEST_NAME);
  wholeNumber(value, verb, "the value", 0, platform.SEM_VALUE_MAX);
  fileMode(mode, verb);
  const flags = platform.O_CREAT | platform.O_EXCL;
  const mapping = open(name, flags, mode, value);
  // The umask has only taken permissions away. macOS cannot change them.
  if (os !== "linux") return mapping;
  if (libc.chmod(cString(pathOf(name)), mode) >= 0) return mapping;
  const number = errno();
  mapping.close();
  libc.sem_unlink(cString(name));
  throw systemError(number, "chmod", { on: name, ...KIND });
}

/** Opens a semaphore that is there. */
export function openNamed(name: string): MappedRegion {
  posixName(name, "open a semaphore", LONGEST_NAME);
  // What is mapped past the end of its file kills whoever touches it, and the
  // C library does not look.
  if (os === "linux" && lengthOf(name) < SEM_SIZE) throw noSemaphore(name);
  const mapping = open(name, 0, 0, 0);
  if (isShared(new Int32Array(mapping.buffer))) return mapping;
  mapping.close();
  throw noSemaphore(name);
}

function open(
  name: string,
  flags: number,
  mode: number,
  value: number,
): MappedRegion {
  const result = libc.sem_open(cString(name), flags, mode, value);
  const number = errno();
  const address = mappedAt(result);
  if (address === undefined) {
    throw systemError(number, "sem_open", { on: name, ...KIND });
  }
  // Not unmapped but closed, as another of the same name is at that address.
  const mirror = () => () => {};
  const options = { unmap: close, abandon: close, name, mirror };
  return new MappedRegion(address, SEM_SIZE, options);
}

/** Infinite if there is none: sem_open says so itself. */
function lengthOf(name: string): number {
  try {
    return fileLengthAt(pathOf(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return Infinity;
    throw error;
  }
}

/** The file of a semaphore. Linux. */
export function pathOf(name: string): string {
  return `${DIRECTORY}/${PREFIX}${name.slice(1)}`;
}

function noSemaphore(name: string): Error {
  const hint = "it is no semaphore";
  return systemError(E.EINVAL, "sem_open", { on: name, hint });
}

function close(address: Address): void {
  check(libc.sem_close(address), "sem_close");
}

/** Removes a semaphore's name. */
export function unlinkNamed(name: string): void {
  posixName(name, "unlink a semaphore", LONGEST_NAME);
  check(libc.sem_unlink(cString(name)), "sem_unlink", { on: name, ...KIND });
}

/** The names of all semaphores, with their slash, in order. */
export function listNamed(): string[] {
  if (os !== "linux") {
    notSupported("listing semaphores", "their names are kept by nobody");
  }
  return listDirectory(DIRECTORY)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => `/${name.slice(PREFIX.length)}`)
    .sort();
}
