import type { Descriptor } from "../_internal/descriptor.ts";
import { openPipe } from "../_internal/pipe.ts";
import { checkCapacity, setCapacity } from "../_internal/pipe_capacity.ts";
import { notSupported, platform } from "../_internal/platform.ts";
import { newPipeReader, type PipeReader } from "./reader.ts";
import { newPipeWriter, type PipeWriter } from "./writer.ts";

/** Options of {@linkcode Pipe.open}. */
export interface PipeOptions {
  /**
   * How many bytes the kernel holds for the reader, rounded up to a power of
   * two of pages. Linux only; the default is 65,536 there.
   */
  readonly capacity?: number;
  /**
   * Keeps the boundaries of writes of up to 4,096 bytes: each is read as a
   * whole, and what does not fit the reader's buffer is lost. Linux only.
   *
   * @default {false}
   */
  readonly packets?: boolean;
}

/**
 * An anonymous pipe: bytes written to one end are read, in order, from the
 * other. It has no name, so the other process gets its end when it is started:
 * see {@linkcode spawn}. For two programs that were started independently use
 * a FIFO, for both directions over one descriptor a Unix socket.
 *
 * See [pipe(7)](https://man7.org/linux/man-pages/man7/pipe.7.html).
 *
 * @example Read what a program writes to its descriptor 3
 * ```ts
 * import { Pipe, spawn } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.open();
 * const child = spawn("sh", {
 *   args: ["-c", "echo from the child >&3"],
 *   fds: { 3: pipe.writer },
 * });
 * pipe.writer.close(); // or the end would never come: we hold it open too
 *
 * const text = await new Response(pipe.reader.readable).text();
 * assertEquals(text, "from the child\n");
 * assertEquals((await child.status).success, true);
 * ```
 */
export class Pipe implements Disposable {
  /** The end to read from. */
  readonly reader: PipeReader;
  /** The end to write to. */
  readonly writer: PipeWriter;

  private constructor(reader: PipeReader, writer: PipeWriter) {
    this.reader = reader;
    this.writer = writer;
  }

  /**
   * Makes a pipe. Neither end is inherited by programs that are started, other
   * than by naming it in {@linkcode spawn}.
   *
   * @param options Its capacity and whether it keeps packets apart.
   * @returns Both ends.
   * @throws {RangeError} If the capacity is not a whole number of bytes that a
   * pipe can have.
   * @throws {Deno.errors.PermissionDenied} If the capacity is more than
   * `/proc/sys/fs/pipe-max-size`, or makes this user's pipes larger together
   * than `pipe-user-pages-soft` beside it, and this user may not exceed that.
   * @throws {Deno.errors.NotSupported} If an option was given on macOS.
   * @throws {IpcError} `EMFILE` or `ENFILE` if too many files are open.
   *
   * @example Within one process
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using pipe = Pipe.open();
   * pipe.writer.writeSync(new TextEncoder().encode("ping"));
   *
   * const buffer = new Uint8Array(16);
   * const count = await pipe.reader.read(buffer);
   * assertEquals(count, 4);
   * ```
   */
  static open(options: PipeOptions = {}): Pipe {
    const { capacity, packets = false } = options;
    if (capacity !== undefined) checkCapacity(capacity);
    const [read, write] = packets ? openPackets() : openPipe();
    const pipe = new Pipe(newPipeReader(read), newPipeWriter(write));
    try {
      if (capacity !== undefined) setCapacity(write.fd, capacity);
    } catch (error) {
      pipe.close();
      throw error;
    }
    return pipe;
  }

  /**
   * Closes both ends. Waits that are pending reject with
   * `Deno.errors.BadResource`. A second call does nothing.
   *
   * @example Close both ends at once
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   *
   * const pipe = Pipe.open();
   * pipe.close();
   * ```
   */
  close(): void {
    this.reader.close();
    this.writer.close();
  }

  /**
   * Closes both ends at the end of a block.
   *
   * @example
   * ```ts
   * import { Pipe } from "@ipc/core/pipe";
   *
   * using pipe = Pipe.open();
   * console.log(pipe.reader.fd, pipe.writer.fd);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}

function openPackets(): Descriptor[] {
  if (platform.O_DIRECT === 0) notSupported("a pipe that keeps packets");
  return openPipe(platform.O_DIRECT);
}
