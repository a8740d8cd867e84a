import { adopt, type Descriptor } from "../_internal/descriptor.ts";
import {
  ByteWriter,
  type WriteAllOptions,
  type WriteAllSyncOptions,
} from "../_internal/stream.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import { writeParking } from "../mux/parking.ts";
import { getCapacity, setCapacity } from "../_internal/pipe_capacity.ts";

/** Makes the writing end of a descriptor that this package opened. */
export let newPipeWriter: (descriptor: Descriptor) => PipeWriter;

/**
 * The end of a pipe or FIFO that is written to.
 *
 * Writes of up to 4,096 bytes (512 on macOS) reach the reader in one piece,
 * however many writers there are: `PIPE_BUF` in pipe(7).
 *
 * @example Write something completely
 * ```ts
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.open();
 * await pipe.writer.writeAll(new TextEncoder().encode("ping"));
 * assertEquals(pipe.reader.available, 4);
 * ```
 */
export class PipeWriter implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #stream: ByteWriter;

  static {
    newPipeWriter = (descriptor) => new PipeWriter(descriptor);
  }

  private constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
    this.#stream = new ByteWriter(descriptor, writeParking(descriptor), {
      fail: () => this.close(),
    });
  }

  /**
   * Takes over a descriptor that is open for writing, such as one that this
   * process was started with. It is closed with the writer. O_CLOEXEC and
   * O_NONBLOCK are set on it, the latter for everyone who shares the open file.
   *
   * Not for what `Deno.open` or `node:fs` opened: they would close the number a
   * second time, when it may be another's.
   *
   * @param fd The descriptor's number.
   * @returns Its writer.
   * @throws {RangeError} If `fd` is not a number that a descriptor can have.
   * @throws {Deno.errors.BadResource} If `fd` is not open, or not for writing.
   * @throws {Deno.errors.Busy} If another object of this package owns it.
   *
   * @example In a program that was started with `fds: { 4: pipe.writer }`
   * ```ts no-assert ignore
   * import { PipeWriter } from "@ipc/core/pipe";
   *
   * using writer = PipeWriter.fromFd(4);
   * await writer.writeAll(new TextEncoder().encode("pong"));
   * ```
   */
  static fromFd(fd: number): PipeWriter {
    return new PipeWriter(adopt(fd, "write"));
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
   * Writes once without waiting.
   *
   * @param p What to write.
   * @returns The number of bytes written, which may be fewer than there are;
   * undefined if it would have to wait or others wait already.
   * @throws {Deno.errors.BrokenPipe} If nobody can read it any more.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example Fill a pipe
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   *
   * using pipe = Pipe.open();
   * const block = new Uint8Array(4096);
   * while (pipe.writer.tryWrite(block) !== undefined);
   * ```
   */
  tryWrite(p: Uint8Array): number | undefined {
    return this.#stream.tryWrite(p);
  }

  /**
   * Writes, blocking the thread until there is room for some of it.
   *
   * @param p What to write.
   * @param options The longest to wait.
   * @returns The number of bytes written, which may be fewer than there are.
   * @throws {Deno.errors.BrokenPipe} If nobody can read it any more.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous write is pending.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * assertEquals(pipe.writer.writeSync(new Uint8Array(100)), 100);
   * ```
   */
  writeSync(p: Uint8Array, options?: SyncWaitOptions): number {
    return this.#stream.writeSync(p, options);
  }

  /**
   * Writes, blocking the thread until all of it is written.
   *
   * @param p What to write.
   * @param options The longest to wait, from now to the last byte.
   * @throws {Deno.errors.BrokenPipe} If nobody can read it any more.
   * @throws {Deno.errors.TimedOut} If there was no room in time; how much had
   * been written is known to `onProgress`.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous write is pending.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * pipe.writer.writeAllSync(new Uint8Array(100));
   * assertEquals(pipe.reader.available, 100);
   * ```
   */
  writeAllSync(p: Uint8Array, options?: WriteAllSyncOptions): void {
    this.#stream.writeAllSync(p, options);
  }

  /**
   * Writes, waiting until there is room for some of it. Writes that are
   * pending at the same time are served in the order in which they were called.
   *
   * @param p What to write.
   * @param options A signal that ends the wait; then nothing was written.
   * @returns The number of bytes written, which may be fewer than there are.
   * @throws {Deno.errors.BrokenPipe} If nobody can read it any more.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * assertEquals(await pipe.writer.write(new Uint8Array(100)), 100);
   * ```
   */
  write(p: Uint8Array, options?: WaitOptions): Promise<number> {
    return this.#stream.write(p, options);
  }

  /**
   * Writes all of it; nothing of another write comes between its parts.
   *
   * @param p What to write.
   * @param options A signal that ends the wait, and `onProgress`, which knows
   * how much had been written by then.
   * @throws {Deno.errors.BrokenPipe} If nobody can read it any more.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example Know how much went out before an abort
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * let sent = 0;
   * const signal = AbortSignal.timeout(10);
   * await assertRejects(() =>
   *   pipe.writer.writeAll(new Uint8Array(1_000_000), {
   *     signal,
   *     onProgress: (written) => sent = written,
   *   })
   * );
   * assertEquals(sent, pipe.reader.available);
   * ```
   */
  writeAll(p: Uint8Array, options?: WriteAllOptions): Promise<void> {
    return this.#stream.writeAll(p, options);
  }

  /**
   * A Web Stream that writes each chunk completely before it takes the next.
   * Closing and aborting it close this writer, and so does a write that fails.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   *
   * using pipe = Pipe.open();
   * const source = ReadableStream.from([new Uint8Array([1, 2, 3])]);
   * await source.pipeTo(pipe.writer.writable);
   * ```
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#stream.writable;
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
   * Closes this end; when it was the last, the reader comes to the end. A
   * write that is pending rejects with `Deno.errors.BadResource`. A second call
   * does nothing.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * pipe.writer.close();
   * assertEquals(await pipe.reader.read(new Uint8Array(8)), null);
   * ```
   */
  close(): void {
    this.#descriptor.close();
  }

  /**
   * Closes this end at the end of a block.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   *
   * using writer = Pipe.open().writer;
   * console.log(writer.fd);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}
