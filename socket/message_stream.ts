import { bytes, wholeNumber } from "../_internal/arguments.ts";
import { closedError } from "../_internal/errno.ts";
import { Turns } from "../_internal/turns.ts";
import { orAborted, type WaitOptions } from "../_internal/wait.ts";
import { encodeFrame, FrameReader } from "./_frames.ts";

/** What messages can be put on: a stream of bytes that goes both ways. */
export interface ByteConnection {
  /** Reads some bytes; null is the end. */
  read(p: Uint8Array, options?: WaitOptions): Promise<number | null>;
  /** Writes some bytes, and answers how many. */
  write(p: Uint8Array, options?: WaitOptions): Promise<number>;
  /** Closes it. */
  close?(): void;
}

/** Options of a {@linkcode MessageStream}. */
export interface MessageStreamOptions {
  /**
   * The longest message in bytes, in both directions: up to 4,294,967,295. A
   * peer that announces a longer one is not believed, and no memory is set
   * aside for it.
   *
   * @default {16777216}
   */
  readonly maxLength?: number;
}

const DEFAULT_LENGTH = 1 << 24;
const MOST_LENGTH = 2 ** 32 - 1;

const encoder = new TextEncoder();

interface Reading {
  readonly count: Promise<number | null>;
  readonly signal: AbortSignal;
}

/**
 * Whole messages on any stream of bytes: a {@linkcode UnixStream}, two pipes, or
 * Deno's own `Deno.TcpConn` and `Deno.TlsConn`, so that the same code talks to
 * another process and to another machine.
 *
 * Each message goes after its length, as four bytes with the most significant
 * first, which programs in other languages do easily.
 *
 * @example Between two processes
 * ```ts
 * import { MessageStream, UnixStream } from "@ipc/core/socket";
 * import { assertEquals } from "@std/assert";
 *
 * const [one, two] = UnixStream.pair();
 * using here = new MessageStream(one);
 * using there = new MessageStream(two);
 *
 * await here.send("ping");
 * await here.send(new Uint8Array([1, 2, 3]));
 *
 * assertEquals(new TextDecoder().decode((await there.receive())!), "ping");
 * assertEquals(await there.receive(), new Uint8Array([1, 2, 3]));
 * here.close();
 * assertEquals(await there.receive(), null);
 * ```
 *
 * @example Between two machines
 * ```ts no-assert ignore
 * import { MessageStream } from "@ipc/core/socket";
 *
 * const connection = await Deno.connect({ hostname: "example.com", port: 4000 });
 * using messages = new MessageStream(connection);
 * await messages.send("ping");
 * ```
 */
