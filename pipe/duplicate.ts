import { fdOf, type Watchable } from "../mux/watchable.ts";
import { duplicate as duplicateFrom } from "./_handover.ts";

/** Those below are the standard input, output and errors. */
const LEAST = 3;

/**
 * Makes a second descriptor of what one is open to, which nobody owns yet: for
 * the `fromFd` of a class here, which will close it.
 *
 * Use it to give something to a Worker. Workers do not know what the others own:
 * if two of them took over one number, both would close it, and by the second
 * time it may be somebody else's.
 *
 * See [fcntl(2)](https://man7.org/linux/man-pages/man2/fcntl.2.html).
 *
 * @param from What to duplicate: an object with a descriptor, or its number. It
 * stays as it is.
 * @returns The number of the new descriptor, which children do not inherit.
 * @throws {RangeError} If it is not a number that a descriptor can have.
 * @throws {Deno.errors.BadResource} If it is not open.
 * @throws {IpcError} `EMFILE` if no descriptor is left.
 *
 * @example A doorbell between Workers
 * ```ts
 * import { EventFd } from "@ipc/core/event";
 * import { duplicate } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using bell = EventFd.create();
 * const number = duplicate(bell); // postMessage(number), and in the Worker:
 * {
 *   using button = EventFd.fromFd(number);
 *   button.signal();
 * }
 * assertEquals(await bell.wait(), 1n);
 * ```
 */
export function duplicate(from: Watchable): number {
  return duplicateFrom(fdOf(from, "duplicate a descriptor"), LEAST);
}
