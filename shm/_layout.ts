/** What rings and broadcasts have in common in memory: `docs/ring-format.md`. */

import { wholeNumber } from "../_internal/arguments.ts";
import { E, systemError } from "../_internal/errno.ts";

/** Word by word: which it is, and of which version. */
export const AT_MAGIC = 0;
export const AT_VERSION = 1;
/** How many bytes of records there are room for. */
export const AT_SIZE = 2;
/** How long a message may be. */
export const AT_CAPACITY = 3;

/** How long the header is, in bytes: then the records begin. */
export const HEADER = 256;
/** Where the records begin, in words. */
export const FIRST = HEADER / 4;
/** What all of it begins at multiples of: a cache line. */
export const LINE = 64;

/** Twice that is the end of a ring's positions, and has 31 bits. */
const MOST_SIZE = 2 ** 30;

/** How one kind differs from the other. */
export interface Format {
  /** What it is called in errors. */
  readonly kind: string;
  readonly magic: number;
  readonly version: number;
  /**
   * How long the header of a record is, in bytes, and what records begin at
   * multiples of. A power of two.
   */
  readonly unit: number;
}

/** Something of a format in memory. */
export interface Records {
  /** All of it. */
  readonly words: Int32Array<ArrayBuffer>;
  /** The records. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** How long a message may be. */
  readonly capacity: number;
  /** What it is called in errors. */
  readonly name: string;
}

/** All of it in words of 64 bits. */
export function longsOf({ words }: Records): BigInt64Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = words;
  return new BigInt64Array(buffer, byteOffset, length >> 1);
}

/** What a message of so many bytes takes. */
export function recordSize(length: number, unit: number): number {
  const end = length + 2 * unit - 1;
  // Bit by bit for the remainder alone: the length may have more than 31.
  return end - (end & (unit - 1));
}

/** What memory a capacity takes, in bytes. */
export function sizeFor(
  capacity: number,
  { kind, unit }: Format,
  verb: string,
): number {
  const most = MOST_SIZE - unit;
  wholeNumber(capacity, `${verb} a ${kind}`, "the capacity", 1, most);
  return HEADER + recordSize(capacity, unit);
}

/** The capacity of what fills so many bytes; 1 if they are too few. */
export function capacityOf(bytes: number, { unit }: Format): number {
  const size = Math.min(MOST_SIZE, bytes - HEADER);
  return Math.max(1, size - size % unit - unit);
}

/** The error for memory in which there is what cannot be. */
export function damaged(records: Records, verb: string, what: string): Error {
  return systemError(E.EBADMSG, verb, {
    on: records.name,
    hint: `somebody has damaged it: ${what}`,
  });
}
