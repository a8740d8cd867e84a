import { parked, type WaitOptions } from "../_internal/wait.ts";
import { READ, WRITE } from "./_backend.ts";
import { reactor } from "./reactor.ts";
import { fdOf, type Watchable } from "./watchable.ts";

/**
 * Resolves when a read would not have to wait: something is there, or the end
 * has come, or an error is pending. Takes nothing. Regular files are always
 * ready.
 *
 * @param fd The descriptor.
 * @param options A signal that ends the wait.
 * @throws {RangeError} If it is not a number that a descriptor can have.
 * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
 *
 * @example
 * ```ts
 * import { readable } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 *
 * using pipe = Pipe.open();
 * pipe.writer.writeSync(new Uint8Array(1));
 * await readable(pipe.reader);
 * ```
 */
export async function readable(
  fd: Watchable,
  options?: WaitOptions,
): Promise<void> {
  await ready(fdOf(fd, "wait until readable"), READ, options);
}

/**
 * Resolves when a write would not have to wait: there is room, or nobody can
 * read it any more, or an error is pending. Regular files are always ready.
 *
 * @param fd The descriptor.
 * @param options A signal that ends the wait.
 * @throws {RangeError} If it is not a number that a descriptor can have.
 * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
 *
 * @example
 * ```ts
 * import { writable } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 *
 * using pipe = Pipe.open();
 * await writable(pipe.writer);
 * ```
 */
export async function writable(
  fd: Watchable,
  options?: WaitOptions,
): Promise<void> {
  await ready(fdOf(fd, "wait until writable"), WRITE, options);
}

function ready(
  fd: number,
  interest: number,
  options?: WaitOptions,
): Promise<void> {
  return parked((wake) => reactor.watch(fd, interest, wake), options?.signal);
}
