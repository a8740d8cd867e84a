/** A name in the file system that was made here, to be removed by us alone. */

import { libc } from "./_ffi.ts";
import { check } from "./errno.ts";
import { type FileLook, lookAt, unlinkFile } from "./file.ts";
import { TemporaryName } from "./temporary_name.ts";

/** The longest path: PATH_MAX of Linux, more than that of macOS. */
const PATH_SIZE = 4096;

/**
 * The name of a file that was just made.
 *
 * @param path Where it is.
 * @param look What is there just after it was made.
 * @param kind What to call it in errors.
 */
export function ownFile(
  path: string,
  look: FileLook,
  kind: string,
): TemporaryName {
  const name = absolute(path);
  return new TemporaryName(
    () => lookAt(name)?.identity === look.identity,
    () => unlinkFile(name, { kind }),
  );
}

/** The working directory may be another when the file is to be removed. */
function absolute(path: string): string {
  if (path.startsWith("/")) return path;
  const buffer = new Uint8Array(PATH_SIZE);
  if (libc.getcwd(buffer, BigInt(PATH_SIZE)) === null) check(-1, "getcwd");
  const end = buffer.indexOf(0);
  return `${new TextDecoder().decode(buffer.subarray(0, end))}/${path}`;
}