export class MessageStream
  implements Disposable, AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #connection: ByteConnection;
  readonly #maxLength: number;
  readonly #frames: FrameReader;
  readonly #sending = new Turns();
  readonly #receiving = new Turns();
  /** Aborted by closing. */
  readonly #closed = new AbortController();
  /** A read that is under way, and the signal it was begun with. */
  #reading: Reading | undefined;

  /**
   * Puts messages on a connection, which is closed with it. Nobody else should
   * read from it or write to it any more.
   *
   * @param connection The stream of bytes.
   * @param options The longest message.
   * @throws {TypeError} If the connection cannot read and write.
   * @throws {RangeError} If `maxLength` is not a length that four bytes can say.
   *
   * @example
   * ```ts
   * import { MessageStream, UnixStream } from "@ipc/core/socket";
   *
   * const [one, two] = UnixStream.pair();
   * using messages = new MessageStream(one, { maxLength: 1024 });
   * two.close();
   * ```
   */
  constructor(
    connection: ByteConnection,
    options: MessageStreamOptions = {},
  ) {
    const { maxLength = DEFAULT_LENGTH } = options;
    for (const method of ["read", "write"] as const) {
      if (typeof connection?.[method] === "function") continue;
      throw new TypeError(
        `Cannot use messages: the connection must have the method ${method}()`,
      );
    }
    wholeNumber(maxLength, "use messages", "maxLength", 0, MOST_LENGTH);
    this.#connection = connection;
    this.#maxLength = maxLength;
    this.#frames = new FrameReader(maxLength);
  }

  /**
   * Sends a message, waiting until the stream has taken all of it. Messages
   * that are sent at the same time go in the order of the calls.
   *
   * @param data The message, which may be empty; text is UTF-8.
   * @param options A signal that ends the wait. A message of which nothing has
   * gone out by then is not sent; one that has begun is finished all the same,
   * because nobody could make sense of what comes after half a message.
   * @throws {RangeError} If it is longer than `maxLength`.
   * @throws {Deno.errors.BrokenPipe} And so on, as the connection does.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { MessageStream, UnixStream } from "@ipc/core/socket";
   *
   * const [one, two] = UnixStream.pair();
   * using messages = new MessageStream(one);
   * await messages.send("ping", { signal: AbortSignal.timeout(1000) });
   * two.close();
   * ```
   */
  async send(
    data: Uint8Array | string,
    options: WaitOptions = {},
  ): Promise<void> {
    const message = typeof data === "string"
      ? encoder.encode(data)
      : bytes(data, "send");
    if (message.length > this.#maxLength) {
      throw new RangeError(
        `Cannot send: the message must be at most ${this.#maxLength} bytes ` +
          `long: current value is ${message.length}`,
      );
    }
    const signal = this.#signalOf(options);
    // A copy: who does not wait any longer may use the memory again.
    const frame = encodeFrame(message);
    const write = () => this.#write(frame, signal);
    await orAborted(this.#sending.hold(write, signal), signal);
  }

  /** Can be aborted before the first byte has gone out, and not after it. */
  async #write(
    frame: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<void> {
    let written = await this.#connection.write(frame, { signal });
    while (written < frame.length) {
      const rest = frame.subarray(written);
      written += await this.#connection.write(rest);
    }
  }

  /**
   * Receives a message, waiting until all of it is there.
   *
   * @param options A signal that ends the wait; what has arrived of a message
   * by then is there for the next call.
   * @returns The message, in memory of its own; null at the end.
   * @throws {Deno.errors.InvalidData} If the peer announces a message that is
   * longer than `maxLength`; nothing can be received after that.
   * @throws {Deno.errors.UnexpectedEof} If the stream ends in the middle of a
   * message.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { MessageStream, UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [one, two] = UnixStream.pair();
   * using messages = new MessageStream(one);
   * two.close();
   * assertEquals(await messages.receive(), null);
   * ```
   */
  async receive(
    options: WaitOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const signal = this.#signalOf(options);
    return await this.#receiving.hold(() => this.#next(signal), signal);
  }

  async #next(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
    for (;;) {
      const message = this.#frames.next();
      if (message !== undefined) return message;
      const count = await this.#read(signal);
      if (count === null) {
        this.#frames.end();
        return null;
      }
      this.#frames.fill(count);
    }
  }

  /**
   * A read that cannot be aborted, such as one of Deno's own connections, goes
   * on, and what it gets is for the next who asks.
   */
  async #read(signal: AbortSignal): Promise<number | null> {
    for (;;) {
      const reading = this.#reading ??= {
        count: this.#connection.read(this.#frames.space, { signal }),
        signal,
      };
      try {
        const count = await orAborted(reading.count, signal);
        this.#reading = undefined;
        return count;
      } catch (error) {
        if (signal.aborted) throw error;
        this.#reading = undefined;
        // It only told that whoever had begun it was aborted.
        if (!reading.signal.aborted) throw error;
      }
    }
  }

  #signalOf({ signal }: WaitOptions): AbortSignal {
    const { signal: closed } = this.#closed;
    closed.throwIfAborted();
    signal?.throwIfAborted();
    return signal ? AbortSignal.any([signal, closed]) : closed;
  }

  /**
   * The messages as they come, up to the end. Leaving the loop early leaves the
   * connection open.
   *
   * @returns The messages.
   *
   * @example
   * ```ts
   * import { MessageStream, UnixStream } from "@ipc/core/socket";
   *
   * const [one, two] = UnixStream.pair();
   * const here = new MessageStream(one);
   * using there = new MessageStream(two);
   * await here.send("ping");
   * here.close();
   * for await (const message of there) console.log(message.length);
   * ```
   */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<
    Uint8Array<ArrayBuffer>
  > {
    for (;;) {
      const message = await this.receive();
      if (message === null) return;
      yield message;
    }
  }

  /**
   * Closes the connection. Waits that are pending reject with
   * `Deno.errors.BadResource`. A second call does nothing.
   *
   * @example
   * ```ts
   * import { MessageStream, UnixStream } from "@ipc/core/socket";
   *
   * const [one, two] = UnixStream.pair();
   * new MessageStream(one).close();
   * new MessageStream(two).close();
   * ```
   */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(closedError("use", "message stream"));
    this.#connection.close?.();
  }

  /**
   * Closes the connection at the end of a block.
   *
   * @example
   * ```ts
   * import { MessageStream, UnixStream } from "@ipc/core/socket";
   *
   * const [one, two] = UnixStream.pair();
   * using messages = new MessageStream(one);
   * await messages.send("ping");
   * two.close();
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}
