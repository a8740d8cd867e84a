/**
 * The side of a broadcast that writes, and waits for nobody.
 *
 * It drops old records before it writes over them, and says so first: whoever
 * has copied a record and then finds that it has not been dropped has copied
 * what was sent.
 */

import { closedError, E, systemError } from "../_internal/errno.ts";
import type { Word } from "../_internal/futex.ts";
import {
  AT_COUNT,
  AT_NEWEST,
  AT_OLDEST,
  AT_PRODUCER,
  AT_READERS,
  fence,
  headerLongs,
  NOTHING,
  PRODUCER_OWNER,
  readPosition,
  readRecord,
  UNIT,
  writeRecord,
} from "./_broadcast_layout.ts";
import { damaged, type Records, recordSize } from "./_layout.ts";
import { claim, type OwnedSide, unclaim } from "./_owner.ts";
import { AWAKE, CLOSED, glance, wakeSleepers } from "./_sleeper.ts";

/** How much more than needed is dropped at once, as a part of all. */
const DROPPED_AT_ONCE = 16;

const LOW = 2 ** 32;

/** Writes messages. */
export class BroadcastWriter {
  readonly #records: Records;
  readonly #side: OwnedSide;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #longs: BigUint64Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  readonly #size: number;
  readonly #readers: Word;
  /** Where the next record goes: its position, and where that is. */
  #tail = 0;
  #tailAt = 0;
  /** Where the oldest record is. */
  #oldest = 0;
  #oldestAt = 0;
  /** The number of the next record. */
  #count = 0;
  /** How many bytes are free; none before the side is taken. */
  #free = 0;
  #claimed = false;
  #closed = false;

  constructor(records: Records) {
    const { words, data, name } = records;
    this.#records = records;
    this.#words = words;
    this.#longs = headerLongs(records);
    this.#data = data;
    this.#size = data.length;
    this.#readers = words.subarray(AT_READERS, AT_READERS + 1);
    this.#side = {
      owners: this.#longs,
      index: PRODUCER_OWNER,
      role: "producer",
      verb: "send",
      name,
    };
  }

  /** Who has this side. */
  get side(): OwnedSide {
    return this.#side;
  }

  /** Sends a message. */
  send(message: Uint8Array): void {
    const { length } = message;
    const needed = recordSize(length, UNIT);
    if (needed > this.#free) this.#makeRoom(length);
    const at = this.#tailAt;
    writeRecord(this.#words, at, length, this.#count);
    this.#write(message, at + UNIT === this.#size ? 0 : at + UNIT);
    const position = this.#tail;
    this.#tail = position + needed;
    const next = at + needed;
    this.#tailAt = next >= this.#size ? next - this.#size : next;
    this.#free -= needed;
    this.#count++;
    this.#publish(position);
  }

  /** Ends it; readers come to the end. */
  close(): void {
    if (this.#claimed && this.#words.length > 0) {
      Atomics.store(this.#words, AT_PRODUCER, CLOSED);
      wakeSleepers(this.#readers);
      unclaim(this.#side);
    }
    this.#claimed = false;
    this.#closed = true;
    this.#free = 0;
  }

  #write(message: Uint8Array, at: number): void {
    const first = this.#size - at;
    if (message.length <= first) return this.#data.set(message, at);
    this.#data.set(message.subarray(0, first), at);
    this.#data.set(message.subarray(first), 0);
  }

  #publish(position: number): void {
    const low = position % LOW;
    // The high half changes so seldom that both are written at once only then.
    if (low < this.#size) {
      Atomics.store(this.#longs, AT_NEWEST, BigInt(position));
    } else Atomics.store(this.#words, 2 * AT_NEWEST, low | 0);
    // After that: a reader that sleeps has looked at it before.
    if (glance(this.#words, AT_READERS) !== AWAKE) wakeSleepers(this.#readers);
  }

  #makeRoom(length: number): void {
    this.#prepare(length);
    const needed = recordSize(length, UNIT);
    this.#free = this.#size - (this.#tail - this.#oldest);
    if (needed <= this.#free) return;
    const wanted = Math.min(
      this.#size,
      needed + Math.trunc(this.#size / DROPPED_AT_ONCE),
    );
    while (this.#free < wanted && this.#oldest < this.#tail) this.#drop();
    this.#longs[AT_COUNT] = BigInt(this.#count);
    Atomics.store(this.#longs, AT_OLDEST, BigInt(this.#oldest));
    // What is written from now on must not be seen by who has not seen that.
    fence();
  }

  /** Drops the oldest record, or all if somebody has written nonsense there. */
  #drop(): void {
    const left = this.#tail - this.#oldest;
    const record = readRecord(this.#records, this.#oldestAt);
    const size = record ? recordSize(record.length, UNIT) : left;
    const dropped = Math.min(size, left);
    this.#oldest += dropped;
    this.#oldestAt = (this.#oldestAt + dropped) % this.#size;
    this.#free += dropped;
  }

  #prepare(length: number): void {
    const { name, capacity } = this.#records;
    if (this.#closed) throw closedError("send", name);
    if (length > capacity) {
      const hint = `${length} bytes are more than its capacity of ${capacity}`;
      throw systemError(E.EMSGSIZE, "send", { on: name, hint });
    }
    if (this.#claimed) return;
    claim(this.#side);
    this.#claimed = true;
    this.#resume();
    Atomics.store(this.#words, AT_PRODUCER, AWAKE);
    // So that the readers know whom to watch.
    wakeSleepers(this.#readers);
  }

  /** Goes on where the last producer has stopped, wherever that was. */
  #resume(): void {
    const newest = readPosition(this.#longs, AT_NEWEST);
    if (newest === NOTHING) return this.#goOnAt(this.#size, this.#size, 0);
    const oldest = readPosition(this.#longs, AT_OLDEST);
    if (newest < oldest) {
      // It was dropped to make room for one that did not come to be sent.
      return this.#goOnAt(oldest, oldest, Number(this.#longs[AT_COUNT]));
    }
    const record = readRecord(this.#records, newest % this.#size);
    if (record === undefined) throw this.#damage(newest);
    const { length, number } = record;
    const tail = newest + recordSize(length, UNIT);
    this.#goOnAt(Math.max(oldest, this.#size), tail, number + 1);
  }

  #goOnAt(oldest: number, tail: number, count: number): void {
    const left = tail - oldest;
    if (left < 0 || left > this.#size || oldest % UNIT !== 0) {
      throw this.#damage(oldest);
    }
    this.#oldest = oldest;
    this.#oldestAt = oldest % this.#size;
    this.#tail = tail;
    this.#tailAt = tail % this.#size;
    this.#count = count;
    Atomics.store(this.#longs, AT_OLDEST, BigInt(oldest));
  }

  #damage(position: number): Error {
    const what = `there is no record at ${position}`;
    return damaged(this.#records, "send", what);
  }
}
