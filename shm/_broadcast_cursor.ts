/**
 * One reader's way through a broadcast.
 *
 * It leaves no trace in the memory. What it reads may be written over at any
 * moment: it copies first, and then looks whether the record was there all the
 * time. Every record has a number, which tells how many were missed.
 */

import {
  AT_NEWEST,
  AT_OLDEST,
  type BroadcastRecord,
  fence,
  headerLongs,
  loadPosition,
  NOTHING,
  readPosition,
  readRecord,
  UNIT,
} from "./_broadcast_layout.ts";
import { damaged, type Records, recordSize } from "./_layout.ts";

/** How often to be overtaken while copying, before skipping all there is. */
const MOST_TRIES = 8;

/** Where to begin: with what is sent next, or with all that is there. */
export type BroadcastStart = "now" | "oldest";

/** Copies the bytes of a record, which begin at `at` and may go round the end. */
export type CopyRecord<T> = (at: number, length: number) => T;

/** A place in a broadcast. */
export class BroadcastCursor {
  readonly #records: Records;
  readonly #longs: BigUint64Array<ArrayBuffer>;
  readonly #size: number;
  /** The position of the next record, and where that is. */
  #position = 0;
  #at = 0;
  /** The newest record when we last looked. */
  #newest = NOTHING;
  /** The number of the next record; undefined before the first. */
  #expected: number | undefined;
  #missed = 0;

  constructor(records: Records, start: BroadcastStart) {
    this.#records = records;
    this.#longs = headerLongs(records);
    this.#size = records.data.length;
    if (start === "oldest" || !this.#goBehindNewest()) this.#goToOldest();
  }

  /** How many records were missed just before the one that was taken last. */
  get missed(): number {
    return this.#missed;
  }

  /** Whether there is a record. */
  find(): boolean {
    this.#newest = readPosition(this.#longs, AT_NEWEST);
    if (this.#newest >= this.#position) return true;
    this.#newest = loadPosition(this.#longs, AT_NEWEST);
    return this.#newest >= this.#position;
  }

  /**
   * Takes the next record that can be copied; undefined if there is none.
   *
   * @param copy Copies it.
   * @param room How many bytes it may have.
   */
  tryTake<T>(copy: CopyRecord<T>, room: number = Infinity): T | undefined {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (this.#newest < this.#position && !this.find()) return undefined;
      const record = readRecord(this.#records, this.#at);
      const fits = record !== undefined && record.length <= room;
      const copied = fits ? copy(this.#payloadAt(), record.length) : undefined;
      if (this.#isThere(this.#position)) {
        if (record !== undefined && !fits) throw tooShort(record.length, room);
        this.#advance(record);
        return copied;
      }
      this.#goToOldest();
    }
    // The producer is faster. The number of the next one tells by how much.
    if (!this.#goBehindNewest()) this.#goToOldest();
    return undefined;
  }

  /** Whether what was read just now was there all the time. */
  #isThere(position: number): boolean {
    // What was copied must have been read before this is.
    fence();
    return readPosition(this.#longs, AT_OLDEST) <= position;
  }

  #advance(record: BroadcastRecord | undefined): void {
    if (record === undefined) throw this.#damage(this.#position);
    const expected = this.#expected ?? record.number;
    if (record.number < expected) throw this.#damage(this.#position);
    this.#missed = record.number - expected;
    this.#expected = record.number + 1;
    const size = recordSize(record.length, UNIT);
    const next = this.#at + size;
    this.#position += size;
    this.#at = next >= this.#size ? next - this.#size : next;
  }

  #payloadAt(): number {
    const at = this.#at + UNIT;
    return at === this.#size ? 0 : at;
  }

  /** Goes on with what is sent next; false if that cannot be told right now. */
  #goBehindNewest(): boolean {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const newest = readPosition(this.#longs, AT_NEWEST);
      if (newest === NOTHING) {
        this.#expected ??= 0;
        this.#goTo(this.#size);
        return true;
      }
      const record = readRecord(this.#records, newest % this.#size);
      if (!this.#isThere(newest)) continue;
      if (record === undefined) throw this.#damage(newest);
      this.#expected ??= record.number + 1;
      this.#goTo(newest + recordSize(record.length, UNIT));
      return true;
    }
    return false;
  }

  #goToOldest(): void {
    // Positions begin with the second lap.
    this.#goTo(Math.max(readPosition(this.#longs, AT_OLDEST), this.#size));
  }

  #goTo(position: number): void {
    this.#position = position;
    this.#at = position % this.#size;
  }

  #damage(position: number): Error {
    const what = `there is no record at ${position}`;
    return damaged(this.#records, "receive", what);
  }
}

function tooShort(length: number, room: number): Error {
  return new RangeError(
    `Cannot receive: the message has ${length} bytes and there is room for ` +
      `${room}; it is still there`,
  );
}
