/** The receiving half of a POSIX message queue: mq_receive(3). */

import { bytes as checkBytes } from "../_internal/arguments.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import type { ErrorContext } from "../_internal/errno.ts";
import { firstOf } from "../_internal/first_of.ts";
import { POLLIN } from "../_internal/platform.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { readParking } from "../mux/parking.ts";
import { expectsAnswer } from "./_answer.ts";
import { libc } from "./_ffi.ts";
import { AT_ONCE, blocking, notNow, type Timeout } from "./_posix_timeout.ts";
import { scratchFor } from "./_scratch.ts";
import type { Message, MessageReceiveOptions } from "./message.ts";

/** Where the kernel puts a message's priority. */
const priority = new Uint32Array(1);

/** Receives from one queue. */
export class PosixReceiver {
  readonly #descriptor: Descriptor;
  readonly #size: number;
  readonly #length: bigint;
  readonly #context: ErrorContext;
  readonly #queue: WaitQueue;
  /** Where {@linkcode receiveSync} puts what it receives. */
  #into: Uint8Array | undefined;
  // Made once, as they are the same each time.
  readonly #receiveSync = (timeout: Timeout) =>
    this.#receive(timeout, this.#into);
  readonly #attemptSync = () => this.#receiveSync(AT_ONCE);
  readonly #blockSync = (left: number) =>
    blocking(this.#receiveSync, this.#descriptor.fd, POLLIN, left);

  /**
   * @param descriptor The queue; its owner closes it.
   * @param size How many bytes its messages may have.
   * @param context What to say in errors.
   */
  constructor(descriptor: Descriptor, size: number, context: ErrorContext) {
    this.#descriptor = descriptor;
    this.#size = size;
    this.#length = BigInt(size);
    this.#context = context;
    this.#queue = new WaitQueue(readParking(descriptor), "receive", context.on);
  }

  tryReceive({ into }: MessageReceiveOptions = {}): Message | undefined {
    return this.#queue.try(() => this.#receive(AT_ONCE, into));
  }

  receiveSync(options: MessageReceiveOptions & SyncWaitOptions = {}): Message {
    const { into, timeout } = options;
    // The usual case between two who talk in turns, without the wait loop.
    const answer = expectsAnswer();
    if (answer && timeout === undefined && this.#queue.blocksFirst()) {
      const message = this.#receive(null, into);
      if (message !== undefined) return message;
    }
    this.#into = into;
    return this.#queue
      .runSync(this.#attemptSync, options, this.#blockSync, answer);
  }

  receive(options: MessageReceiveOptions & WaitOptions = {}): Promise<Message> {
    const { into } = options;
    return this.#queue.run(() => this.#receive(AT_ONCE, into), options);
  }

  #receive(timeout: Timeout, into?: Uint8Array): Message | undefined {
    const { fd } = this.#descriptor;
    const bytes = into === undefined
      ? scratchFor(this.#size).bytes
      : this.#largeEnough(into);
    const length = libc
      .mq_timedreceive(fd, bytes, this.#length, priority, timeout);
    if (length < 0) return notNow("mq_receive", this.#context);
    const data = into === undefined
      ? bytes.slice(0, length)
      : firstOf(bytes, length);
    return { data, priority: priority[0] };
  }

  /** The kernel refuses what is too small for the longest message. */
  #largeEnough(into: Uint8Array): Uint8Array<ArrayBuffer> {
    const buffer = checkBytes(into, "receive");
    if (buffer.length >= this.#size) return buffer;
    throw new RangeError(
      `Cannot receive: \`into\` must have at least ${this.#size} bytes, as ` +
        `the queue's messageSize is ${this.#size}: it has ${buffer.length}`,
    );
  }
}
