import { attached } from "../_internal/arguments.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { SHUT_RD, SOCK_STREAM } from "../_internal/platform.ts";
import {
  ByteReader,
  ByteWriter,
  type WriteAllOptions,
  type WriteAllSyncOptions,
  type WriteProgress,
} from "../_internal/stream.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { readParking, writeParking } from "../mux/parking.ts";
import { Connecting } from "./_connect.ts";
import { attemptSend, receiveBytes, sendBytes, shutdown } from "./_message.ts";
import { adoptSocket, newPair } from "./_open.ts";
import { controlMaker, toBytes } from "./_outgoing.ts";
import { Receiver } from "./_receiver.ts";
import { checkBuffers, setBuffers } from "./_socket_option.ts";
import type { BufferOptions } from "./buffer_options.ts";
import { UnixConnection } from "./connection.ts";
import type { SendOptions } from "./message_options.ts";

/** Makes the stream of a descriptor that this package opened. */
export let newUnixStream: (descriptor: Descriptor) => UnixStream;

/**
 * A connection that carries bytes both ways, and descriptors with them.
 *
 * Where one message ends and the next begins is not kept: use
 * {@linkcode UnixSeqpacket} on Linux, or `MessageStream`. See
 * [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * @example A client
 * ```ts
 * import { UnixListener, UnixStream } from "@ipc/core/socket";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `/tmp/jobs-${crypto.randomUUID()}`;
 * using listener = UnixListener.listen(path); // usually in another program
 *
 * using client = await UnixStream.connect(path);
 * await client.writeAll(new TextEncoder().encode("ping"));
 *
 * using server = await listener.accept();
 * const p = new Uint8Array(16);
 * assertEquals(await server.read(p), 4);
 * assertEquals(server.peer.uid, Deno.uid());
 * ```
 */
