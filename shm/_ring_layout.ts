/**
 * Where things are in a ring: `docs/ring-format.md`. Everything is in words of
 * 32 bits, but for the owners.
 *
 * What each side writes with every message is on a cache line of its own, and
 * what both only look at is on another.
 */

import { damaged, type Format, type Records } from "./_layout.ts";

/** How long the header of a record is, and what records begin at multiples of. */
export const UNIT = 8;

/** Its magic is "IPCR". */
export const RING: Format = {
  kind: "ring",
  magic: 0x52435049,
  version: 1,
  unit: UNIT,
};

/** Where the producer writes next, word by word. */
export const AT_TAIL = 16;
/** Where the consumer reads next. */
export const AT_HEAD = 32;
/** What the producer is doing. */
export const AT_PRODUCER = 48;
/** What the consumer is doing. */
export const AT_CONSUMER = 49;

// In words of 64 bits: whose the sides are.
export const PRODUCER_OWNER = 25;
export const CONSUMER_OWNER = 26;

/** Reads a position that somebody else writes. */
export function readPosition(
  ring: Records,
  index: number,
  verb: string,
): number {
  const position = Atomics.load(ring.words, index);
  const possible = position >= 0 && position < 2 * ring.data.length &&
    position % UNIT === 0;
  if (possible) return position;
  throw damaged(ring, verb, `a position is ${position}`);
}

/** How many bytes lie between two positions, of which there are twice `size`. */
export function distance(head: number, tail: number, size: number): number {
  return tail >= head ? tail - head : tail - head + 2 * size;
}

/** Where a record begins. */
export function recordAt(position: number, size: number): number {
  return position >= size ? position - size : position;
}

/** Where a record's data begin, which is behind its header or at the beginning. */
export function payloadAt(position: number, size: number): number {
  const at = recordAt(position, size) + UNIT;
  return at === size ? 0 : at;
}

/** The position behind a record of that size. */
export function after(position: number, record: number, size: number): number {
  const next = position + record;
  return next >= 2 * size ? next - 2 * size : next;
}
