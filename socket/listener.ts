import { wholeNumber } from "../_internal/arguments.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { check } from "../_internal/errno.ts";
import type { TemporaryName } from "../_internal/temporary_name.ts";
import { SOCK_SEQPACKET, SOCK_STREAM } from "../_internal/platform.ts";
import { untilClosed } from "../_internal/until_closed.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { readParking } from "../mux/parking.ts";
import { Name } from "./_bind.ts";
import { libc } from "./_ffi.ts";
import { adoptSocket, attemptAccept, newSocket } from "./_open.ts";
import { checkBuffers, setBuffers } from "./_socket_option.ts";
import type { BindOptions } from "./bind_options.ts";
import type { BufferOptions } from "./buffer_options.ts";
import type { UnixConnection } from "./connection.ts";
import { newUnixSeqpacket, type UnixSeqpacket } from "./seqpacket.ts";
import { UnixSocket } from "./socket.ts";
import { newUnixStream, type UnixStream } from "./stream.ts";

/** Options of {@linkcode UnixListener.listen}. */
export interface ListenOptions extends BindOptions {
  /**
   * What connections are: streams of bytes, or sequences of messages, which
   * only Linux has.
   *
   * @default {"stream"}
   */
  readonly type?: "stream" | "seqpacket";
  /**
   * How many connections may wait to be accepted; the system has a limit of
   * its own, 4,096 on Linux (`/proc/sys/net/core/somaxconn`), 128 on macOS.
   *
   * @default {4096}
   */
  readonly backlog?: number;
}

const MOST_BACKLOG = 0x7fffffff;

/**
 * A name at which other programs connect.
 *
 * A path that begins with a NUL is an abstract name, which has no file, no
 * permissions, and ends with the socket; only Linux has these. `sendBufferSize`
 * and `receiveBufferSize` are for the connections that are accepted.
 *
 * See [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * @example A server of many clients
 * ```ts
 * import { UnixListener, UnixStream } from "@ipc/core/socket";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `/tmp/echo-${crypto.randomUUID()}`;
 * using listener = UnixListener.listen(path);
 *
 * async function serve() {
 *   const echoes: Promise<void>[] = [];
 *   for await (const client of listener) {
 *     echoes.push(client.readable.pipeTo(client.writable).catch(console.error));
 *   }
 *   await Promise.all(echoes);
 * }
 * const serving = serve();
 *
 * using client = await UnixStream.connect(path);
 * await client.writeAll(new TextEncoder().encode("ping"));
 * assertEquals(await client.read(new Uint8Array(16)), 4);
 * client.close();
 *
 * listener.close();
 * await serving;
 * ```
 */
