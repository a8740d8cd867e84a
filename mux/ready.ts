import { closedError } from "../_internal/errno.ts";
import { POLLIN, POLLNVAL, POLLOUT } from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";
import type { WaitOptions } from "../_internal/wait.ts";
import { waitForAny } from "./_any.ts";
import { READ, WRITE } from "./_backend.ts";
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
  await ready(fd, "wait until readable", POLLIN, READ, options);
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
  await ready(fd, "wait until writable", POLLOUT, WRITE, options);
}

async function ready(
  watchable: Watchable,
  verb: string,
  events: number,
  interest: number,
  options?: WaitOptions,
): Promise<void> {
  const fd = fdOf(watchable, verb);
  await waitForAny({
    syscall: "poll",
    interests: () => [{ watchable, fd, interest }],
    attempt() {
      const bits = poll(fd, events, 0);
      if (bits & POLLNVAL) throw closedError("poll", `fd ${fd}`);
      return bits === 0 ? undefined : true;
    },
    block: (milliseconds) => void poll(fd, events, milliseconds),
  }, options);
}
