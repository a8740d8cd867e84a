/**
 * The side of a ring that writes.
 *
 * What the other side cannot be trusted with stays here: where we write next is
 * not read back from the memory, and where it reads is checked. A message is
 * there when the tail has moved past it, which is one atomic store after all
 * else: so it is there whole or not at all, whenever this process ends.
 */

import { closedError, E, systemError } from "../_internal/errno.ts";
import { RecordViews } from "./_record_views.ts";
import {
  damaged,
  FIRST,
  longsOf,
  type Records,
  recordSize,
} from "./_layout.ts";
import {
  after,
  AT_CONSUMER,
  AT_HEAD,
  AT_TAIL,
  distance,
  payloadAt,
  readPosition,
  recordAt,
  UNIT,
} from "./_ring_layout.ts";
import { ReusedBytes, SHORT } from "./_reused_bytes.ts";
import type { RingSide } from "./_ring_side.ts";
import { AWAKE, CLOSED, glance } from "./_sleeper.ts";

/** Once in so many attempts in vain, it is asked whether the consumer lives. */
const LOOK_EVERY = 256;

/** Writes messages. */
export class RingProducer {
  readonly #memory: Records;
  readonly #side: RingSide;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #longs: BigInt64Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  readonly #source = new ReusedBytes();
  readonly #size: number;
  readonly #views: RecordViews;
  /** Where we write next. */
  #tail = 0;
  /**
   * How many bytes are known to be free. None if something has to be looked at
   * before anything is written: whether this is ours and open, for example.
   */
  #free = 0;
  /** How many are free while something is reserved. */
  #held = 0;
  /** How many the last attempt would have needed. */
  #wanted = 0;
  /** How many bytes are reserved; -1 if none are. */
  #reserved = -1;
  /** Where they are, if that would go round the end: memory of its own. */
  #own: Uint8Array<ArrayBuffer> | undefined;
  #inVain = 0;
  #closed = false;

  constructor(memory: Records, side: RingSide) {
    this.#memory = memory;
    this.#side = side;
    this.#words = memory.words;
    this.#longs = longsOf(memory);
    this.#data = memory.data;
    this.#size = memory.data.length;
    this.#views = new RecordViews(memory.data, UNIT);
  }