export class UnixListener<T extends UnixConnection = UnixStream>
  extends UnixSocket
  implements AsyncIterable<T> {
  readonly #descriptor: Descriptor;
  readonly #queue: WaitQueue;
  readonly #newConnection: (descriptor: Descriptor) => UnixConnection;
  readonly #buffers: BufferOptions;
  readonly #file: TemporaryName | undefined;

  private constructor(
    descriptor: Descriptor,
    type: number,
    buffers: BufferOptions = {},
    file?: TemporaryName,
  ) {
    super(descriptor);
    this.#descriptor = descriptor;
    this.#queue = new WaitQueue(
      readParking(descriptor),
      "accept",
      descriptor.name,
    );
    this.#newConnection = type === SOCK_STREAM
      ? newUnixStream
      : newUnixSeqpacket;
    this.#buffers = buffers;
    this.#file = file;
  }

  /**
   * Listens under a name. Who connects while nobody accepts waits in the
   * backlog.
   *
   * @param path Where, or after a NUL an abstract name; undefined to have Linux
   * choose an abstract name, which `localPath` tells.
   * @param options Its permissions, what connections are, and so on.
   * @returns The listener; closing it removes the file.
   * @throws {Deno.errors.AddrInUse} If there is anything under that path; with
   * `replaceStale`, anything but a dead socket.
   * @throws {Deno.errors.Busy} If others go on replacing sockets there, or
   * lock the directory.
   * @throws {Deno.errors.NotFound} If the directory is not there.
   * @throws {Deno.errors.PermissionDenied} If nothing may be made there.
   * @throws {RangeError} If the name is longer than 107 bytes (macOS: 103), or
   * an option is out of range.
   * @throws {TypeError} If it is empty, or UTF-8 cannot encode it.
   * @throws {Deno.errors.NotSupported} If macOS has no such name or type.
   *
   * @example Messages instead of bytes, and a server that was killed before
   * ```ts
   * import { UnixListener, UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const path = `/tmp/jobs-${crypto.randomUUID()}`;
   *   using listener = UnixListener.listen(path, {
   *     type: "seqpacket",
   *     mode: 0o660,
   *     replaceStale: true,
   *   });
   *   using client = await UnixSeqpacket.connect(path);
   *   using server = await listener.accept();
   *   await client.send("ping");
   *   using message = await server.receive();
   *   console.log(message!.data.length);
   * }
   * ```
   */
  static listen(
    path: string | URL | undefined,
    options: ListenOptions & { readonly type: "seqpacket" },
  ): UnixListener<UnixSeqpacket>;
  /**
   * Listens under a name for streams.
   *
   * @param path Where.
   * @param options Its permissions and so on.
   * @returns The listener; closing it removes the file.
   *
   * @example
   * ```ts
   * import { UnixListener } from "@ipc/core/socket";
   *
   * using listener = UnixListener.listen(`/tmp/jobs-${crypto.randomUUID()}`);
   * console.log(listener.localPath);
   * ```
   */
  static listen(
    path?: string | URL,
    options?: ListenOptions & { readonly type?: "stream" },
  ): UnixListener<UnixStream>;
  static listen(
    path?: string | URL,
    options: ListenOptions = {},
  ): UnixListener<UnixConnection> {
    const { backlog = 4096, temporary = true } = options;
    const type = toType(options.type);
    wholeNumber(backlog, "listen", "the backlog", 0, MOST_BACKLOG);
    checkBuffers(options);
    const name = new Name(path, options, "listen");
    const descriptor = newSocket(type, name.printable);
    let file: TemporaryName | undefined;
    try {
      file = name.bind(descriptor.fd);
      const context = { on: name.printable };
      check(libc.listen(descriptor.fd, backlog), "listen", context);
    } catch (error) {
      descriptor.close();
      file?.remove();
      throw error;
    }
    const own = temporary ? file : undefined;
    return new UnixListener(descriptor, type, options, own);
  }

  /**
   * Takes over a socket that listens already: one that a service manager has
   * started this process with, or another process's that came with a message,
   * with whom the connections are then shared. Its file stays when it is
   * closed. O_CLOEXEC and O_NONBLOCK are set on it, the latter for everyone who
   * shares it.
   *
   * @param fd The descriptor's number.
   * @returns Its listener, of streams or of messages as the socket is.
   * @throws {TypeError} If it is no Unix socket that listens.
   * @throws {RangeError} If `fd` is not a number that a descriptor can have.
   * @throws {IpcError} `ENOTSOCK` if it is no socket.
   * @throws {Deno.errors.BadResource} If `fd` is not open.
   * @throws {Deno.errors.Busy} If another object of this package owns it.
   *
   * @example A server that systemd has opened the socket for
   * ```ts no-assert ignore
   * import { UnixListener } from "@ipc/core/socket";
   *
   * using listener = UnixListener.fromFd(3);
   * for await (const client of listener) console.log(client.peer);
   * ```
   */
  static fromFd<T extends UnixConnection = UnixStream>(
    fd: number,
  ): UnixListener<T> {
    const types = [SOCK_STREAM, SOCK_SEQPACKET];
    const { descriptor, type } = adoptSocket(fd, types, true);
    return new UnixListener<T>(descriptor, type);
  }

  /**
   * Accepts a connection that waits.
   *
   * @returns The connection; undefined if there is none, or others wait
   * already.
   * @throws {IpcError} `EMFILE` or `ENFILE` if too many files are open; the
   * connection goes on waiting.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { UnixListener } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * using listener = UnixListener.listen(`/tmp/jobs-${crypto.randomUUID()}`);
   * assertEquals(listener.tryAccept(), undefined);
   * ```
   */
  tryAccept(): T | undefined {
    return this.#queue.try(() => this.#attempt());
  }

  /**
   * Accepts a connection, blocking the thread until there is one.
   *
   * @param options The longest to wait.
   * @returns The connection.
   * @throws {Deno.errors.TimedOut} If nobody came in time.
   * @throws {IpcError} `EMFILE` or `ENFILE` if too many files are open.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous accept is pending.
   *
   * @example
   * ```ts
   * import { UnixListener, UnixStream } from "@ipc/core/socket";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using listener = UnixListener.listen(path);
   * using client = UnixStream.connectSync(path);
   * using server = listener.acceptSync({ timeout: 1000 });
   * ```
   */
  acceptSync(options?: SyncWaitOptions): T {
    return this.#queue.runSync(() => this.#attempt(), options);
  }

  /**
   * Accepts a connection, waiting until there is one.
   *
   * @param options A signal that ends the wait.
   * @returns The connection.
   * @throws {IpcError} `EMFILE` or `ENFILE` if too many files are open; the
   * connection goes on waiting.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { UnixListener, UnixStream } from "@ipc/core/socket";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using listener = UnixListener.listen(path);
   * const accepting = listener.accept({ signal: AbortSignal.timeout(1000) });
   * using client = await UnixStream.connect(path);
   * using server = await accepting;
   * ```
   */
  accept(options?: WaitOptions): Promise<T> {
    return this.#queue.run(() => this.#attempt(), options);
  }

  #attempt(): T | undefined {
    const descriptor = attemptAccept(this.#descriptor);
    if (descriptor === undefined) return undefined;
    setBuffers(descriptor.fd, this.#buffers);
    return this.#newConnection(descriptor) as T;
  }

  /**
   * The connections as they come, until the listener is closed.
   *
   * @returns The connections; who takes one closes it.
   *
   * @example
   * ```ts
   * import { UnixListener, UnixStream } from "@ipc/core/socket";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using listener = UnixListener.listen(path);
   * using client = await UnixStream.connect(path);
   * for await (const server of listener) {
   *   server.close();
   *   listener.close(); // no more
   * }
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return untilClosed(() => this.accept(), () => this.#descriptor.closed);
  }

  /**
   * Stops listening, and removes the file if it is temporary and still the one
   * that was made here. Connections that were accepted stay; those that wait to
   * be are refused. An {@linkcode accept} that waits rejects with
   * `Deno.errors.BadResource`. A second call does nothing.
   *
   * @throws {Deno.errors.PermissionDenied} If the file may not be removed.
   *
   * @example
   * ```ts
   * import { UnixListener } from "@ipc/core/socket";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * const listener = UnixListener.listen(path);
   * listener.close(); // and the file is gone
   * ```
   */
  override close(): void {
    if (this.#descriptor.closed) return;
    try {
      this.#file?.remove();
    } finally {
      super.close();
    }
  }
}

function toType(type: ListenOptions["type"] = "stream"): number {
  if (type === "stream") return SOCK_STREAM;
  if (type === "seqpacket") return SOCK_SEQPACKET;
  throw new TypeError(
    `Cannot listen: the type must be "stream" or "seqpacket": ` +
      `current value is ${JSON.stringify(type)}`,
  );
}
