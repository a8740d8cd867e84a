/**
 * Where things are in a broadcast: `docs/ring-format.md`.
 *
 * Positions count the bytes of all records since the beginning, in 64 bits, so
 * that nobody who has slept for long takes one lap for another. V8 reads and
 * writes an aligned word of 64 bits in one go on every processor it has 64-bit
 * code for, atomically asked for or not.
 */

import { STRONG } from "../_internal/word_order.ts";
import { FIRST, type Format, type Records } from "./_layout.ts";

/** How long the header of a record is, and what records begin at multiples of. */
export const UNIT = 16;

/** Its magic is "IPCB". */
export const BROADCAST: Format = {
  kind: "broadcast",
  magic: 0x42435049,
  version: 1,
  unit: UNIT,
};

// In words of 64 bits.
/** Where the record is that was sent last; 0 before the first. */
export const AT_NEWEST = 8;
/** Where the oldest record is that has not been written over. */
export const AT_OLDEST = 16;
/** The number of the next record, as of when records were last dropped. */
export const AT_COUNT = 17;
/** Whose the producer's side is. */
export const PRODUCER_OWNER = 25;

// In words of 32 bits.
/** What the producer is doing. */
export const AT_PRODUCER = 48;
/** Whether readers sleep. */
export const AT_READERS = 49;

/**
 * The position before the first record, which itself has that of the end of the
 * first lap: so all zeros is a broadcast in which nothing was sent.
 */
export const NOTHING = 0;

/** The words of 64 bits of a broadcast's header. */
export function headerLongs({ words }: Records): BigUint64Array<ArrayBuffer> {
  const { buffer, byteOffset } = words;
  return new BigUint64Array(buffer, byteOffset, PRODUCER_OWNER + 1);
}

// What is imported is no constant to V8's compiler, but this is.
const ORDERED = STRONG;

/** Positions have 53 bits in fact, which is nine petabytes. */
const BITS = 53;

/**
 * Reads a position that somebody else writes, before anything that is read
 * after it. A plain read costs a third of an atomic one here, and on x86-64
 * nothing overtakes it.
 */
export function readPosition(longs: BigUint64Array, index: number): number {
  return ORDERED ? toNumber(longs[index]) : loadPosition(longs, index);
}

/** The same where it is waited for: a plain read might not be made anew. */
export function loadPosition(longs: BigUint64Array, index: number): number {
  return toNumber(Atomics.load(longs, index));
}

function toNumber(position: bigint): number {
  return Number(BigInt.asUintN(BITS, position));
}

/** Something to store to. */
const cell = new Int32Array(1);

/**
 * Keeps what is read or written after this from happening before what was read
 * or written before. x86-64 reorders none of what this is used between; where a
 * processor does, an atomic store and an atomic load keep everything apart.
 */
export function fence(): void {
  if (ORDERED) return;
  Atomics.store(cell, 0, 0);
  Atomics.load(cell, 0);
}

const LOW = 2 ** 32;

/** The header of a record. */
export interface BroadcastRecord {
  readonly length: number;
  /** How many were sent before it. */
  readonly number: number;
}

/** Writes the header of a record. */
export function writeRecord(
  words: Int32Array,
  at: number,
  length: number,
  number: number,
): void {
  const word = FIRST + (at >> 2);
  words[word] = length;
  words[word + 1] = 0;
  words[word + 2] = number;
  words[word + 3] = number / LOW;
}

/** The header of a record; undefined if that is none. */
export function readRecord(
  { words, capacity }: Records,
  at: number,
): BroadcastRecord | undefined {
  const word = FIRST + (at >> 2);
  const length = words[word];
  const number = (words[word + 2] >>> 0) + (words[word + 3] >>> 0) * LOW;
  return at % UNIT === 0 && length >= 0 && length <= capacity
    ? { length, number }
    : undefined;
}