  /** Sends a message; false if there is no room for it now. */
  trySend(message: Uint8Array<ArrayBuffer>): boolean {
    const { length } = message;
    const words = this.#words;
    const at = recordAt(this.#tail, this.#size);
    const size = recordSize(length, UNIT);
    const fits = size <= this.#free && at + size <= this.#size;
    if (!fits || words[AT_CONSUMER] === CLOSED) return this.#trySend(message);
    const longs = length <= SHORT ? this.#source.words(message) : null;
    if (longs === null) this.#data.set(message, at + UNIT);
    else this.#writeShort(message, longs, at + UNIT);
    this.#publish(at, length);
    return true;
  }

  /** The same, where something has to be looked at or goes round the end. */
  #trySend(message: Uint8Array<ArrayBuffer>): boolean {
    const { length } = message;
    if (!this.#hasRoom(length)) return false;
    this.#write(message);
    this.#publish(recordAt(this.#tail, this.#size), length);
    return true;
  }

  /**
   * Room for a message to be written in place; undefined if there is none now.
   * Where it would go round the end, it is memory of its own instead.
   */
  tryReserve(length: number): Uint8Array<ArrayBuffer> | undefined {
    this.#reserved = -1;
    this.#own = undefined;
    if (!this.#hasRoom(length)) return undefined;
    const at = payloadAt(this.#tail, this.#size);
    this.#held = this.#free;
    this.#free = 0;
    this.#reserved = length;
    if (at + length <= this.#size) return this.#views.view(at, length);
    return this.#own = new Uint8Array(length);
  }

  /** Sends the first bytes of what was reserved; all of it unless said. */
  commit(length: number = this.#reserved): void {
    const reserved = this.#reserved;
    if (reserved < 0 || this.#closed) throw this.#nothingReserved();
    if (length !== reserved) requireLength(length, reserved);
    this.#reserved = -1;
    this.#free = this.#held;
    if (this.#own !== undefined) this.#writeOwn(length);
    this.#publish(recordAt(this.#tail, this.#size), length);
  }

  /** Whether trying again would not be in vain, as far as memory tells. */
  isReady(): boolean {
    return this.#side.otherClosed || this.#findRoom(this.#wanted);
  }

  /** Ends it; nothing is sent any more. */
  close(): void {
    this.#closed = true;
    this.#free = 0;
    this.#side.close();
  }

  #hasRoom(length: number): boolean {
    return recordSize(length, UNIT) <= this.#free &&
        this.#words[AT_CONSUMER] !== CLOSED ||
      this.#makeRoom(length);
  }

  #makeRoom(length: number): boolean {
    this.#prepare(length);
    const needed = recordSize(length, UNIT);
    if (this.#findRoom(needed)) return true;
    this.#wanted = needed;
    if (++this.#inVain % LOOK_EVERY === 0) this.#side.look();
    const ended = this.#side.takeEnd();
    if (ended !== undefined) throw ended;
    return false;
  }

  /** Begins, if this is the beginning, and finds out what is wrong. */
  #prepare(length: number): void {
    const { name, capacity } = this.#memory;
    if (this.#closed) throw closedError("send", name);
    if (length > capacity) {
      const hint = `${length} bytes are more than its capacity of ${capacity}`;
      throw systemError(E.EMSGSIZE, "send", { on: name, hint });
    }
    if (this.#reserved >= 0) {
      throw new TypeError(
        "Cannot send: what is reserved has to be committed before",
      );
    }
    if (!this.#side.claimed) {
      this.#side.claim();
      this.#tail = readPosition(this.#memory, AT_TAIL, "send");
    }
    if (!this.#side.otherClosed) return;
    const hint = "the consumer has closed it";
    throw systemError(E.EPIPE, "send", { on: name, hint });
  }

  #findRoom(needed: number): boolean {
    const head = readPosition(this.#memory, AT_HEAD, "send");
    const free = this.#size - distance(head, this.#tail, this.#size);
    if (free < 0) throw damaged(this.#memory, "send", `the head is ${head}`);
    this.#free = free;
    return needed <= free;
  }

  #nothingReserved(): Error {
    return this.#closed
      ? closedError("send", this.#memory.name)
      : new TypeError("Cannot commit: nothing is reserved");
  }

  #writeOwn(length: number): void {
    this.#write(this.#own!.subarray(0, length));
    this.#own = undefined;
  }

  /** Copies a message in words of 64 bits. */
  #writeShort(
    message: Uint8Array,
    from: BigInt64Array,
    at: number,
  ): void {
    const to = this.#longs;
    const first = FIRST / 2 + (at >> 3);
    const count = message.length >> 3;
    for (let i = 0; i < count; i++) to[first + i] = from[i];
    const data = this.#data;
    for (let i = count << 3; i < message.length; i++) data[at + i] = message[i];
  }

  /** Writes the data of the next record, which may go round the end. */
  #write(message: Uint8Array): void {
    const at = payloadAt(this.#tail, this.#size);
    const first = this.#size - at;
    if (message.length <= first) return this.#data.set(message, at);
    this.#data.set(message.subarray(0, first), at);
    this.#data.set(message.subarray(first), 0);
  }

  /** Writes the header of the record at `at`, whose data are there, and shows it. */
  #publish(at: number, length: number): void {
    const words = this.#words;
    const word = FIRST + (at >> 2);
    words[word] = length;
    words[word + 1] = 0;
    const size = recordSize(length, UNIT);
    this.#tail = after(this.#tail, size, this.#size);
    this.#free -= size;
    Atomics.store(words, AT_TAIL, this.#tail);
    // After the tail: a consumer that sleeps has looked at it before.
    if (glance(words, AT_CONSUMER) !== AWAKE) this.#notice();
  }

  /** The other side sleeps, or has closed. */
  #notice(): void {
    this.#side.wakeOther();
    // The next message has to be refused.
    if (this.#side.otherClosed) this.#free = 0;
  }
}

function requireLength(length: number, most: number): void {
  if (Number.isInteger(length) && length >= 0 && length <= most) return;
  throw new RangeError(
    `Cannot commit: the length in bytes must be a whole number ` +
      `from 0 to ${most}: current value is ${length}`,
  );
}
