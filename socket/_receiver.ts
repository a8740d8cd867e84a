/** Receiving messages, for sockets of every type. */

import { bytes, wholeNumber } from "../_internal/arguments.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { check, type ErrorContext } from "../_internal/errno.ts";
import { platform, SOCK_DGRAM, SOCK_STREAM } from "../_internal/platform.ts";
import {
  rejecting,
  type SyncWaitOptions,
  type WaitOptions,
  type WaitQueue,
} from "../_internal/wait.ts";
import { MOST_FDS } from "./_control.ts";
import { libc } from "./_ffi.ts";
import { attemptReceive, SCRATCH_SIZE, type Wanted } from "./_message.ts";
import type { ReceiveOptions } from "./message_options.ts";
import { newReceived, type Received } from "./received.ts";

/** As much of a stream as is usually there. */
const MOST_OF_A_STREAM = 1 << 16;
const MOST = 0x7ffff000;

/** What is received, as the options say. */
interface WantedMessage extends Wanted {
  readonly maxFds: number;
}

/** The receiving half of a socket. */
export class Receiver {
  readonly #descriptor: Descriptor;
  readonly #queue: WaitQueue;
  readonly #context: ErrorContext;
  readonly #type: number;
  readonly #usual: WantedMessage;
  #asked = false;

  /**
   * @param descriptor The socket.
   * @param queue Those who wait to receive.
   * @param type SOCK_STREAM and so on.
   */
  constructor(descriptor: Descriptor, queue: WaitQueue, type: number) {
    this.#descriptor = descriptor;
    this.#queue = queue;
    this.#context = { on: descriptor.name };
    this.#type = type;
    const length = type === SOCK_STREAM ? MOST_OF_A_STREAM : SCRATCH_SIZE;
    this.#usual = { into: undefined, length, maxFds: MOST_FDS };
    // A stream's bytes are usually read, and nobody asks who sent them.
    if (type !== SOCK_STREAM) this.#askForCredentials(descriptor.fd);
  }

  tryReceive(options?: ReceiveOptions): Received | null | undefined {
    const wanted = this.#wanted(options);
    return this.#queue.try(() => this.#attempt(wanted));
  }

  receiveSync(options?: ReceiveOptions & SyncWaitOptions): Received | null {
    const wanted = this.#wanted(options);
    return this.#queue.runSync(() => this.#attempt(wanted), options);
  }

  receive(options?: ReceiveOptions & WaitOptions): Promise<Received | null> {
    return rejecting(() => {
      const wanted = this.#wanted(options);
      return this.#queue.run(() => this.#attempt(wanted), options);
    });
  }

  /** Messages up to the end; what nobody has taken of each is closed. */
  async *messages(): AsyncGenerator<Received> {
    for (;;) {
      using message = await this.receive();
      if (message === null) return;
      yield message;
    }
  }

  #wanted(options: ReceiveOptions | undefined): WantedMessage {
    if (options === undefined) return this.#usual;
    const { into: given, maxFds = MOST_FDS, maxBytes } = options;
    let into = given && bytes(given, "receive");
    const length = maxBytes ?? into?.length ?? this.#usual.length;
    wholeNumber(length, "receive", "maxBytes", 1, into?.length ?? MOST);
    wholeNumber(maxFds, "receive", "maxFds", 0, MOST_FDS);
    if (length > SCRATCH_SIZE) into ??= new Uint8Array(length);
    return { into, length, maxFds };
  }

  #attempt(wanted: WantedMessage): Received | null | undefined {
    const { fd } = this.#descriptor;
    if (!this.#asked) this.#askForCredentials(fd);
    const named = this.#type === SOCK_DGRAM;
    const arrival = attemptReceive(fd, wanted, named, this.#context);
    if (arrival === undefined) return undefined;
    const { count, data, controlLength } = arrival;
    if (count === 0 && this.#isEnd(controlLength)) return null;
    const { into, maxFds } = wanted;
    // Its memory is used again for the next message, unless it was given.
    const own = into === undefined
      ? data.slice(0, count)
      : count === into.length
      ? into
      : into.subarray(0, count);
    return newReceived(arrival, own, maxFds);
  }

  /**
   * Nothing is the end of a stream, and a message of a datagram socket. For a
   * sequence of messages it is either: Linux adds credentials to messages only.
   */
  #isEnd(controlLength: number): boolean {
    if (this.#type === SOCK_STREAM) return true;
    return this.#type !== SOCK_DGRAM && controlLength === 0;
  }

  /** SO_PASSCRED of unix(7). */
  #askForCredentials(fd: number): void {
    this.#asked = true;
    const { SOL_SOCKET, SO_PASSCRED } = platform;
    if (SO_PASSCRED === 0) return;
    const on = new Int32Array([1]);
    const result = libc.setsockopt(fd, SOL_SOCKET, SO_PASSCRED, on, 4);
    check(result, "setsockopt", this.#context);
  }
}
