/** The receiving half of a System V message queue: msgrcv(2). */

import { wholeNumber } from "../_internal/arguments.ts";
import {
  closedError,
  E,
  errno,
  type ErrorContext,
} from "../_internal/errno.ts";
import { canInterrupt, interrupt } from "../_internal/interrupt.ts";
import { address } from "../_internal/memory.ts";
import { IPC_NOWAIT, MSG_NOERROR } from "../_internal/platform.ts";
import { sysvError } from "../_internal/sysv.ts";
import { type ThreadCall, ThreadParking } from "../_internal/thread.ts";
import { callFor } from "../_internal/time_limit.ts";
import {
  type Attempt,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { libc } from "./_ffi.ts";
import { HeldMessages } from "./_held_messages.ts";
import { readMessage, scratchFor, TYPE_SIZE } from "./_scratch.ts";
import {
  checkSelection,
  type Selection,
  selectionFlags,
  selectionKey,
} from "./_selection.ts";
import type { SysvMessage, SysvReceiveOptions } from "./sysv_message.ts";

/** The most bytes to receive at first; more once a longer one has come. */
const FIRST_SIZE = 8192;
const MOST_SIZE = 2 ** 30;

/** So many choices of types are remembered, whether or not anybody waits. */
const MOST_IDLE_LINES = 64;

/** Those who wait for the same types. */
interface Line extends Selection {
  readonly mtype: bigint;
  readonly flags: number;
  readonly parking: ThreadParking;
  readonly queue: WaitQueue;
}

/** Receives from one queue. */
export class Receiver {
  readonly #id: number;
  readonly #context: ErrorContext;
  readonly #held: HeldMessages;
  /** Each choice of types has its own: none has to wait for another. */
  readonly #lines = new Map<number | string, Line>();
  #size = FIRST_SIZE;
  #closed = false;

  /**
   * @param id The queue's id.
   * @param context What to call it in errors.
   */
  constructor(id: number, context: ErrorContext) {
    this.#id = id;
    this.#context = context;
    this.#held = new HeldMessages(id);
  }

  tryReceive(options?: SysvReceiveOptions): SysvMessage | undefined {
    const line = this.#lineFor(options);
    return line.queue.try(this.#attempt(line, options));
  }

  receiveSync(options?: SysvReceiveOptions & SyncWaitOptions): SysvMessage {
    const line = this.#lineFor(options);
    return line.queue.runSync(this.#attempt(line, options), options);
  }

  async receive(
    options?: SysvReceiveOptions & WaitOptions,
  ): Promise<SysvMessage> {
    const line = this.#lineFor(options);
    return await line.queue.run(this.#attempt(line, options), options);
  }

  /** Wakes all who wait with an error. */
  close(): void {
    this.#closed = true;
    const error = closedError("receive", this.#context.on);
    for (const { parking } of this.#lines.values()) parking.close(error);
    this.#held.giveBack();
  }

  #lineFor({ type = 0, except = false }: SysvReceiveOptions = {}): Line {
    const key = selectionKey(type, except);
    const found = this.#lines.get(key);
    if (found !== undefined) return found;
    checkSelection(type, except);
    if (this.#lines.size >= MOST_IDLE_LINES) this.#forgetIdleLines();
    const line = this.#newLine({ type, except });
    this.#lines.set(key, line);
    return line;
  }

  #newLine(selection: Selection): Line {
    const mtype = BigInt(selection.type);
    const flags = selectionFlags(selection);
    const parking = new ThreadParking({
      begin: canInterrupt() ? () => this.#begin(mtype, flags) : undefined,
      blockSync: (milliseconds) => {
        const type = new BigInt64Array(1);
        callFor(milliseconds, () => {
          const length = libc.msgrcv(this.#id, type, 0n, mtype, flags);
          this.#came(length, type);
        });
      },
    });
    const queue = new WaitQueue(parking, "receive");
    return { ...selection, mtype, flags, parking, queue };
  }

  #forgetIdleLines(): void {
    for (const [key, { queue }] of this.#lines) {
      if (!queue.busy) this.#lines.delete(key);
    }
  }

  /**
   * A message is there when the kernel finds that it does not fit into
   * nothing: E2BIG. It leaves it in the queue, unless it is empty.
   */
  #begin(mtype: bigint, flags: number): ThreadCall {
    const type = new BigInt64Array(1);
    const where = address(new Uint8Array(type.buffer));
    const back = libc.parked_msgrcv(this.#id, type, 0n, mtype, flags)
      .then((length) => this.#came(length, type));
    return { back, interrupt: () => interrupt({ address: where }) };
  }

  #came(length: number, type: BigInt64Array): void {
    if (length === 0) this.#held.add(Number(type[0]));
  }

  #attempt(
    line: Line,
    { maxBytes, truncate = false }: SysvReceiveOptions = {},
  ): Attempt<SysvMessage> {
    if (maxBytes !== undefined) {
      wholeNumber(maxBytes, "receive", "maxBytes", 0, MOST_SIZE);
    }
    const flags = line.flags | IPC_NOWAIT |
      (truncate && maxBytes !== undefined ? MSG_NOERROR : 0);
    return () => {
      if (this.#closed) throw closedError("receive", this.#context.on);
      const held = this.#held.first(line);
      const message = held === undefined
        ? this.#take(line.mtype, flags, maxBytes)
        : this.#takeLower(line, held, flags, maxBytes);
      if (message !== undefined) line.parking.restart();
      return message;
    };
  }

  /** Prefers what is in the queue if its type is lower, and that matters. */
  #takeLower(
    { type }: Line,
    held: number,
    flags: number,
    maxBytes: number | undefined,
  ): SysvMessage {
    const lower = type < 0 && held > 1
      ? this.#take(BigInt(1 - held), flags, maxBytes)
      : undefined;
    if (lower !== undefined) return lower;
    this.#held.take(held);
    return { data: new Uint8Array(0), type: held };
  }

  #take(
    mtype: bigint,
    flags: number,
    maxBytes: number | undefined,
  ): SysvMessage | undefined {
    const size = maxBytes ?? this.#size;
    const scratch = scratchFor(TYPE_SIZE + size);
    const { bytes } = scratch;
    const length = libc.msgrcv(this.#id, bytes, BigInt(size), mtype, flags);
    if (length >= 0) return readMessage(scratch, length);
    const number = errno();
    if (number === E.ENOMSG || number === E.EINTR) return undefined;
    if (number !== E.E2BIG) throw sysvError(number, "msgrcv", this.#context);
    if (maxBytes === undefined && size < MOST_SIZE) {
      this.#size *= 2;
      return this.#take(mtype, flags, maxBytes);
    }
    throw sysvError(number, "msgrcv", {
      ...this.#context,
      hint: `the message has more than ${size} bytes, and is still there`,
    });
  }
}