export class UnixStream extends UnixConnection
  implements AsyncIterable<Uint8Array> {
  readonly #descriptor: Descriptor;
  readonly #reader: ByteReader;
  readonly #writer: ByteWriter;
  readonly #writing: WaitQueue;
  #readingEnded = false;
  #writingEnded = false;

  static {
    newUnixStream = (descriptor) => new UnixStream(descriptor);
  }

  private constructor(descriptor: Descriptor) {
    const reading = new WaitQueue(
      readParking(descriptor),
      "read",
      descriptor.name,
    );
    const writing = new WaitQueue(
      writeParking(descriptor),
      "write",
      descriptor.name,
    );
    super(descriptor, new Receiver(descriptor, reading, SOCK_STREAM), writing);
    this.#descriptor = descriptor;
    this.#writing = writing;
    this.#reader = new ByteReader(descriptor, reading, {
      read: receiveBytes,
      close: () => this.#endReading(),
    });
    this.#writer = new ByteWriter(descriptor, writing, {
      write: sendBytes,
      close: () => this.#endWriting(),
      abort: () => this.close(),
      // What has arrived can still be read.
      fail: () => void this.#endWriting().catch(() => {}),
    });
  }

  /**
   * Connects to a listener. That waits only if so many wait already to be
   * accepted that there is no room, with pauses of 1 ms at first and 50 ms at
   * the most: the kernel does not announce room. (macOS refuses instead.)
   *
   * @param path Its path, or after a NUL its abstract name.
   * @param options The sizes of the buffers, and a signal that ends the wait.
   * @returns The connection.
   * @throws {Deno.errors.NotFound} If there is nothing under that path.
   * @throws {Deno.errors.ConnectionRefused} If nobody listens there.
   * @throws {Deno.errors.PermissionDenied} If this user may not write its file.
   * @throws {IpcError} `EPROTOTYPE` if the socket there is no stream.
   * @throws {RangeError} If the name is longer than 107 bytes (macOS: 103).
   * @throws {TypeError} If it is empty, or UTF-8 cannot encode it.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertRejects } from "@std/assert";
   *
   * await assertRejects(
   *   () => UnixStream.connect("/tmp/nobody-is-here"),
   *   Deno.errors.NotFound,
   * );
   * ```
   */
  static async connect(
    path: string | URL,
    options?: BufferOptions & WaitOptions,
  ): Promise<UnixStream> {
    const connecting = new Connecting(path, SOCK_STREAM, options);
    return new UnixStream(await connecting.run(options));
  }

  /**
   * Connects to a listener, blocking the thread while there is no room.
   *
   * @param path Its path, or after a NUL its abstract name.
   * @param options The sizes of the buffers, and the longest to wait.
   * @returns The connection.
   * @throws {Deno.errors.TimedOut} If there was no room in time; otherwise as
   * {@linkcode UnixStream.connect}.
   *
   * @example
   * ```ts
   * import { UnixListener, UnixStream } from "@ipc/core/socket";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using listener = UnixListener.listen(path);
   * using client = UnixStream.connectSync(path, { timeout: 1000 });
   * console.log(client.remotePath === path);
   * ```
   */
  static connectSync(
    path: string | URL,
    options?: BufferOptions & SyncWaitOptions,
  ): UnixStream {
    const connecting = new Connecting(path, SOCK_STREAM, options);
    return new UnixStream(connecting.runSync(options));
  }

  /**
   * Connects to a listener without waiting.
   *
   * @param path Its path, or after a NUL its abstract name.
   * @param options The sizes of the buffers.
   * @returns The connection; undefined if there is no room for it now.
   * @throws {Deno.errors.NotFound} And so on, as {@linkcode UnixStream.connect}.
   *
   * @example
   * ```ts
   * import { UnixListener, UnixStream } from "@ipc/core/socket";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using listener = UnixListener.listen(path);
   * using client = UnixStream.tryConnect(path);
   * console.log(client !== undefined);
   * ```
   */
  static tryConnect(
    path: string | URL,
    options?: BufferOptions,
  ): UnixStream | undefined {
    const descriptor = new Connecting(path, SOCK_STREAM, options).try();
    return descriptor && new UnixStream(descriptor);
  }

  /**
   * Makes two streams that are connected with each other: one to keep, one for
   * a child, or to be sent to another process. socketpair(2)
   *
   * @param options The sizes of the buffers of both.
   * @returns Both.
   * @throws {RangeError} If a size is none.
   * @throws {IpcError} `EMFILE` or `ENFILE` if too many files are open.
   *
   * @example Both directions with a child, over one descriptor
   * ```ts
   * import { spawn } from "@ipc/core/pipe";
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [ours, theirs] = UnixStream.pair();
   * await using child = spawn("cat", { fds: { 0: theirs, 1: theirs } });
   * theirs.close();
   *
   * await ours.writeAll(new TextEncoder().encode("ping"));
   * assertEquals(await ours.read(new Uint8Array(16)), 4);
   * ours.close();
   * ```
   */
  static pair(options: BufferOptions = {}): [UnixStream, UnixStream] {
    checkBuffers(options);
    const [one, two] = newPair(SOCK_STREAM);
    for (const { fd } of [one, two]) setBuffers(fd, options);
    return [new UnixStream(one), new UnixStream(two)];
  }

  /**
   * Takes over a connected stream socket, such as one that this process was
   * started with or that came with a message. It is closed with the stream.
   * O_CLOEXEC and O_NONBLOCK are set on it, the latter for everyone who shares
   * the open file.
   *
   * @param fd The descriptor's number.
   * @returns Its stream.
   * @throws {TypeError} If it is no Unix stream socket, or one that listens.
   * @throws {RangeError} If `fd` is not a number that a descriptor can have.
   * @throws {IpcError} `ENOTSOCK` if it is no socket.
   * @throws {Deno.errors.BadResource} If `fd` is not open.
   * @throws {Deno.errors.Busy} If another object of this package owns it.
   *
   * @example In a program that was started with `fds: { 3: socket }`
   * ```ts no-assert ignore
   * import { UnixStream } from "@ipc/core/socket";
   *
   * using stream = UnixStream.fromFd(3);
   * await stream.writeAll(new TextEncoder().encode("pong"));
   * ```
   */
  static fromFd(fd: number): UnixStream {
    return new UnixStream(adoptSocket(fd, [SOCK_STREAM], false).descriptor);
  }

  /**
   * Reads once without waiting. Descriptors that come with the bytes are
   * closed: {@linkcode receive} hands them over.
   *
   * @param p Where the bytes go.
   * @returns The number of bytes read, null at the end, undefined if it would
   * have to wait or others wait already.
   * @throws {Deno.errors.ConnectionReset} If the peer closed without having
   * read all.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * assertEquals(here.tryRead(new Uint8Array(8)), undefined);
   * there.close();
   * assertEquals(here.tryRead(new Uint8Array(8)), null);
   * here.close();
   * ```
   */
  tryRead(p: Uint8Array): number | null | undefined {
    return this.#reader.tryRead(p);
  }

  /**
   * Reads, blocking the thread until something is there.
   *
   * @param p Where the bytes go.
   * @param options The longest to wait.
   * @returns The number of bytes read, or null at the end.
   * @throws {Deno.errors.TimedOut} If nothing came in time.
   * @throws {Deno.errors.ConnectionReset} If the peer closed without having
   * read all.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous read is pending.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * here.writeSync(new Uint8Array([1, 2, 3]));
   * assertEquals(there.readSync(new Uint8Array(8), { timeout: 1000 }), 3);
   * here.close();
   * there.close();
   * ```
   */
  readSync(p: Uint8Array, options?: SyncWaitOptions): number | null {
    return this.#reader.readSync(p, options);
  }

  /**
   * Reads, waiting until something is there. Reads that are pending at the
   * same time are served in the order in which they were called.
   *
   * @param p Where the bytes go.
   * @param options A signal that ends the wait; then no byte has been taken.
   * @returns The number of bytes read, or null at the end.
   * @throws {Deno.errors.ConnectionReset} If the peer closed without having
   * read all.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * await here.writeAll(new Uint8Array([1, 2, 3]));
   * const signal = AbortSignal.timeout(1000);
   * assertEquals(await there.read(new Uint8Array(8), { signal }), 3);
   * here.close();
   * there.close();
   * ```
   */
  read(p: Uint8Array, options?: WaitOptions): Promise<number | null> {
    return this.#reader.read(p, options);
  }

  /**
   * Writes once without waiting.
   *
   * @param p What to write.
   * @returns The number of bytes written, which may be fewer than there are;
   * undefined if it would have to wait or others wait already.
   * @throws {Deno.errors.BrokenPipe} If the peer reads no more.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example Fill it
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * const block = new Uint8Array(4096);
   * while (here.tryWrite(block) !== undefined);
   * here.close();
   * there.close();
   * ```
   */
  tryWrite(p: Uint8Array): number | undefined {
    return this.#writer.tryWrite(p);
  }

  /**
   * Writes, blocking the thread until there is room for some of it.
   *
   * @param p What to write.
   * @param options The longest to wait.
   * @returns The number of bytes written, which may be fewer than there are.
   * @throws {Deno.errors.BrokenPipe} If the peer reads no more.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous write is pending.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * assertEquals(here.writeSync(new Uint8Array(100)), 100);
   * here.close();
   * there.close();
   * ```
   */
  writeSync(p: Uint8Array, options?: SyncWaitOptions): number {
    return this.#writer.writeSync(p, options);
  }

  /**
   * Writes, blocking the thread until all of it is written.
   *
   * @param p What to write.
   * @param options The longest to wait, from now to the last byte, and
   * `onProgress`, which knows how much had been written when it failed.
   * @throws {Deno.errors.BrokenPipe} If the peer reads no more.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous write is pending.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * here.writeAllSync(new Uint8Array(100), { timeout: 1000 });
   * here.close();
   * there.close();
   * ```
   */
  writeAllSync(p: Uint8Array, options?: WriteAllSyncOptions): void {
    this.#writer.writeAllSync(p, options);
  }

  /**
   * Writes, waiting until there is room for some of it. Writes that are
   * pending at the same time are served in the order in which they were called.
   *
   * @param p What to write.
   * @param options A signal that ends the wait; then nothing was written.
   * @returns The number of bytes written, which may be fewer than there are.
   * @throws {Deno.errors.BrokenPipe} If the peer reads no more.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * assertEquals(await here.write(new Uint8Array(100)), 100);
   * here.close();
   * there.close();
   * ```
   */
  write(p: Uint8Array, options?: WaitOptions): Promise<number> {
    return this.#writer.write(p, options);
  }

  /**
   * Writes all of it; nothing of another write comes between its parts.
   *
   * @param p What to write.
   * @param options A signal that ends the wait, and `onProgress`, which knows
   * how much had been written by then.
   * @throws {Deno.errors.BrokenPipe} If the peer reads no more.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * await here.writeAll(new TextEncoder().encode("ping"));
   * here.close();
   * there.close();
   * ```
   */
  writeAll(p: Uint8Array, options?: WriteAllOptions): Promise<void> {
    return this.#writer.writeAll(p, options);
  }

  /**
   * Sends as much as there is room for without waiting. If it sends anything,
   * the descriptors have gone with it.
   *
   * @param data What to send; text is UTF-8.
   * @param options What goes with it.
   * @returns The number of bytes sent, which may be fewer than there are;
   * undefined if it would have to wait or others wait already.
   * @throws {Deno.errors.BrokenPipe} If the peer receives no more; otherwise as
   * {@linkcode UnixStream.send}.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * assertEquals(here.trySend("ping"), 4);
   * here.close();
   * there.close();
   * ```
   */
  trySend(
    data: Uint8Array | string,
    options?: SendOptions,
  ): number | undefined {
    const bytes = toBytes(data);
    const begin = this.#beginning(bytes, options);
    return this.#writing.try(() => begin(bytes));
  }

  /**
   * Sends all of it, blocking the thread.
   *
   * @param data What to send; text is UTF-8.
   * @param options What goes with it, the longest to wait, and `onProgress`,
   * which knows how much had been sent when it failed.
   * @returns The number of bytes sent, which is all.
   * @throws {Deno.errors.TimedOut} If there was no room in time; otherwise as
   * {@linkcode UnixStream.send}.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * assertEquals(here.sendSync("ping", { timeout: 1000 }), 4);
   * here.close();
   * there.close();
   * ```
   */
  sendSync(
    data: Uint8Array | string,
    options?: SendOptions & SyncWaitOptions & WriteProgress,
  ): number {
    const bytes = toBytes(data);
    this.#writer.writeAllSync(bytes, options, this.#beginning(bytes, options));
    return bytes.length;
  }

  /**
   * Sends all of it; nothing of another write comes between its parts. The
   * descriptors go with the first byte, so that there has to be one: whoever
   * receives that gets them.
   *
   * @param data What to send; text is UTF-8.
   * @param options What goes with it, a signal that ends the wait, and
   * `onProgress`, which knows how much had been sent by then.
   * @returns The number of bytes sent, which is all.
   * @throws {TypeError} If there are descriptors or credentials, and no byte.
   * @throws {RangeError} If there are more than 253 descriptors.
   * @throws {Deno.errors.BrokenPipe} If the peer receives no more.
   * @throws {Deno.errors.BadResource} If it or one of `fds` is closed, now or
   * meanwhile.
   * @throws {Deno.errors.PermissionDenied} If the credentials are not this
   * process's.
   * @throws {IpcError} `ETOOMANYREFS` if more descriptors are on their way than
   * this user may have open.
   *
   * @example Let another program write to a file that it may not open
   * ```ts
   * import { PipeWriter } from "@ipc/core/pipe";
   * import { Pipe } from "@ipc/core/pipe";
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * using pipe = Pipe.open();
   * await here.send("write here", { fds: [pipe.writer] });
   *
   * using message = await there.receive(); // in the other program
   * using writer = PipeWriter.fromFd(message!.fds[0].take());
   * await writer.writeAll(new TextEncoder().encode("done"));
   *
   * assertEquals(await pipe.reader.read(new Uint8Array(16)), 4);
   * here.close();
   * there.close();
   * ```
   */
  async send(
    data: Uint8Array | string,
    options?: SendOptions & WaitOptions & WriteProgress,
  ): Promise<number> {
    const bytes = toBytes(data);
    const begin = this.#beginning(bytes, options);
    await this.#writer.writeAll(bytes, options, begin);
    return bytes.length;
  }

  /** How the first part of a message is sent. */
  #beginning(
    data: Uint8Array,
    options: SendOptions | undefined,
  ): (p: Uint8Array) => number | undefined {
    const control = controlMaker(options);
    if (data.length === 0 && control !== undefined) {
      throw new TypeError(
        "Cannot send: descriptors and credentials go with the first byte, " +
          "and there is none",
      );
    }
    const { name } = this.#descriptor;
    return (p) => {
      const { fd } = this.#descriptor;
      const bytes = attached(p, "send");
      if (bytes.length === 0) return 0;
      return attemptSend(fd, bytes, { on: name }, control?.());
    };
  }

  /**
   * What arrives as a Web Stream, which reads no further ahead than it is asked
   * to. When both this and {@linkcode writable} have ended, the socket is
   * closed; a failure is an end, too. Cancelling it tells the peer that nobody
   * reads any more.
   *
   * @example An echo server, which ends with its client
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [client, server] = UnixStream.pair();
   * const serving = server.readable.pipeTo(server.writable);
   *
   * await client.writeAll(new TextEncoder().encode("ping"));
   * await client.closeWrite();
   * assertEquals(await new Response(client.readable).text(), "ping");
   * await serving;
   * client.close();
   * ```
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#reader.readable;
  }

  /**
   * A Web Stream that writes each chunk completely before it takes the next.
   * Closing it ends the writing, as {@linkcode closeWrite} does, and closes the
   * socket if {@linkcode readable} has ended; so does a write that fails.
   * Aborting it closes the socket.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * const source = ReadableStream.from([new Uint8Array([1, 2, 3])]);
   * await source.pipeTo(here.writable);
   * assertEquals((await new Response(there.readable).bytes()).length, 3);
   * here.close();
   * there.close();
   * ```
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#writer.writable;
  }

  /**
   * The chunks as they come, up to the end; each is memory of its own. Leaving
   * the loop early leaves the socket open.
   *
   * @returns The chunks.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * await here.writeAll(new Uint8Array(3));
   * here.close();
   * for await (const chunk of there) console.log(chunk.length);
   * there.close();
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    return this.#reader.chunks();
  }

  #endReading(): void {
    this.#readingEnded = true;
    if (this.#descriptor.closed) return;
    const { fd, name } = this.#descriptor;
    if (this.#writingEnded) this.close();
    else shutdown(fd, SHUT_RD, { on: name });
  }

  async #endWriting(): Promise<void> {
    this.#writingEnded = true;
    if (this.#readingEnded) this.close();
    else await this.closeWrite();
  }
}
