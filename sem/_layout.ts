/**
 * What begins every lock in shared memory: a word that says which kind of lock
 * it is, in which layout. Then come the words of that kind, all of 32 bits, as
 * in `docs/lock-format.md`.
 */

import type { MemoryRegion } from "../_internal/mapped_region.ts";
import { nothingThere, placeFor, type Thing } from "./_place.ts";

const WORD = Int32Array.BYTES_PER_ELEMENT;

/** A kind of lock. */
export interface Layout {
  /** What it is called: "Mutex". */
  readonly kind: string;
  /** What it begins with: four letters. */
  readonly magic: string;
  /** How many words it has, that one included. */
  readonly words: number;
}

/** What there may be instead of what is looked for. */
const KINDS: Readonly<Record<string, string | undefined>> = {
  MTX1: "Mutex",
  RWL2: "RwLock",
  CND1: "Condition",
  BAR1: "Barrier",
};

/** The words of a lock that is new, which is 0 but for those given. */
export function initWords(
  memory: MemoryRegion,
  offset: number,
  layout: Layout,
  values: readonly number[] = [],
): Int32Array<ArrayBuffer> {
  const words = wordsAt(memory, offset, layout);
  words.fill(0);
  words.set(values, 1);
  // The last: whoever finds it finds the others.
  Atomics.store(words, 0, magicOf(layout));
  return words;
}

/** The words of a lock that is there. */
export function findWords(
  memory: MemoryRegion,
  offset: number,
  layout: Layout,
): Int32Array<ArrayBuffer> {
  const words = wordsAt(memory, offset, layout);
  if (Atomics.load(words, 0) === magicOf(layout)) return words;
  throw notThat(words, layout, offset);
}

/**
 * The words of a lock that is there, or is made now of zeros: a kind that is
 * new when all of its words but the first are 0.
 */
export function ensureWords(
  memory: MemoryRegion,
  offset: number,
  layout: Layout,
): Int32Array<ArrayBuffer> {
  const words = wordsAt(memory, offset, layout);
  const magic = magicOf(layout);
  const found = Atomics.compareExchange(words, 0, 0, magic);
  if (found === 0 || found === magic) return words;
  throw notThat(words, layout, offset);
}

/** The error for a place where there is nothing, or a lock of another kind. */
function notThat(
  words: Int32Array<ArrayBuffer>,
  { kind }: Layout,
  offset: number,
): Error {
  const first = words.slice(0, 1);
  const letters = new TextDecoder().decode(new Uint8Array(first.buffer));
  return nothingThere(kind, offset, KINDS[letters]);
}

/** How many bytes a lock has. */
export function byteLengthOf({ words }: Layout): number {
  return words * WORD;
}

/** What a lock is called in errors. */
export function nameAt({ kind }: Layout, offset: number): string {
  return `${kind} at offset ${offset}`;
}

function wordsAt(
  memory: MemoryRegion,
  offset: number,
  layout: Layout,
): Int32Array<ArrayBuffer> {
  const size = byteLengthOf(layout);
  const thing: Thing = { kind: layout.kind, size, alignment: WORD };
  const { buffer, byteOffset } = placeFor(memory, offset, thing);
  return new Int32Array(buffer, byteOffset + offset, layout.words);
}

function magicOf({ magic }: Layout): number {
  const bytes = new TextEncoder().encode(magic);
  return new DataView(bytes.buffer).getInt32(0, true);
}
