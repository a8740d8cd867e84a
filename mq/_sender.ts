/** The sending half of a System V message queue: msgsnd(2). */

import { messageBytes, wholeNumber } from "../_internal/arguments.ts";
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
  type Attempt,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { libc } from "./_ffi.ts";
import { writeMessage } from "./_scratch.ts";
import { messageLimit, queueExists, tryMaxBytes } from "./_sysv_control.ts";
import type { SysvSendOptions } from "./sysv_message.ts";

/**
 * Sends to one queue. There is no call that waits for room without sending, so
 * an asynchronous send looks for it again and again.
 */
export class Sender {
  readonly #id: number;
  readonly #context: ErrorContext;
  readonly #parking = new ThreadParking({
    blockSync: (milliseconds) => this.#blockSync(milliseconds),
  });
  readonly #queue = new WaitQueue(this.#parking, "send");
  #closed = false;
  /** Sends again what did not fit just now, by a call that may block. */
  #sendBlocking: () => number = () => -1;
  /** Whether that has been done, while the thread was blocked. */
  #sent = false;

  /**
   * @param id The queue's id.
   * @param context What to call it in errors.
   */
  constructor(id: number, context: ErrorContext) {
    this.#id = id;
    this.#context = context;
  }

  trySend(data: Uint8Array | string, options?: SysvSendOptions): boolean {
    return this.#queue.try(this.#attempt(data, options)) ?? false;
  }

  sendSync(
    data: Uint8Array | string,
    options?: SysvSendOptions & SyncWaitOptions,
  ): void {
    this.#queue.runSync(this.#attempt(data, options), options);
  }

  async send(
    data: Uint8Array | string,
    options?: SysvSendOptions & WaitOptions,
  ): Promise<void> {
    await this.#queue.run(this.#attempt(data, options), options);
  }

  /** Wakes all who wait with an error. */
  close(): void {
    this.#closed = true;
    this.#parking.close(closedError("send", this.#context.on));
  }

  #attempt(
    data: Uint8Array | string,
    { type = 1 }: SysvSendOptions = {},
  ): Attempt<true> {
    const bytes = messageBytes(data, "send");
    wholeNumber(type, "send", "the type", 1, Number.MAX_SAFE_INTEGER);
    const length = BigInt(bytes.length);
    let first = true;
    return () => {
      if (this.#closed) throw closedError("send", this.#context.on);
      if (this.#sent) return this.#succeeded();
      const message = writeMessage(type, bytes).bytes;
      const id = this.#id;
      if (libc.msgsnd(id, message, length, IPC_NOWAIT) === 0) {
        return this.#succeeded();
      }
      this.#requirePossible(errno(), bytes.length, first);
      first = false;
      this.#sendBlocking = () => libc.msgsnd(id, message, length, 0);
      return undefined;
    };
  }

  #succeeded(): true {
    this.#sent = false;
    this.#parking.restart();
    return true;
  }

  /** Nothing but this thread runs meanwhile: the message is as it was. */
  #blockSync(milliseconds: number): void {
    callFor(milliseconds, () => this.#sent = this.#sendBlocking() === 0);
  }

  /** Throws unless the message may be sent some time. */
  #requirePossible(number: number, length: number, first: boolean): void {
    if (number === E.EINTR) return;
    if (number === E.EAGAIN) {
      // The kernel would wait for that much room for ever.
      const most = first ? tryMaxBytes(this.#id, this.#context) : undefined;
      if (most === undefined || length <= most) return;
      throw this.#tooLong(length, `the queue holds ${most}`);
    }
    // EINVAL is for a message that is too long and for a queue that is gone.
    const exists = number === E.EINVAL && queueExists(this.#id);
    if (!exists) throw sysvError(number, "msgsnd", this.#context);
    throw this.#tooLong(length, messageLimit());
  }

  #tooLong(length: number, limit: string): Error {
    return systemError(E.EMSGSIZE, "msgsnd", {
      ...this.#context,
      hint: `the message has ${length} bytes, and ${limit}`,
    });
  }
}
