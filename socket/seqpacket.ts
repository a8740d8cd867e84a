import type { Descriptor } from "../_internal/descriptor.ts";
import type { ErrorContext } from "../_internal/errno.ts";
import { SOCK_SEQPACKET } from "../_internal/platform.ts";
import {
  rejecting,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { readParking, writeParking } from "../mux/parking.ts";
import { Connecting } from "./_connect.ts";
import { attemptSend } from "./_message.ts";
import { adoptSocket, newPair } from "./_open.ts";
import { controlMaker, toBytes } from "./_outgoing.ts";
import { Receiver } from "./_receiver.ts";
import { checkBuffers, setBuffers } from "./_socket_option.ts";
import type { BufferOptions } from "./buffer_options.ts";
import { UnixConnection } from "./connection.ts";
import type { SendOptions } from "./message_options.ts";
import type { Received } from "./received.ts";

/** Makes the connection of a descriptor that this package opened. */
export let newUnixSeqpacket: (descriptor: Descriptor) => UnixSeqpacket;

/**
 * A connection that carries messages both ways, in order, each whole, with
 * descriptors if need be. Messages may be empty, and are at most as long as the
 * send buffer: about 208 KiB unless that is set. Each tells who sent it; Linux
 * gives a socket without a name an abstract one for that when it sends. Linux
 * only: macOS has streams, on which `MessageStream` keeps messages apart.
 *
 * See [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * @example
 * ```ts
 * import { UnixSeqpacket } from "@ipc/core/socket";
 * import { assertEquals } from "@std/assert";
 *
 * if (Deno.build.os === "linux") {
 *   const [here, there] = UnixSeqpacket.pair();
 *   await here.send("one");
 *   await here.send("two");
 *   here.close();
 *
 *   const texts: string[] = [];
 *   for await (const { data } of there) {
 *     texts.push(new TextDecoder().decode(data));
 *   }
 *   assertEquals(texts, ["one", "two"]);
 *   there.close();
 * }
 * ```
 */
export class UnixSeqpacket extends UnixConnection
  implements AsyncIterable<Received> {
  readonly #descriptor: Descriptor;
  readonly #receiver: Receiver;
  readonly #writing: WaitQueue;
  readonly #context: ErrorContext;

  static {
    newUnixSeqpacket = (descriptor) => new UnixSeqpacket(descriptor);
  }

  private constructor(descriptor: Descriptor) {
    const reading = new WaitQueue(
      readParking(descriptor),
      "receive",
      descriptor.name,
    );
    const writing = new WaitQueue(
      writeParking(descriptor),
      "send",
      descriptor.name,
    );
    const receiver = new Receiver(descriptor, reading, SOCK_SEQPACKET);
    super(descriptor, receiver, writing);
    this.#descriptor = descriptor;
    this.#receiver = receiver;
    this.#writing = writing;
    this.#context = { on: descriptor.name };
  }

  /**
   * Connects to a listener. That waits only if so many wait already to be
   * accepted that there is no room.
   *
   * @param path Its path, or after a NUL its abstract name.
   * @param options The sizes of the buffers, and a signal that ends the wait.
   * @returns The connection.
   * @throws {Deno.errors.NotFound} If there is nothing under that path.
   * @throws {Deno.errors.ConnectionRefused} If nobody listens there.
   * @throws {Deno.errors.PermissionDenied} If this user may not write its file.
   * @throws {IpcError} `EPROTOTYPE` if the socket there is of another type.
   * @throws {RangeError} If the name is longer than 107 bytes.
   * @throws {TypeError} If it is empty, or UTF-8 cannot encode it.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example
   * ```ts
   * import { UnixListener, UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const path = `/tmp/jobs-${crypto.randomUUID()}`;
   *   using listener = UnixListener.listen(path, { type: "seqpacket" });
   *   using client = await UnixSeqpacket.connect(path);
   *   console.log(client.remotePath === path);
   * }
   * ```
   */
  static async connect(
    path: string | URL,
    options?: BufferOptions & WaitOptions,
  ): Promise<UnixSeqpacket> {
    const connecting = new Connecting(path, SOCK_SEQPACKET, options);
    return new UnixSeqpacket(await connecting.run(options));
  }

  /**
   * Connects to a listener, blocking the thread while there is no room.
   *
   * @param path Its path, or after a NUL its abstract name.
   * @param options The sizes of the buffers, and the longest to wait.
   * @returns The connection.
   * @throws {Deno.errors.TimedOut} If there was no room in time; otherwise as
   * {@linkcode UnixSeqpacket.connect}.
   *
   * @example
   * ```ts
   * import { UnixListener, UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const path = `/tmp/jobs-${crypto.randomUUID()}`;
   *   using listener = UnixListener.listen(path, { type: "seqpacket" });
   *   using client = UnixSeqpacket.connectSync(path, { timeout: 1000 });
   *   console.log(client.peer.pid === Deno.pid);
   * }
   * ```
   */
  static connectSync(
    path: string | URL,
    options?: BufferOptions & SyncWaitOptions,
  ): UnixSeqpacket {
    const connecting = new Connecting(path, SOCK_SEQPACKET, options);
    return new UnixSeqpacket(connecting.runSync(options));
  }

  /**
   * Connects to a listener without waiting.
   *
   * @param path Its path, or after a NUL its abstract name.
   * @param options The sizes of the buffers.
   * @returns The connection; undefined if there is no room for it now.
   * @throws {Deno.errors.NotFound} And so on, as
   * {@linkcode UnixSeqpacket.connect}.
   *
   * @example
   * ```ts
   * import { UnixListener, UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const path = `/tmp/jobs-${crypto.randomUUID()}`;
   *   using listener = UnixListener.listen(path, { type: "seqpacket" });
   *   using client = UnixSeqpacket.tryConnect(path);
   *   console.log(client !== undefined);
   * }
   * ```
   */
  static tryConnect(
    path: string | URL,
    options?: BufferOptions,
  ): UnixSeqpacket | undefined {
    const descriptor = new Connecting(path, SOCK_SEQPACKET, options).try();
    return descriptor && new UnixSeqpacket(descriptor);
  }

  /**
   * Makes two sockets that are connected with each other. socketpair(2)
   *
   * @param options The sizes of the buffers of both.
   * @returns Both.
   * @throws {RangeError} If a size is none.
   * @throws {Deno.errors.NotSupported} On macOS.
   * @throws {IpcError} `EMFILE` or `ENFILE` if too many files are open.
   *
   * @example
   * ```ts
   * import { UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const [here, there] = UnixSeqpacket.pair();
   *   here.close();
   *   there.close();
   * }
   * ```
   */
  static pair(options: BufferOptions = {}): [UnixSeqpacket, UnixSeqpacket] {
    checkBuffers(options);
    const [one, two] = newPair(SOCK_SEQPACKET);
    for (const { fd } of [one, two]) setBuffers(fd, options);
    return [new UnixSeqpacket(one), new UnixSeqpacket(two)];
  }

  /**
   * Takes over a connected seqpacket socket, such as one that this process was
   * started with or that came with a message. O_CLOEXEC and O_NONBLOCK are set
   * on it, the latter for everyone who shares the open file.
   *
   * @param fd The descriptor's number.
   * @returns Its connection.
   * @throws {TypeError} If it is no Unix seqpacket socket, or one that listens.
   * @throws {RangeError} If `fd` is not a number that a descriptor can have.
   * @throws {IpcError} `ENOTSOCK` if it is no socket.
   * @throws {Deno.errors.BadResource} If `fd` is not open.
   * @throws {Deno.errors.Busy} If another object of this package owns it.
   *
   * @example In a program that was started with `fds: { 3: socket }`
   * ```ts no-assert ignore
   * import { UnixSeqpacket } from "@ipc/core/socket";
   *
   * using connection = UnixSeqpacket.fromFd(3);
   * await connection.send("pong");
   * ```
   */
  static fromFd(fd: number): UnixSeqpacket {
    const { descriptor } = adoptSocket(fd, [SOCK_SEQPACKET], false);
    return new UnixSeqpacket(descriptor);
  }

  /**
   * Sends a message without waiting.
   *
   * @param data What to send; text is UTF-8.
   * @param options What goes with it.
   * @returns The length of the message; undefined if it would have to wait, or
   * others wait already, and nothing was sent.
   * @throws {Deno.errors.BrokenPipe} If the peer receives no more; otherwise as
   * {@linkcode UnixSeqpacket.send}.
   *
   * @example
   * ```ts
   * import { UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const [here, there] = UnixSeqpacket.pair();
   *   console.log(here.trySend("ping")); // 4
   *   here.close();
   *   there.close();
   * }
   * ```
   */
  trySend(
    data: Uint8Array | string,
    options?: SendOptions,
  ): number | undefined {
    return this.#writing.try(this.#sending(data, options));
  }

  /**
   * Sends a message, blocking the thread until there is room for it.
   *
   * @param data What to send; text is UTF-8.
   * @param options What goes with it, and the longest to wait.
   * @returns The length of the message.
   * @throws {Deno.errors.TimedOut} If there was no room in time; otherwise as
   * {@linkcode UnixSeqpacket.send}.
   *
   * @example
   * ```ts
   * import { UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const [here, there] = UnixSeqpacket.pair();
   *   here.sendSync("ping", { timeout: 1000 });
   *   here.close();
   *   there.close();
   * }
   * ```
   */
  sendSync(
    data: Uint8Array | string,
    options?: SendOptions & SyncWaitOptions,
  ): number {
    return this.#writing.runSync(this.#sending(data, options), options);
  }

  /**
   * Sends a message, waiting until there is room for it. Messages that wait at
   * the same time are sent in the order of the calls.
   *
   * @param data What to send; text is UTF-8.
   * @param options What goes with it, and a signal that ends the wait; then
   * nothing was sent.
   * @returns The length of the message.
   * @throws {RangeError} If there are more than 253 descriptors.
   * @throws {Deno.errors.BrokenPipe} If the peer receives no more.
   * @throws {Deno.errors.BadResource} If it or one of `fds` is closed, now or
   * meanwhile.
   * @throws {Deno.errors.PermissionDenied} If the credentials are not this
   * process's.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the send buffer holds;
   * `ETOOMANYREFS` if more descriptors are on their way than this user may have
   * open.
   *
   * @example
   * ```ts
   * import { UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const [here, there] = UnixSeqpacket.pair();
   *   await here.send("standard output", { fds: [1] });
   *   using message = await there.receive();
   *   console.log(message!.fds.length); // 1
   *   here.close();
   *   there.close();
   * }
   * ```
   */
  send(
    data: Uint8Array | string,
    options?: SendOptions & WaitOptions,
  ): Promise<number> {
    return rejecting(() =>
      this.#writing.run(this.#sending(data, options), options)
    );
  }

  #sending(
    data: Uint8Array | string,
    options: SendOptions | undefined,
  ): () => number | undefined {
    const bytes = toBytes(data);
    const control = controlMaker(options);
    const descriptor = this.#descriptor;
    const context = this.#context;
    return control === undefined
      ? () => attemptSend(descriptor.fd, bytes, context)
      : () => attemptSend(descriptor.fd, bytes, context, control());
  }

  /**
   * The messages as they come, up to the end. What nobody has taken of one is
   * closed when the next is asked for. Leaving the loop early leaves the socket
   * open.
   *
   * @returns The messages.
   *
   * @example
   * ```ts
   * import { UnixSeqpacket } from "@ipc/core/socket";
   *
   * if (Deno.build.os === "linux") {
   *   const [here, there] = UnixSeqpacket.pair();
   *   await here.send("ping");
   *   here.close();
   *   for await (const { data } of there) console.log(data.length);
   *   there.close();
   * }
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Received> {
    return this.#receiver.messages();
  }
}
