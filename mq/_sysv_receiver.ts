/** The receiving half of a System V message queue: msgrcv(2). */

import {
  attached,
  bytes as checkBytes,
  wholeNumber,
} from "../_internal/arguments.ts";
import { closedError, type ErrorContext } from "../_internal/errno.ts";
import { firstOf } from "../_internal/first_of.ts";
import { canInterrupt, interrupt } from "../_internal/interrupt.ts";
import { address } from "../_internal/memory.ts";
import { IPC_NOWAIT, MSG_NOERROR } from "../_internal/platform.ts";
import { type ThreadCall, ThreadParking } from "../_internal/thread.ts";
import { callFor } from "../_internal/time_limit.ts";
import {
  rejecting,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { expectsAnswer } from "./_answer.ts";
import { libc } from "./_ffi.ts";
import { HeldMessages } from "./_sysv_held.ts";
import {
  checkSelection,
  type Selection,
  selectionFlags,
  selectionKey,
} from "./_sysv_selection.ts";
import { MOST_SIZE, type Room, takeMessage } from "./_sysv_take.ts";
import type { SysvMessage, SysvReceiveOptions } from "./sysv_message.ts";

/** So many choices of types are remembered, whether or not anybody waits. */
const MOST_IDLE_LINES = 64;

/** Those who wait for the same types. */
interface Line extends Selection {
  readonly mtype: bigint;
  readonly flags: number;
  readonly parking: ThreadParking;
  readonly queue: WaitQueue;
}

type Receive = (nowait?: number) => SysvMessage | undefined;

/** Receives from one queue. */
export class SysvReceiver {
  readonly #id: number;
  readonly #context: ErrorContext;
  readonly #held: HeldMessages;
  /** Each choice of types has its own: none has to wait for another. */
  readonly #lines = new Map<number | string, Line>();
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

  tryReceive(options: SysvReceiveOptions = {}): SysvMessage | undefined {
    const line = this.#lineFor(options);
    return line.queue.try(this.#toReceive(line, options));
  }

  receiveSync(
    options: SysvReceiveOptions & SyncWaitOptions = {},
  ): SysvMessage {
    const line = this.#lineFor(options);
    const receive = this.#toReceive(line, options);
    // The usual case between two who talk in turns, without the wait loop.
    const answer = expectsAnswer();
    if (answer && options.timeout === undefined && line.queue.blocksFirst()) {
      const message = receive(0);
      if (message !== undefined) return message;
    }
    return line.queue.runSync(
      receive,
      options,
      (left) => callFor(left, () => receive(0)) ?? receive(),
      answer,
    );
  }

  receive(
    options: SysvReceiveOptions & WaitOptions = {},
  ): Promise<SysvMessage> {
    return rejecting(() => {
      const line = this.#lineFor(options);
      return line.queue.run(this.#toReceive(line, options), options);
    });
  }

  /** Wakes all who wait with an error. */
  close(): void {
    this.#closed = true;
    const error = closedError("receive", this.#context.on);
    for (const { parking } of this.#lines.values()) parking.close(error);
    this.#held.giveBack();
  }

  #lineFor({ type = 0, except = false }: SysvReceiveOptions): Line {
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
    });
    const queue = new WaitQueue(parking, "receive", this.#context.on);
    return { ...selection, mtype, flags, parking, queue };
  }

  #forgetIdleLines(): void {
    for (const [key, { queue }] of this.#lines) {
      if (queue.idle) this.#lines.delete(key);
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
      .then((length) => {
        if (length === 0) this.#held.add(Number(type[0]));
      });
    return { back, interrupt: () => interrupt({ address: where }) };
  }

  /** A receive, which does not wait unless it is called with 0. */
  #toReceive(
    line: Line,
    { maxBytes, truncate = false, into }: SysvReceiveOptions,
  ): Receive {
    if (maxBytes !== undefined) {
      wholeNumber(maxBytes, "receive", "maxBytes", 0, MOST_SIZE);
    }
    const given = into && checkBytes(into, "receive");
    const limited = maxBytes !== undefined || given !== undefined;
    const cut = truncate && limited ? MSG_NOERROR : 0;
    return (nowait = IPC_NOWAIT) => {
      if (this.#closed) throw closedError("receive", this.#context.on);
      // Each time: the memory may have been given away meanwhile.
      const most = given === undefined
        ? maxBytes
        : Math.min(attached(given, "receive").length, maxBytes ?? MOST_SIZE);
      const room = { most, into: given };
      const held = this.#held.first(line);
      const message = held === undefined
        ? this.#take(line.mtype, line.flags | cut | nowait, room)
        : this.#takeHeld(held, line, cut, room);
      if (message !== undefined) line.parking.restart();
      return message;
    };
  }

  #takeHeld(
    held: number,
    { type }: Selection,
    cut: number,
    room: Room,
  ): SysvMessage {
    // The lowest type is wanted, and there may be a lower one in the queue.
    const lower = type < 0 && held > 1
      ? this.#take(BigInt(1 - held), cut | IPC_NOWAIT, room)
      : undefined;
    if (lower !== undefined) return lower;
    this.#held.take(held);
    const data = firstOf(room.into ?? new Uint8Array(0), 0);
    return { data, type: held };
  }

  #take(mtype: bigint, flags: number, room: Room): SysvMessage | undefined {
    return takeMessage(this.#id, mtype, flags, room, this.#context);
  }
}
