/** Opening files to lock them. */

import { fdNumber, fileMode, toPath } from "../_internal/arguments.ts";
import { libc as base } from "../_internal/_ffi.ts";
import { Descriptor } from "../_internal/descriptor.ts";
import { ensure } from "../_internal/ensure.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import { identityAt, identityOf, openFile } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import { O_RDONLY, O_RDWR, platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import type { FileLockOptions, Lockable } from "./lock_options.ts";

/** Above those of the standard streams. */
const LEAST_FD = 3n;

/** Whether it is a descriptor of a file, rather than its path. */
export function isOpen(file: Lockable): file is { readonly fd: number } {
  return typeof file === "object" && file !== null && "fd" in file;
}

/**
 * Opens a file; or another descriptor of one that is open, which shares its
 * locks.
 */
export function openToLock(
  file: Lockable,
  verb: string,
  options: FileLockOptions,
): Descriptor {
  if (isOpen(file)) {
    const on = `fd ${fdNumber(file.fd, verb)}`;
    const copy = base.fcntl(file.fd, platform.F_DUPFD_CLOEXEC, LEAST_FD);
    return new Descriptor(check(copy, "fcntl", { on }), on);
  }
  const path = toPath(file, verb);
  const { create = true, createMode = 0o600 } = options;
  fileMode(createMode, verb);
  const fd = tryOpen(path, options) ??
    (create
      ? ensure(() => make(path, createMode), () => open(path, options))
      : open(path, options));
  return new Descriptor(fd, path);
}

/** What no two files have in common; undefined if there is no such file. */
export function identityOfFile(
  file: Lockable,
  verb: string,
): string | undefined {
  if (isOpen(file)) return identityOf(fdNumber(file.fd, verb));
  try {
    return identityAt(toPath(file, verb));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function make(path: string, mode: number): number {
  const flags = O_RDWR | platform.O_CREAT | platform.O_EXCL;
  const fd = openFile(path, flags, {}, mode);
  if (libc.fchmod(fd, mode) >= 0) return fd;
  const number = errno();
  base.close(fd);
  throw systemError(number, "fchmod", { on: path });
}

function open(path: string, options: FileLockOptions): number {
  const fd = tryOpen(path, options);
  if (fd !== undefined) return fd;
  throw systemError(E.ENOENT, "open", { on: path, kind: "file" });
}

/** Undefined if there is no such file. */
function tryOpen(
  path: string,
  { mode, kind }: FileLockOptions,
): number | undefined {
  // A FIFO or a terminal must not keep us waiting.
  const flags = platform.O_NONBLOCK | platform.O_CLOEXEC;
  const fd = base.open(cString(path), flags | O_RDWR, 0);
  if (fd >= 0) return fd;
  const number = errno();
  if (number === E.ENOENT) return undefined;
  const readable = [E.EACCES, E.EISDIR, E.EROFS].includes(number);
  if (readable && (mode === "shared" || kind === "flock")) {
    const result = base.open(cString(path), flags | O_RDONLY, 0);
    return check(result, "open", { on: path });
  }
  throw systemError(number, "open", {
    on: path,
    hint: readable
      ? 'for an exclusive lock it has to be writable, but not for "flock"'
      : undefined,
  });
}
