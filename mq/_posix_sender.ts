/** The sending half of a POSIX message queue: mq_send(3). */

import {
  attached,
  messageBytes,
  timeout as checkTimeout,
  wholeNumber,
} from "../_internal/arguments.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import {
  E,
  errno,
  type ErrorContext,
  systemError,
} from "../_internal/errno.ts";
import { POLLOUT } from "../_internal/platform.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { writeParking } from "../mux/parking.ts";
import { hasSent } from "./_answer.ts";
import { libc } from "./_ffi.ts";
import { AT_ONCE, blocking, notNow, type Timeout } from "./_posix_timeout.ts";
import type { PriorityOptions } from "./message.ts";

/** MQ_PRIO_MAX - 1 of Linux: mq_overview(7). */
const MOST_PRIORITY = 32_767;

type Send = (timeout: Timeout) => true | undefined;

/** Sends to one queue. */
export class PosixSender {
  readonly #descriptor: Descriptor;
  readonly #size: number;
  readonly #context: ErrorContext;
  readonly #queue: WaitQueue;

  /**
   * @param descriptor The queue; its owner closes it.
   * @param size How many bytes its messages may have.
   * @param context What to say in errors.
   */
  constructor(descriptor: Descriptor, size: number, context: ErrorContext) {
    this.#descriptor = descriptor;
    this.#size = size;
    this.#context = context;
    this.#queue = new WaitQueue(writeParking(descriptor), "send", context.on);
  }

  trySend(
    data: Uint8Array | string,
    { priority = 0 }: PriorityOptions = {},
  ): boolean {
    const bytes = checked(data, priority);
    return this.#queue.try(() => this.#send(bytes, priority, AT_ONCE)) ?? false;
  }

  sendSync(
    data: Uint8Array | string,
    options: PriorityOptions & SyncWaitOptions = {},
  ): void {
    const { priority = 0, timeout } = options;
    const bytes = checked(data, priority);
    if (timeout !== undefined) checkTimeout(timeout, "send");
    // The usual case. What waiting needs is made elsewhere: a function that has
    // closures allocates for them as soon as it is called.
    if (this.#queue.idle && this.#send(bytes, priority, AT_ONCE)) return;
    this.#sendWaiting(bytes, priority, options);
  }

  #sendWaiting(
    bytes: Uint8Array<ArrayBuffer>,
    priority: number,
    options: SyncWaitOptions,
  ): void {
    const attempt = () => this.#send(bytes, priority, AT_ONCE);
    const send: Send = (timeout) => this.#send(bytes, priority, timeout);
    this.#queue.runSync(
      attempt,
      options,
      (left) => blocking(send, this.#descriptor.fd, POLLOUT, left),
    );
  }

  async send(
    data: Uint8Array | string,
    options: PriorityOptions & WaitOptions = {},
  ): Promise<void> {
    const { priority = 0 } = options;
    const bytes = checked(data, priority);
    const attempt = () => this.#send(bytes, priority, AT_ONCE);
    if (this.#queue.eager(attempt, options)) return;
    await this.#queue.run(attempt, options);
  }

  #send(
    bytes: Uint8Array<ArrayBuffer>,
    priority: number,
    timeout: Timeout,
  ): true | undefined {
    const { fd } = this.#descriptor;
    const length = BigInt(attached(bytes, "send").length);
    const result = libc.mq_timedsend(fd, bytes, length, priority, timeout);
    if (result === 0) {
      hasSent();
      return true;
    }
    if (errno() === E.EMSGSIZE) throw this.#tooLong(bytes.length);
    return notNow("mq_send", this.#context);
  }

  #tooLong(length: number): Error {
    return systemError(E.EMSGSIZE, "mq_send", {
      ...this.#context,
      hint: `the message has ${length} bytes, and messageSize is ${this.#size}`,
    });
  }
}

function checked(
  data: Uint8Array | string,
  priority: number,
): Uint8Array<ArrayBuffer> {
  wholeNumber(priority, "send", "the priority", 0, MOST_PRIORITY);
  return messageBytes(data, "send");
}
