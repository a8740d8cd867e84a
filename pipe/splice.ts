import { wholeNumber } from "../_internal/arguments.ts";
import { whenClosed } from "../_internal/descriptor.ts";
import { closedError, E, systemError, wouldBlock } from "../_internal/errno.ts";
import { fileTypeOf } from "../_internal/file.ts";
import { notSupported, os, POLLHUP, POLLIN } from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";
import { type Park, parked, type WaitOptions } from "../_internal/wait.ts";
import { nextTurn, sliceIsOver } from "../_internal/slice.ts";
import { READ, WRITE } from "../mux/_backend.ts";
import { reactor } from "../mux/reactor.ts";
import { fdOf, type Watchable } from "../mux/watchable.ts";
import { libc } from "./_ffi.ts";

const SPLICE_F_NONBLOCK = 2;
const MOST = 0x7ffff000;

/**
 * Moves bytes from one descriptor to another within the kernel, waiting until
 * some can be moved. One of the two must be a pipe or FIFO. Linux only.
 *
 * See [splice(2)](https://man7.org/linux/man-pages/man2/splice.2.html).
 *
 * @param from Where the bytes come from.
 * @param to Where they go.
 * @param length How many at the most.
 * @param options A signal that ends the wait; then nothing was moved.
 * @returns How many were moved, which may be fewer; 0 at the end of `from`.
 * @throws {RangeError} If `length` is not a whole number of bytes.
 * @throws {Deno.errors.BrokenPipe} If nobody can read `to` any more.
 * @throws {Deno.errors.BadResource} If either is closed.
 * @throws {IpcError} `EINVAL` if neither is a pipe, or both are the same.
 * @throws {Deno.errors.NotSupported} On macOS: read and write instead.
 *
 * @example From one pipe into another
 * ```ts
 * import { Pipe, splice } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using source = Pipe.open();
 * using sink = Pipe.open();
 * await source.writer.writeAll(new Uint8Array(1000));
 *
 * assertEquals(await splice(source.reader, sink.writer, 4096), 1000);
 * assertEquals(sink.reader.available, 1000);
 * ```
 */
export async function splice(
  from: Watchable,
  to: Watchable,
  length: number,
  options: WaitOptions = {},
): Promise<number> {
  const { signal } = options;
  requireLinux("splice");
  const [input, output, count] = ends(from, to, length, "splice");
  signal?.throwIfAborted();
  for (;;) {
    if (sliceIsOver()) {
      await nextTurn();
      signal?.throwIfAborted();
    }
    // The objects' numbers, not the numbers of before the wait: they may have
    // been closed meanwhile.
    const moved = libc.splice(
      fdOf(from, "splice"),
      null,
      fdOf(to, "splice"),
      null,
      count,
      SPLICE_F_NONBLOCK,
    );
    if (moved > 0) return moved;
    if (moved < 0) wouldBlock("splice", { on: `fd ${input} to fd ${output}` });
    else if (count === 0n || isAtEnd(input)) return 0;
    // EAGAIN does not say which of the two was not ready.
    const empty = poll(input, POLLIN, 0) === 0;
    const park = empty
      ? parkingFor(input, READ, output)
      : parkingFor(output, WRITE, input);
    await parked(park, signal);
  }
}

/**
 * Whether there is nothing to come, after a call that has moved nothing: that
 * is also what comes of a FIFO without a writer yet, which has no hang-up.
 */
function isAtEnd(input: number): boolean {
  if (fileTypeOf(input) !== "FIFO") return true;
  return (poll(input, POLLIN, 0) & (POLLIN | POLLHUP)) === POLLHUP;
}

/** Waits for one of the two, and for either to be closed. */
function parkingFor(fd: number, interest: number, other: number): Park {
  return (wake) => {
    const callOff = whenClosed(other, () => {
      cancel(() => wake(closedError("splice", `fd ${other}`)));
    });
    const cancel = reactor.watch(fd, interest, (error) => {
      callOff();
      wake(error);
    });
    return (done) => {
      callOff();
      cancel(done);
    };
  };
}

/**
 * Copies bytes from one pipe into another without taking them from the first,
 * and without waiting. Linux only.
 *
 * See [tee(2)](https://man7.org/linux/man-pages/man2/tee.2.html).
 *
 * @param from The pipe to copy from.
 * @param to The pipe to copy to.
 * @param length How many bytes at the most.
 * @returns How many were copied; 0 if `from` is at its end.
 * @throws {RangeError} If `length` is not a whole number of bytes.
 * @throws {Deno.errors.WouldBlock} If `from` is empty or `to` is full.
 * @throws {Deno.errors.BadResource} If either is closed.
 * @throws {IpcError} `EINVAL` if either is not a pipe, or both are the same.
 * @throws {Deno.errors.NotSupported} On macOS: read and write twice instead.
 *
 * @example Look at what goes by
 * ```ts
 * import { Pipe, tee } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using source = Pipe.open();
 * using copy = Pipe.open();
 * await source.writer.writeAll(new Uint8Array(1000));
 *
 * assertEquals(tee(source.reader, copy.writer, 4096), 1000);
 * assertEquals(source.reader.available, 1000);
 * ```
 */
export function tee(from: Watchable, to: Watchable, length: number): number {
  requireLinux("tee");
  const [input, output, count] = ends(from, to, length, "tee");
  const copied = libc.tee(input, output, count, SPLICE_F_NONBLOCK);
  if (copied > 0) return copied;
  const context = { on: `fd ${input} to fd ${output}` };
  if (copied < 0) wouldBlock("tee", context);
  else if (count === 0n || isAtEnd(input)) return 0;
  throw systemError(E.EAGAIN, "tee", context);
}

function requireLinux(name: string): void {
  if (os !== "linux") notSupported(name, "read and write instead");
}

function ends(
  from: Watchable,
  to: Watchable,
  length: number,
  verb: string,
): [number, number, bigint] {
  const most = Number.MAX_SAFE_INTEGER;
  wholeNumber(length, verb, "the length in bytes", 0, most);
  return [fdOf(from, verb), fdOf(to, verb), BigInt(Math.min(length, MOST))];
}
