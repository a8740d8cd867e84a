import type { Descriptor } from "../_internal/descriptor.ts";
import { backoff } from "../_internal/backoff.ts";
import type { TemporaryName } from "../_internal/temporary_name.ts";
import { os, SOCK_DGRAM } from "../_internal/platform.ts";
import { sliceIsOver } from "../_internal/slice.ts";
import {
  rejecting,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { readParking, writeParking } from "../mux/parking.ts";
import { encodeAddress, printable, toName } from "./_address.ts";
import { Name } from "./_bind.ts";
import { attemptConnect } from "./_connect.ts";
import { attemptSend } from "./_message.ts";
import { adoptSocket, newPair, newSocket } from "./_open.ts";
import { controlMaker, toBytes } from "./_outgoing.ts";
import { Receiver } from "./_receiver.ts";
import { checkBuffers, setBuffers } from "./_socket_option.ts";
import type { BindOptions } from "./bind_options.ts";
import type { BufferOptions } from "./buffer_options.ts";
import type { ReceiveOptions, SendOptions } from "./message_options.ts";
import type { Received } from "./received.ts";
import { readName, UnixSocket } from "./socket.ts";

/** Options of sending a datagram. */
export interface DatagramSendOptions extends SendOptions {
  /**
   * The name of the socket to send it to, a path or after a NUL an abstract
   * name, such as the `from` of what was received; by default the one that this
   * socket is connected to.
   */
  readonly to?: string | URL;
}

/**
 * Pauses between two tries to send to a socket that is full, in milliseconds:
 * the kernel announces room only to those who are connected to it.
 */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 20;

/**
 * A socket that sends and receives messages without a connection: whoever knows
 * its name and may write its file can send to it. On Unix sockets no message is
 * lost or overtaken; one whose receiver is full waits. Each tells who sent it:
 * Linux gives a socket without a name an abstract one for that when it sends.
 *
 * See [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
 *
 * @example A server that answers
 * ```ts
 * import { UnixDatagram } from "@ipc/core/socket";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `/tmp/clock-${crypto.randomUUID()}`;
 * using server = UnixDatagram.bind(path);
 * using client = UnixDatagram.bind(`${path}-client`);
 *
 * await client.send("ping", { to: path });
 *
 * using request = await server.receive();
 * await server.send("pong", { to: request.from });
 *
 * using answer = await client.receive();
 * assertEquals(new TextDecoder().decode(answer.data), "pong");
 * assertEquals(answer.from, path);
 * ```
 */
export class UnixDatagram extends UnixSocket
  implements AsyncIterable<Received> {
  readonly #descriptor: Descriptor;
  readonly #receiver: Receiver;
  /** Those who send to the socket that this is connected to. */
  readonly #connected: WaitQueue;
  /** Those who wait to send to others, by their names. */
  readonly #others = new Map<string, WaitQueue>();
  readonly #file: TemporaryName | undefined;

  private constructor(descriptor: Descriptor, file?: TemporaryName) {
    super(descriptor);
    this.#descriptor = descriptor;
    this.#file = file;
    const receiving = new WaitQueue(
      readParking(descriptor),
      "receive",
      descriptor.name,
    );
    this.#receiver = new Receiver(descriptor, receiving, SOCK_DGRAM);
    const parking = os === "darwin" ? newBackoff() : writeParking(descriptor);
    this.#connected = new WaitQueue(parking, "send", descriptor.name);
  }

  /**
   * Makes a socket with a name.
   *
   * @param path The path, or after a NUL an abstract name. Undefined to have
   * Linux choose an abstract name, so that others can answer; on macOS the
   * socket then has none, and can only send.
   * @param options Its permissions and so on.
   * @returns The socket; closing it removes the file.
   * @throws {Deno.errors.AddrInUse} If there is anything under that path; with
   * `replaceStale`, anything but a dead socket.
   * @throws {Deno.errors.Busy} If others go on replacing sockets there, or
   * lock the directory.
   * @throws {Deno.errors.NotFound} If the directory is not there.
   * @throws {Deno.errors.PermissionDenied} If nothing may be made there.
   * @throws {RangeError} If the name is longer than 107 bytes (macOS: 103), or
   * an option is out of range.
   * @throws {TypeError} If it is empty, or UTF-8 cannot encode it.
   * @throws {Deno.errors.NotSupported} If the name is abstract, on macOS.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * const path = `/tmp/log-${crypto.randomUUID()}`;
   * using log = UnixDatagram.bind(path, { mode: 0o622 });
   * console.log(log.localPath);
   * ```
   */
  static override bind(
    path?: string | URL,
    options: BindOptions = {},
  ): UnixDatagram {
    checkBuffers(options);
    const name = new Name(path, options, "bind");
    const descriptor = newSocket(SOCK_DGRAM, name.printable);
    try {
      setBuffers(descriptor.fd, options);
      const nameless = os === "darwin" && path === undefined;
      const file = nameless ? undefined : name.bind(descriptor.fd);
      const { temporary = true } = options;
      return new UnixDatagram(descriptor, temporary ? file : undefined);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /**
   * Makes two sockets that are connected with each other. socketpair(2)
   *
   * @param options The sizes of the buffers of both.
   * @returns Both.
   * @throws {RangeError} If a size is none.
   * @throws {IpcError} `EMFILE` or `ENFILE` if too many files are open.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixDatagram.pair();
   * await here.send("ping");
   * assertEquals((await there.receive()).data.length, 4);
   * here.close();
   * there.close();
   * ```
   */
  static pair(options: BufferOptions = {}): [UnixDatagram, UnixDatagram] {
    checkBuffers(options);
    const [one, two] = newPair(SOCK_DGRAM);
    for (const { fd } of [one, two]) setBuffers(fd, options);
    return [new UnixDatagram(one), new UnixDatagram(two)];
  }

  /**
   * Takes over a datagram socket, such as one that this process was started
   * with or that came with a message. Its file stays when it is closed.
   * O_CLOEXEC and O_NONBLOCK are set on it, the latter for everyone who shares
   * the open file.
   *
   * @param fd The descriptor's number.
   * @returns Its socket.
   * @throws {TypeError} If it is no Unix datagram socket.
   * @throws {RangeError} If `fd` is not a number that a descriptor can have.
   * @throws {IpcError} `ENOTSOCK` if it is no socket.
   * @throws {Deno.errors.BadResource} If `fd` is not open.
   * @throws {Deno.errors.Busy} If another object of this package owns it.
   *
   * @example In a program that was started with `fds: { 3: socket }`
   * ```ts no-assert ignore
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * using socket = UnixDatagram.fromFd(3);
   * for await (const { data } of socket) console.log(data);
   * ```
   */
  static fromFd(fd: number): UnixDatagram {
    return new UnixDatagram(adoptSocket(fd, [SOCK_DGRAM], false).descriptor);
  }

  /**
   * Connects it: from then on it sends to that socket unless `to` says
   * otherwise, and receives only from that one. It may be connected again, to
   * another. This never waits.
   *
   * @param path Its path, or after a NUL its abstract name.
   * @throws {Deno.errors.NotFound} If there is nothing under that path.
   * @throws {Deno.errors.ConnectionRefused} If no socket is bound to it.
   * @throws {Deno.errors.PermissionDenied} If this user may not write its file,
   * or it is connected to another.
   * @throws {IpcError} `EPROTOTYPE` if the socket there is of another type.
   * @throws {RangeError} If the name is longer than 107 bytes (macOS: 103).
   * @throws {TypeError} If it is empty, or UTF-8 cannot encode it.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * const path = `/tmp/log-${crypto.randomUUID()}`;
   * using log = UnixDatagram.bind(path);
   * using client = UnixDatagram.bind();
   * client.connect(path);
   * await client.send("started");
   * ```
   */
  connect(path: string | URL): void {
    const name = toName(path, "connect");
    const address = encodeAddress(name, "connect");
    attemptConnect(this.fd, address, printable(name));
  }

  /**
   * The name of the socket it is connected to; undefined if that has none, as
   * the sockets of a pair have.
   *
   * @throws {Deno.errors.NotConnected} If it is not connected.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.InvalidData} If the name is not UTF-8.
   */
  get remotePath(): string | undefined {
    return readName(this.fd, "getpeername");
  }

  /**
   * Sends a message without waiting.
   *
   * @param data What to send; text is UTF-8.
   * @param options Where to, and what goes with it.
   * @returns The length of the message; undefined if its receiver is full, or
   * others wait already to send to it, and nothing was sent.
   * @throws {Deno.errors.ConnectionRefused} If nobody receives there any more;
   * otherwise as {@linkcode UnixDatagram.send}.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * const [here, there] = UnixDatagram.pair();
   * while (here.trySend("until it is full") !== undefined);
   * here.close();
   * there.close();
   * ```
   */
  trySend(
    data: Uint8Array | string,
    options?: DatagramSendOptions,
  ): number | undefined {
    const { attempt, to } = this.#sending(data, options);
    const queue = to === undefined ? this.#connected : this.#others.get(to);
    return queue === undefined ? attempt() : queue.try(attempt);
  }

  /**
   * Sends a message, blocking the thread while its receiver is full.
   *
   * @param data What to send; text is UTF-8.
   * @param options Where to, what goes with it, and the longest to wait.
   * @returns The length of the message.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.Busy} If an asynchronous send to it is pending;
   * otherwise as {@linkcode UnixDatagram.send}.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * const [here, there] = UnixDatagram.pair();
   * here.sendSync("ping", { timeout: 1000 });
   * here.close();
   * there.close();
   * ```
   */
  sendSync(
    data: Uint8Array | string,
    options?: DatagramSendOptions & SyncWaitOptions,
  ): number {
    const { attempt, to } = this.#sending(data, options);
    const queue = to === undefined
      ? this.#connected
      : this.#others.get(to) ?? newQueue(to);
    return queue.runSync(attempt, options);
  }

  /**
   * Sends a message, waiting while its receiver is full. Messages that wait for
   * the same receiver are sent in the order of the calls. With `to` that is
   * looked at again after 1 ms at first and 20 ms at the most, since the kernel
   * does not announce room; connected sockets are told at once on Linux.
   *
   * @param data What to send; text is UTF-8.
   * @param options Where to, what goes with it, and a signal that ends the
   * wait; then nothing was sent.
   * @returns The length of the message.
   * @throws {Deno.errors.NotFound} If there is nothing under the path of `to`.
   * @throws {Deno.errors.ConnectionRefused} If nobody receives there any more.
   * @throws {Deno.errors.NotConnected} If it is not connected and `to` was not
   * given.
   * @throws {Deno.errors.PermissionDenied} If this user may not write the file
   * of `to`, if that is connected to another, or if the credentials are not
   * this process's.
   * @throws {Deno.errors.BadResource} If it or one of `fds` is closed, now or
   * meanwhile.
   * @throws {RangeError} If there are more than 253 descriptors, or the name is
   * longer than 107 bytes (macOS: 103).
   * @throws {IpcError} `EMSGSIZE` if it is longer than the send buffer holds;
   * `EPROTOTYPE` if the socket there is of another type; `ETOOMANYREFS` if more
   * descriptors are on their way than this user may have open.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * const path = `/tmp/log-${crypto.randomUUID()}`;
   * using log = UnixDatagram.bind(path);
   * using client = UnixDatagram.bind();
   * await client.send("started", { to: path });
   * ```
   */
  send(
    data: Uint8Array | string,
    options?: DatagramSendOptions & WaitOptions,
  ): Promise<number> {
    return rejecting(() => {
      const { attempt, to } = this.#sending(data, options);
      return to === undefined
        ? this.#connected.run(attempt, options)
        : this.#sendTo(attempt, to, options);
    });
  }

  /** Waits, if need be, in turn with those who send to the same. */
  async #sendTo(
    attempt: () => number | undefined,
    to: string,
    options?: WaitOptions,
  ): Promise<number> {
    options?.signal?.throwIfAborted();
    let queue = this.#others.get(to);
    if (queue === undefined) {
      // Most messages need not wait.
      const count = sliceIsOver() ? undefined : attempt();
      if (count !== undefined) return count;
      queue = newQueue(to);
      this.#others.set(to, queue);
    }
    try {
      return await queue.run(attempt, options);
    } finally {
      if (queue.idle) this.#others.delete(to);
    }
  }

  #sending(
    data: Uint8Array | string,
    options: DatagramSendOptions | undefined,
  ): { readonly attempt: () => number | undefined; readonly to?: string } {
    const bytes = toBytes(data);
    const control = controlMaker(options);
    const to = options?.to === undefined
      ? undefined
      : toName(options.to, "send");
    const address = to === undefined ? undefined : encodeAddress(to, "send");
    const descriptor = this.#descriptor;
    const on = to === undefined ? descriptor.name : printable(to);
    const context = { on, kind: "socket" };
    return {
      to,
      attempt: () =>
        attemptSend(descriptor.fd, bytes, context, control?.(), address),
    };
  }

  /**
   * Receives a message that is there.
   *
   * @param options How much of it to take.
   * @returns The message; undefined if there is none, or others wait already.
   * @throws {Deno.errors.ConnectionReset} Once, if the socket it is connected
   * to was connected to another.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * using socket = UnixDatagram.bind();
   * assertEquals(socket.tryReceive(), undefined);
   * ```
   */
  tryReceive(options?: ReceiveOptions): Received | undefined {
    return this.#receiver.tryReceive(options)!;
  }

  /**
   * Receives a message, blocking the thread until there is one.
   *
   * @param options How much of it to take, and the longest to wait.
   * @returns The message.
   * @throws {Deno.errors.TimedOut} If none came in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous wait is pending.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * const [here, there] = UnixDatagram.pair();
   * here.sendSync("ping");
   * using message = there.receiveSync({ timeout: 1000 });
   * console.log(message.data.length);
   * here.close();
   * there.close();
   * ```
   */
  receiveSync(options?: ReceiveOptions & SyncWaitOptions): Received {
    return this.#receiver.receiveSync(options)!;
  }

  /**
   * Receives a message, waiting until there is one.
   *
   * @param options How much of it to take, and a signal that ends the wait;
   * then nothing was taken.
   * @returns The message.
   * @throws {Deno.errors.ConnectionReset} Once, if the socket it is connected
   * to was connected to another.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixDatagram.pair();
   * await here.send("a long message");
   * using message = await there.receive({ maxBytes: 6 });
   * assertEquals(new TextDecoder().decode(message.data), "a long");
   * assertEquals(message.truncated, true);
   * here.close();
   * there.close();
   * ```
   */
  receive(options?: ReceiveOptions & WaitOptions): Promise<Received> {
    // There is no end that null could stand for.
    return this.#receiver.receive(options) as Promise<Received>;
  }

  /**
   * The messages as they come, until the socket is closed. What nobody has
   * taken of one is closed when the next is asked for.
   *
   * @returns The messages.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * const [here, there] = UnixDatagram.pair();
   * await here.send("ping");
   * for await (const { data } of there) {
   *   console.log(data.length);
   *   there.close(); // no more
   * }
   * here.close();
   * ```
   */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<Received> {
    try {
      yield* this.#receiver.messages();
    } catch (error) {
      if (!this.#descriptor.closed) throw error;
    }
  }

  /**
   * Closes it, and removes its file if that is temporary and still the one that
   * was made here. Waits that are pending reject with
   * `Deno.errors.BadResource`. A second call does nothing.
   *
   * @throws {Deno.errors.PermissionDenied} If the file may not be removed.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * const path = `/tmp/log-${crypto.randomUUID()}`;
   * const log = UnixDatagram.bind(path);
   * log.close(); // and the file is gone
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

/** Those who wait to send to one other. */
function newQueue(to: string): WaitQueue {
  return new WaitQueue(newBackoff(), "send", printable(to));
}

function newBackoff() {
  return backoff(FIRST_PAUSE, LONGEST_PAUSE);
}
