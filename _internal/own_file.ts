/** A name in the file system that was made here, to be removed by us alone. */

import { libc } from "./_ffi.ts";
import { check } from "./errno.ts";
import { type FileLook, lookAt, unlinkFile } from "./file.ts";

/** The longest path: PATH_MAX of Linux, more than that of macOS. */
const PATH_SIZE = 4096;

/** What was made, whatever else may be under its path some day. */
export class OwnFile {
  readonly #path: string;
  readonly #identity: string;
  readonly #kind: string;

  /**
   * @param path Where it is.
   * @param look What is there just after it was made.
   * @param kind What to call it in errors.
   */
  constructor(path: string, { identity }: FileLook, kind: string) {
    this.#path = absolute(path);
    this.#identity = identity;
    this.#kind = kind;
  }

  /** Removes it, unless something else is there by now, or nothing. */
  remove(): void {
    if (lookAt(this.#path)?.identity !== this.#identity) return;
    unlinkFile(this.#path, { kind: this.#kind });
  }
}

/** The working directory may be another when the file is to be removed. */
function absolute(path: string): string {
  if (path.startsWith("/")) return path;
  const buffer = new Uint8Array(PATH_SIZE);
  if (libc.getcwd(buffer, BigInt(PATH_SIZE)) === null) check(-1, "getcwd");
  const end = buffer.indexOf(0);
  return `${new TextDecoder().decode(buffer.subarray(0, end))}/${path}`;
}
