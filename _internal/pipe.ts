/** Making anonymous pipes: pipe(2). */

import { libc } from "./_ffi.ts";
import { Descriptor, setCloseOnExec, setNonblocking } from "./descriptor.ts";
import { check } from "./errno.ts";
import { os, platform } from "./platform.ts";

/**
 * Both ends of a new pipe, the one to read from first.
 *
 * @param flags O_DIRECT, where there is such a thing.
 * @param name What to call them in errors, if not by their numbers.
 */
export function openPipe(flags = 0, name?: string): [Descriptor, Descriptor] {
  const [read, write] = os === "darwin" ? pipeThenFlags() : pipe2(flags);
  return [new Descriptor(read, name), new Descriptor(write, name)];
}

function pipe2(flags: number): Int32Array {
  const fds = new Int32Array(2);
  const all = flags | platform.O_CLOEXEC | platform.O_NONBLOCK;
  check(libc.pipe2(fds, all), "pipe2");
  return fds;
}

/** macOS has no pipe2(2): the flags come a moment later. */
function pipeThenFlags(): Int32Array {
  const fds = new Int32Array(2);
  check(libc.pipe(fds), "pipe");
  for (const fd of fds) {
    setCloseOnExec(fd);
    setNonblocking(fd, true);
  }
  return fds;
}
