/**
 * Shared memory where the quick atomic operations reach it: mapped a second
 * time, over a page of WebAssembly's memory. It is the same memory, so what is
 * written in one place is seen in both.
 *
 * A page is mirrored when the first lock in it asks for that. When its memory is
 * unmapped, so is the mirror, where all is absent then. The place is given to
 * another page only when the buffer has been collected, and with it everything
 * that could know the place.
 */

import {
  blank,
  type Mirror,
  mirrorIn,
  onUnmap,
} from "../_internal/mapped_region.ts";
import {
  type Address,
  mappedAt,
  pageSize,
  unmap,
} from "../_internal/mapping.ts";
import { address } from "../_internal/memory.ts";
import { libc } from "./_ffi.ts";
import { ABSENT, quickWords } from "./_quick_atomics.ts";

// The same on every processor of Linux.
const MREMAP_MAYMOVE = 1;
const MREMAP_FIXED = 2;

const WORD = Int32Array.BYTES_PER_ELEMENT;

/** Where the words are that are nobody's. */
export const NOWHERE = 0;

const mirrors = new WeakMap<ArrayBuffer, Mirrors>();
const collected = new FinalizationRegistry<Mirrors>((mirrors) => {
  mirrors.end();
  free.push(...mirrors.places);
});

/** Places for pages, by their first bytes. */
const free: number[] = [];
let begin: bigint | undefined;

/**
 * The index of the first of some words of shared memory in
 * {@linkcode quickWords}. It is 0, where words are absent, if they cannot be
 * mirrored: because the system would count that, as with segments of System V;
 * because they are in two pages; because a thousand pages are mirrored; or
 * because the memory could go away there and end the program.
 */
export function mirrorOf(words: Int32Array<ArrayBuffer>): number {
  const { buffer, byteOffset, byteLength } = words;
  const mirror = mirrorIn(buffer);
  if (mirror === undefined || byteLength === 0) return NOWHERE;
  const size = pageSize();
  const within = byteOffset % size;
  if (within + byteLength > size) return NOWHERE;
  const place = mirrorsOf(buffer, mirror).placeOf(byteOffset - within);
  return place === NOWHERE ? NOWHERE : (place + within) / WORD;
}

/**
 * Words of a mirror, to sleep on or for `Atomics`; the system tells no shared
 * memory from other.
 */
export function mirroredWords(
  at: number,
  count: number,
): Int32Array<ArrayBuffer> {
  return quickWords.subarray(at, at + count) as Int32Array<ArrayBuffer>;
}

function mirrorsOf(buffer: ArrayBuffer, mirror: Mirror): Mirrors {
  const known = mirrors.get(buffer);
  if (known !== undefined) return known;
  const made = new Mirrors(new Uint8Array(buffer), mirror);
  mirrors.set(buffer, made);
  collected.register(buffer, made);
  return made;
}

/** The pages of one buffer that are mirrored. */
class Mirrors {
  readonly #first: bigint;
  readonly #mirror: Mirror;
  /** By the offset of the page. */
  readonly #places = new Map<number, number>();
  readonly #endings: (() => void)[] = [];

  constructor(bytes: Uint8Array<ArrayBuffer>, mirror: Mirror) {
    this.#first = address(bytes);
    this.#mirror = mirror;
    onUnmap(bytes, () => this.end(), "mirror");
  }

  /** All that cannot be given to others as long as the buffer is known. */
  get places(): Iterable<number> {
    return this.#places.values();
  }

  /** Where a page is mirrored; it is done now if it has not been. */
  placeOf(page: number): number {
    const known = this.#places.get(page);
    if (known !== undefined) return known;
    const place = nextFree();
    if (place === undefined) return NOWHERE;
    const size = pageSize();
    const copy = mapAgain(this.#first + BigInt(page), size);
    if (copy === undefined) {
      free.push(place);
      return NOWHERE;
    }
    const mirrored = move(copy, size, place);
    if (mirrored === undefined) {
      // Nobody gets the place any more, as it may not be ours.
      unmap(copy, size);
      return NOWHERE;
    }
    const unguard = this.#mirror(mirrored, size);
    if (unguard === undefined) {
      clear(mirrored, size, place);
      free.push(place);
      return NOWHERE;
    }
    this.#places.set(page, place);
    this.#endings.push(() => {
      unguard();
      clear(mirrored, size, place);
    });
    return place;
  }

  /** Unmaps them. */
  end(): void {
    for (const end of this.#endings.splice(0)) end();
  }
}

function nextFree(): number | undefined {
  if (begin === undefined) {
    const bytes = new Uint8Array(quickWords.buffer as ArrayBuffer);
    begin = address(bytes);
    const size = pageSize();
    // All but the first, which is nobody's.
    for (let at = bytes.length - size; at > 0; at -= size) free.push(at);
  }
  return free.pop();
}

/**
 * Anywhere: a place that is said has lost what was there when Linux before 6.17
 * finds that it cannot be done. Undefined if the memory can be mapped only once:
 * hugetlbfs, or what a truncated object has left.
 */
function mapAgain(from: bigint, size: number): Address | undefined {
  // Of a size of 0 it leaves the old mapping where it is: mremap(2).
  const result = libc.mremap(from, 0n, BigInt(size), MREMAP_MAYMOVE, 0n);
  return mappedAt(result);
}

function move(from: Address, size: number, place: number): Address | undefined {
  const flags = MREMAP_MAYMOVE | MREMAP_FIXED;
  const [old, bytes] = [Deno.UnsafePointer.value(from), BigInt(size)];
  const to = begin! + BigInt(place);
  return mappedAt(libc.mremap(old, bytes, bytes, flags, to));
}

function clear(mirrored: Address, size: number, place: number): void {
  blank(mirrored, size);
  quickWords.fill(ABSENT, place / WORD, (place + size) / WORD);
}
