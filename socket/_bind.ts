/** Giving sockets their names. bind(2) */

import { fileMode } from "../_internal/arguments.ts";
import {
  check,
  E,
  errno,
  type ErrorContext,
  systemError,
} from "../_internal/errno.ts";
import { lookAt } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import { ownFile } from "../_internal/own_file.ts";
import { os, platform } from "../_internal/platform.ts";
import type { TemporaryName } from "../_internal/temporary_name.ts";
import {
  encodeAddress,
  isAbstract,
  printable,
  toName,
  unnamedAddress,
} from "./_address.ts";
import { libc } from "./_ffi.ts";
import { removeStale } from "./_stale.ts";
import type { BindOptions } from "./bind_options.ts";

/** How often a name may be free and taken again while we want it. */
const TRIES = 100;

/** A name that was checked, before there is a socket for it. */
export class Name {
  /** What to call it in errors; undefined if Linux chooses it. */
  readonly printable: string | undefined;
  /** The path, if it is one. */
  readonly #path: string | undefined;
  readonly #address: Uint8Array<ArrayBuffer>;
  readonly #mode: number;
  readonly #options: BindOptions;

  /**
   * @param name What the caller gave.
   * @param options How to bind it.
   * @param verb What the caller wants, for errors.
   */
  constructor(
    name: string | URL | undefined,
    options: BindOptions,
    verb: string,
  ) {
    const text = name === undefined ? undefined : toName(name, verb);
    const isPath = text !== undefined && !isAbstract(text);
    if (!isPath && options.mode !== undefined) {
      throw new TypeError(
        `Cannot ${verb}: a name that is not a path has no mode`,
      );
    }
    this.printable = text && printable(text);
    this.#path = isPath ? text : undefined;
    this.#options = options;
    this.#mode = fileMode(options.mode ?? 0o600, verb);
    this.#address = text === undefined
      ? unnamedAddress()
      : encodeAddress(text, verb);
  }

  /** Binds a socket to it; answers its file, if it has one. */
  bind(fd: number): TemporaryName | undefined {
    const path = this.#path;
    if (path !== undefined) {
      this.#bindPath(fd, path);
      return exactFile(path, this.#mode);
    }
    const result = libc.bind(fd, this.#address, this.#address.length);
    check(result, "bind", { on: this.printable });
    return undefined;
  }

  #bindPath(fd: number, path: string): void {
    const { replaceStale = false } = this.#options;
    for (let tries = TRIES;; tries--) {
      if (bindWithMode(fd, this.#address, this.#mode) >= 0) return;
      const number = errno();
      if (number !== E.EADDRINUSE || !replaceStale || tries === 0) {
        throw systemError(number, "bind", failureOf(number, path));
      }
      removeStale(path);
    }
  }
}

function failureOf(number: number, on: string): ErrorContext {
  if (number === E.EADDRINUSE) {
    const hint = "there is something under that path; " +
      "`replaceStale` removes a socket that nobody uses";
    return { on, hint };
  }
  // What is missing when a name cannot be made is the directory.
  if (number === E.ENOENT) return { on, hint: "its directory is missing" };
  return { on };
}

/**
 * Binds with no more permissions than `mode` from the first moment on. Linux
 * makes the file with the mode of the socket less the umask; macOS knows only
 * the umask, which belongs to all threads, but for this moment only takes away.
 */
function bindWithMode(
  fd: number,
  address: Uint8Array<ArrayBuffer>,
  mode: number,
): number {
  if (os !== "darwin") {
    check(libc.fchmod(fd, mode), "fchmod");
    return libc.bind(fd, address, address.length);
  }
  const before = libc.umask(~mode & 0o777);
  const result = libc.bind(fd, address, address.length);
  libc.umask(before);
  return result;
}

/** Gives the file what the umask took away, unless it is another's by now. */
function exactFile(path: string, mode: number): TemporaryName | undefined {
  const file = lookAt(path);
  if (file?.type !== "socket") return undefined;
  if (file.mode !== mode) {
    const { AT_FDCWD, AT_SYMLINK_NOFOLLOW } = platform;
    const name = cString(path);
    const result = libc.fchmodat(AT_FDCWD, name, mode, AT_SYMLINK_NOFOLLOW);
    check(result, "fchmodat", { on: path });
  }
  return ownFile(path, file, "socket");
}
