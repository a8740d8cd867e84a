/**
 * A lock that all Workers of this process know. Signals belong to the process,
 * while every Worker has its own copy of these modules: what they can have in
 * common is only what libc has exactly one of. Nothing in Deno reads the
 * standard input through stdio, so its lock is free to be used for this.
 * flockfile(3)
 */

import { libc as base } from "../_internal/_ffi.ts";
import { E, systemError } from "../_internal/errno.ts";
import { libc } from "./_ffi.ts";

/** How long another Worker may take, in milliseconds. */
const PATIENCE = 1000;

/**
 * Calls `body` while no other Worker does so.
 *
 * @throws {Deno.errors.Busy} If another Worker does not come to an end with
 * it, because it was terminated meanwhile.
 */
export function exclusively<T>(body: () => T): T {
  const file = new Deno.UnsafePointerView(libc.stdin!).getPointer();
  const deadline = performance.now() + PATIENCE;
  while (libc.ftrylockfile(file) !== 0) {
    if (performance.now() > deadline) {
      throw systemError(E.EBUSY, "ftrylockfile", {
        on: "the handlers of signals",
        hint: "another Worker has been changing them for a second: " +
          "was it terminated?",
      });
    }
    base.sched_yield();
  }
  try {
    return body();
  } finally {
    libc.funlockfile(file);
  }
}
