/** Looking for a program, where another is started in its stead. */

import { toPath } from "../_internal/arguments.ts";
import { E, systemError } from "../_internal/errno.ts";
import { fileTypeAt } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import { libc } from "./_ffi.ts";

const X_OK = 1;

/** What execvp(3) looks through if there is no `PATH`. */
const DEFAULT_PATH = "/usr/bin:/bin";

/**
 * The path of what posix_spawnp(3) would start, or the error that it would
 * answer.
 *
 * @param command A name to look for in `PATH`, or a path.
 * @param cwd Where a path begins that is not absolute.
 */
export function findProgram(command: string, cwd?: string | URL): string {
  if (command === "") {
    throw new TypeError("Cannot spawn: the command must not be empty");
  }
  const named = command.includes("/");
  const base = cwd === undefined ? "." : toPath(cwd, "spawn");
  const paths = named
    ? [command.startsWith("/") ? command : `${base}/${command}`]
    : directories().map((directory) => `${directory}/${command}`);
  const there = paths.filter((path) => typeAt(path) !== undefined);
  const found = there.find(isExecutable);
  if (found !== undefined) return named ? command : found;
  const number = there.length === 0 ? E.ENOENT : E.EACCES;
  const context = { on: command, kind: "program" };
  throw systemError(number, "posix_spawnp", context);
}

function directories(): string[] {
  return (Deno.env.get("PATH") ?? DEFAULT_PATH).split(":");
}

function isExecutable(path: string): boolean {
  return typeAt(path) === "regular file" &&
    libc.access(cString(path), X_OK) === 0;
}

function typeAt(path: string): string | undefined {
  try {
    return fileTypeAt(path);
  } catch {
    // Not there, or not for us to see.
    return undefined;
  }
}
