/**
 * Removing the files of sockets that are dead, and only those.
 *
 * A file is looked at and removed in two system calls, and what is under the
 * path may be another one by the second. So it is moved aside first: then it
 * is looked at once more, and nobody can have put another in its place. And
 * those who do the same take turns, or one would move aside what the other has
 * just bound.
 */

import { Descriptor } from "../_internal/descriptor.ts";
import {
  check,
  E,
  errno,
  systemError,
  wouldBlock,
} from "../_internal/errno.ts";
import { lookAt, openFile, unlinkFile } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import {
  LOCK_EX,
  LOCK_NB,
  O_RDONLY,
  os,
  SOCK_DGRAM,
} from "../_internal/platform.ts";
import { sleepSync } from "../_internal/poll.ts";
import { encodeAddress, isShortEnough } from "./_address.ts";
import { libc } from "./_ffi.ts";
import { newSocket } from "./_open.ts";

/** How long others may take to do the same, in milliseconds. */
const PATIENCE = 1000;

/**
 * Removes a socket's file that no socket is bound to; does nothing if there is
 * none any more.
 *
 * @throws {Deno.errors.AddrInUse} If it is alive, or no socket.
 * @throws {Deno.errors.Busy} If others do not stop doing the same.
 */
export function removeStale(path: string): void {
  const directory = path.slice(0, path.lastIndexOf("/") + 1);
  using lock = lockDirectory(directory || ".");
  if (!isStale(path, path)) return;
  const aside = reachable(directory, unusedName(), lock);
  // Connecting to it there must be possible.
  encodeAddress(aside, "replace a stale socket");
  if (!move(path, aside)) return;
  let stale = false;
  try {
    stale = isStale(aside, path);
  } finally {
    // It is alive: somebody has bound it since the first look.
    if (!stale && lookAt(path) === undefined) move(aside, path);
  }
  if (stale) unlinkFile(aside, { kind: "socket" });
}

/**
 * Whether nobody can be reached under the path.
 *
 * Connecting with a socket of another type tells without disturbing anyone:
 * bound sockets refuse it for its type, even those that do not listen yet, and
 * a file without a socket refuses every connection.
 *
 * @param path Where it is.
 * @param name What to call it in errors.
 * @throws {Deno.errors.AddrInUse} If it is alive, or no socket.
 */
function isStale(path: string, name: string): boolean {
  const file = lookAt(path);
  if (file === undefined) return false;
  if (file.type !== "socket") {
    throw inUse(name, `not a socket but a ${file.type}`);
  }
  const address = encodeAddress(path, "replace a stale socket");
  using probe = newSocket(SOCK_DGRAM, path);
  const result = libc.connect(probe.fd, address, address.length);
  const number = result < 0 ? errno() : 0;
  if (number === E.ENOENT) return false;
  if (number === E.ECONNREFUSED) return true;
  throw inUse(
    name,
    number === E.EACCES
      ? "this user may not find out whether it is in use"
      : "somebody is bound to it",
  );
}

function inUse(path: string, hint: string): Error {
  return systemError(E.EADDRINUSE, "bind", { on: path, hint });
}

/** Answers false if there was nothing to move. */
function move(from: string, to: string): boolean {
  const result = libc.rename(cString(from), cString(to));
  if (result < 0 && errno() === E.ENOENT) return false;
  check(result, "rename", { on: from });
  return true;
}

/** The path of a file, short enough to be an address if that is possible. */
function reachable(
  directory: string,
  name: string,
  opened: Descriptor,
): string {
  const path = directory + name;
  if (os !== "linux" || isShortEnough(path)) return path;
  return `/proc/self/fd/${opened.fd}/${name}`;
}

/** Shorter than most names, because addresses are short. */
function unusedName(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** Locks a directory by flock(2), until it is closed. */
function lockDirectory(path: string): Descriptor {
  const directory = new Descriptor(openFile(path, O_RDONLY), path);
  const deadline = performance.now() + PATIENCE;
  try {
    while (libc.flock(directory.fd, LOCK_EX | LOCK_NB) < 0) {
      wouldBlock("flock", { on: path });
      if (performance.now() > deadline) {
        const hint = "another program has locked the directory";
        throw systemError(E.EBUSY, "flock", { on: path, hint });
      }
      sleepSync(1);
    }
    return directory;
  } catch (error) {
    directory.close();
    throw error;
  }
}
