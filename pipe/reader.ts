import { adopt, type Descriptor } from "../_internal/descriptor.ts";
import { ByteReader } from "../_internal/stream.ts";
import type {
  Parking,
  SyncWaitOptions,
  WaitOptions,
} from "../_internal/wait.ts";
import { readParking } from "../mux/parking.ts";
import {
  getAvailable,
  getCapacity,
  setCapacity,
} from "../_internal/pipe_capacity.ts";

/** How a FIFO's reading end differs from a pipe's. */
export interface ReaderOptions {
  /** Whether a read that answered nothing means the end. */
  readonly atEnd?: (fd: number) => boolean;
  /** How to wait, where readiness is not the whole story. */
  readonly parking?: Parking;
  /** What to close with the reading end. */
  readonly companion?: Disposable;
}

/** Makes the reading end of a descriptor that this package opened. */
export let newPipeReader: (
  descriptor: Descriptor,
  options?: ReaderOptions,
) => PipeReader;

/**
 * The end of a pipe or FIFO that is read from.
 *
 * @example Read what there is, chunk by chunk
 * ```ts
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.open();
 * await pipe.writer.writeAll(new TextEncoder().encode("ping"));
 * pipe.writer.close();
 *
 * let text = "";
 * for await (const chunk of pipe.reader) {
 *   text += new TextDecoder().decode(chunk);
 * }
 * assertEquals(text, "ping");
 * ```
 */
export class PipeReader implements Disposable, AsyncIterable<Uint8Array> {
  readonly #descriptor: Descriptor;
  readonly #stream: ByteReader;
  readonly #companion: Disposable | undefined;

  static {
    newPipeReader = (descriptor, options) =>
      new PipeReader(descriptor, options);
  }

  private constructor(
    descriptor: Descriptor,
    { atEnd, parking, companion }: ReaderOptions = {},
  ) {
    this.#descriptor = descriptor;
    this.#companion = companion;
    this.#stream = new ByteReader(
      descriptor,
      parking ?? readParking(descriptor),
      { atEnd, close: () => this.close() },
    );
  }

  /**
   * Takes over a descriptor that is open for reading, such as one that this
   * process was started with. It is closed with the reader. O_CLOEXEC and
   * O_NONBLOCK are set on it, the latter for everyone who shares the open file.
   *
   * Not for what `Deno.open` or `node:fs` opened: they would close the number a
   * second time, when it may be another's.
   *
   * @param fd The descriptor's number.
   * @returns Its reader.
   * @throws {RangeError} If `fd` is not a number that a descriptor can have.
   * @throws {Deno.errors.BadResource} If `fd` is not open, or not for reading.
   * @throws {Deno.errors.Busy} If another object of this package owns it.
   *
   * @example In a program that was started with `fds: { 3: pipe.reader }`
   * ```ts no-assert ignore
   * import { PipeReader } from "@ipc/core/pipe";
   *
   * using reader = PipeReader.fromFd(3);
   * for await (const chunk of reader) console.log(chunk);
   * ```
   */
  static fromFd(fd: number): PipeReader {
    return new PipeReader(adopt(fd, "read"));
  }

  /**
   * The descriptor's number, for `select`, `poll`, `spawn` and the like.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Reads once without waiting.
   *
   * @param p Where the bytes go.
   * @returns The number of bytes read, null at the end (every writer has
   * closed), undefined if it would have to wait or others wait already.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * assertEquals(pipe.reader.tryRead(new Uint8Array(8)), undefined);
   * pipe.writer.close();
   * assertEquals(pipe.reader.tryRead(new Uint8Array(8)), null);
   * ```
   */
  tryRead(p: Uint8Array): number | null | undefined {
    return this.#stream.tryRead(p);
  }

  /**
   * Reads, blocking the thread until something is there.
   *
   * @param p Where the bytes go.
   * @param options The longest to wait.
   * @returns The number of bytes read, or null at the end.
   * @throws {Deno.errors.TimedOut} If nothing came in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous read is pending.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals, assertThrows } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * pipe.writer.writeSync(new Uint8Array([1, 2, 3]));
   * assertEquals(pipe.reader.readSync(new Uint8Array(8)), 3);
   * assertThrows(
   *   () => pipe.reader.readSync(new Uint8Array(8), { timeout: 10 }),
   *   Deno.errors.TimedOut,
   * );
   * ```
   */
  readSync(p: Uint8Array, options?: SyncWaitOptions): number | null {
    return this.#stream.readSync(p, options);
  }

  /**
   * Reads, waiting until something is there. Reads that are pending at the
   * same time are served in the order in which they were called.
   *
   * @param p Where the bytes go.
   * @param options A signal that ends the wait; then no byte has been taken.
   * @returns The number of bytes read, or null at the end.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example With a time-out
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertRejects } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * const signal = AbortSignal.timeout(10);
   * await assertRejects(() => pipe.reader.read(new Uint8Array(8), { signal }));
   * ```
   */
  read(p: Uint8Array, options?: WaitOptions): Promise<number | null> {
    return this.#stream.read(p, options);
  }

  /**
   * The bytes as a Web Stream, which reads no further ahead than it is asked
   * to. Its end, its cancellation and its failure close this reader.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * pipe.writer.writeSync(new TextEncoder().encode("ping"));
   * pipe.writer.close();
   * assertEquals(await new Response(pipe.reader.readable).text(), "ping");
   * ```
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stream.readable;
  }

  /**
   * The chunks as they come, up to the end; each is memory of its own. Leaving
   * the loop early leaves the reader open.
   *
   * @returns The chunks.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   *
   * using pipe = Pipe.open();
   * pipe.writer.close();
   * for await (const chunk of pipe.reader) console.log(chunk.length);
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    return this.#stream.chunks();
  }

  /**
   * How many bytes the kernel holds at the most. Setting it rounds up to a
   * power of two of pages. Linux only: fcntl(2), F_SETPIPE_SZ.
   *
   * @throws {RangeError} If it is set to something that is no size.
   * @throws {Deno.errors.PermissionDenied} If it is set to more than
   * `/proc/sys/fs/pipe-max-size`, or makes this user's pipes larger together
   * than `pipe-user-pages-soft` beside it, and this user may not exceed that.
   * @throws {Deno.errors.Busy} If it is set to less than is in the pipe.
   * @throws {Deno.errors.NotSupported} On macOS.
   */
  get capacity(): number {
    return getCapacity(this.fd);
  }

  set capacity(bytes: number) {
    setCapacity(this.fd, bytes);
  }

  /**
   * How many bytes could be read right now.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get available(): number {
    return getAvailable(this.fd);
  }

  /**
   * Closes this end; writers then get `Deno.errors.BrokenPipe`. A read that is
   * pending rejects with `Deno.errors.BadResource`. A second call does nothing.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertRejects } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * const writing = pipe.writer.writeAll(new Uint8Array(1_000_000));
   * pipe.reader.close();
   * await assertRejects(() => writing, Deno.errors.BrokenPipe);
   * ```
   */
  close(): void {
    this.#descriptor.close();
    this.#companion?.[Symbol.dispose]();
  }

  /**
   * Closes this end at the end of a block.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   *
   * using reader = Pipe.open().reader;
   * console.log(reader.fd);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}
