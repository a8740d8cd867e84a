/** The sending half of a System V message queue: msgsnd(2). */

import {
  attached,
  messageBytes,
  timeout as checkTimeout,
  wholeNumber,
} from "../_internal/arguments.ts";
import {
  closedError,
  E,
  errno,
  type ErrorContext,
  systemError,
} from "../_internal/errno.ts";
import { IPC_NOWAIT } from "../_internal/platform.ts";
import { sysvError } from "../_internal/sysv.ts";
import { ThreadParking } from "../_internal/thread.ts";
import { callFor } from "../_internal/time_limit.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { hasSent } from "./_answer.ts";
import { libc } from "./_ffi.ts";
import { writeMessage } from "./_scratch.ts";
import { messageLimit, queueExists, tryMaxBytes } from "./_sysv_control.ts";
import type { SysvSendOptions } from "./sysv_message.ts";

/**
 * Sends to one queue. There is no call that waits for room without sending, so
 * an asynchronous send looks for it again and again.
 */
export class SysvSender {
  readonly #id: number;
  readonly #context: ErrorContext;
  readonly #parking = new ThreadParking({});
  readonly #queue: WaitQueue;
  #closed = false;

  /**
   * @param id The queue's id.
   * @param context What to call it in errors.
   */
  constructor(id: number, context: ErrorContext) {
    this.#id = id;
    this.#context = context;
    this.#queue = new WaitQueue(this.#parking, "send", context.on);
  }

  trySend(
    data: Uint8Array | string,
    { type = 1 }: SysvSendOptions = {},
  ): boolean {
    const bytes = checked(data, type);
    const attempt = () => this.#send(bytes, type, IPC_NOWAIT);
    if (this.#queue.try(attempt)) return true;
    this.#requireRoom(bytes);
    return false;
  }

  sendSync(
    data: Uint8Array | string,
    options: SysvSendOptions & SyncWaitOptions = {},
  ): void {
    const { type = 1, timeout } = options;
    const bytes = checked(data, type);
    if (timeout !== undefined) checkTimeout(timeout, "send");
    // The usual case. What waiting needs is made elsewhere: a function that has
    // closures allocates for them as soon as it is called.
    if (this.#queue.idle && this.#send(bytes, type, IPC_NOWAIT)) return;
    this.#sendWaiting(bytes, type, options);
  }

  #sendWaiting(
    bytes: Uint8Array<ArrayBuffer>,
    type: number,
    options: SyncWaitOptions,
  ): void {
    this.#requireRoom(bytes);
    const attempt = () => this.#send(bytes, type, IPC_NOWAIT);
    this.#queue.runSync(
      attempt,
      options,
      (left) => callFor(left, () => this.#send(bytes, type, 0)),
    );
  }

  async send(
    data: Uint8Array | string,
    options: SysvSendOptions & WaitOptions = {},
  ): Promise<void> {
    const { type = 1 } = options;
    const bytes = checked(data, type);
    const attempt = () => this.#send(bytes, type, IPC_NOWAIT);
    if (this.#queue.eager(attempt, options)) return;
    options.signal?.throwIfAborted();
    this.#requireRoom(bytes);
    await this.#queue.run(attempt, options);
  }

  /** Wakes all who wait with an error. */
  close(): void {
    this.#closed = true;
    this.#parking.close(closedError("send", this.#context.on));
  }

  #send(
    bytes: Uint8Array<ArrayBuffer>,
    type: number,
    flags: number,
  ): true | undefined {
    if (this.#closed) throw closedError("send", this.#context.on);
    const message = writeMessage(type, attached(bytes, "send"));
    const length = BigInt(bytes.length);
    if (libc.msgsnd(this.#id, message, length, flags) === 0) {
      this.#parking.restart();
      hasSent();
      return true;
    }
    const number = errno();
    if (number === E.EAGAIN || number === E.EINTR) return undefined;
    // EINVAL is for a message that is too long and for a queue that is gone.
    const exists = number === E.EINVAL && queueExists(this.#id);
    if (!exists) throw sysvError(number, "msgsnd", this.#context);
    throw this.#tooLong(bytes, messageLimit());
  }

  /** The kernel would wait for ever for more room than the queue has. */
  #requireRoom(bytes: Uint8Array): void {
    const most = tryMaxBytes(this.#id, this.#context);
    if (most === undefined || bytes.length <= most) return;
    throw this.#tooLong(bytes, `the queue holds ${most}`);
  }

  #tooLong({ length }: Uint8Array, limit: string): Error {
    return systemError(E.EMSGSIZE, "msgsnd", {
      ...this.#context,
      hint: `the message has ${length} bytes, and ${limit}`,
    });
  }
}

function checked(
  data: Uint8Array | string,
  type: number,
): Uint8Array<ArrayBuffer> {
  wholeNumber(type, "send", "the type", 1, Number.MAX_SAFE_INTEGER);
  return messageBytes(data, "send");
}
