/** Making rings and broadcasts in memory, and finding them there. */

import { wholeNumber } from "../_internal/arguments.ts";
import { E, systemError } from "../_internal/errno.ts";
import { type MemoryRegion, onUnmap } from "../_internal/mapped_region.ts";
import { notSupported } from "../_internal/platform.ts";
import { sleepSync } from "../_internal/poll.ts";
import {
  AT_CAPACITY,
  AT_MAGIC,
  AT_SIZE,
  AT_VERSION,
  capacityOf,
  damaged,
  type Format,
  HEADER,
  LINE,
  type Records,
  sizeFor,
} from "./_layout.ts";

/** For how many milliseconds one that is just being made is waited for. */
const PATIENCE = 100;

/** Where it is or will be. */
export interface Place {
  readonly memory: MemoryRegion & { readonly name?: string };
  /** Where in the memory, in bytes. */
  readonly offset?: number;
}

/** Makes one; as large as there is room for unless said. */
export function make(
  format: Format,
  place: Place,
  capacity?: number,
): Records {
  const { kind, magic, version } = format;
  const verb = `make a ${kind}`;
  const bytes = bytesAt(place, verb);
  requireWritable(place);
  capacity ??= capacityOf(bytes.length, format);
  const needed = sizeFor(capacity, format, "make");
  if (needed > bytes.length) {
    throw new RangeError(
      `Cannot ${verb}: the memory must have ${needed} bytes for a capacity ` +
        `of ${capacity}: there are ${bytes.length}`,
    );
  }
  const header = wordsOf(bytes, HEADER);
  if (header[AT_MAGIC] === magic) {
    throw systemError(E.EEXIST, "create", { on: nameOf(place, format), kind });
  }
  header.fill(0);
  header[AT_VERSION] = version;
  header[AT_SIZE] = needed - HEADER;
  header[AT_CAPACITY] = capacity;
  // Last, so that whoever sees it sees all.
  Atomics.store(header, AT_MAGIC, magic);
  const size = needed - HEADER;
  return recordsIn(bytes, size, capacity, nameOf(place, format));
}

/** Finds one; waits for one that is just being made, if it may be. */
export function find(
  format: Format,
  place: Place,
  mayCome: boolean,
): Records {
  const { kind, magic, version, unit } = format;
  const name = nameOf(place, format);
  const bytes = bytesAt(place, `open a ${kind}`);
  if (bytes.length < HEADER) throw nothing(kind, name);
  const header = wordsOf(bytes, HEADER);
  for (let waited = 0; mayCome && waited < PATIENCE; waited++) {
    if (Atomics.load(header, AT_MAGIC) !== 0) break;
    sleepSync(1);
  }
  if (Atomics.load(header, AT_MAGIC) !== magic) throw nothing(kind, name);
  if (header[AT_VERSION] !== version) {
    notSupported(`version ${header[AT_VERSION]} of a ${kind}, in '${name}',`);
  }
  const size = header[AT_SIZE];
  const capacity = header[AT_CAPACITY];
  const problem = size < 2 * unit || size % unit !== 0
    ? `it has ${size} bytes`
    : size > bytes.length - HEADER
    ? `it has ${size} bytes, more than the memory`
    : capacity < 1 || capacity > size - unit
    ? `its capacity is ${capacity}`
    : undefined;
  const found = problem === undefined ? size : 0;
  const records = recordsIn(bytes, found, capacity, name);
  if (problem !== undefined) throw damaged(records, "open", problem);
  return records;
}

/** What one has to be called in errors. */
function nameOf({ memory }: Place, { kind }: Format): string {
  return memory.name ?? kind;
}

function nothing(kind: string, on: string): Error {
  const hint = `there is no ${kind} in this memory`;
  return systemError(E.EINVAL, "open", { on, hint });
}

function bytesAt(place: Place, verb: string): Uint8Array<ArrayBuffer> {
  const { memory, offset = 0 } = place;
  requireMapped(memory, verb);
  const { bytes } = memory;
  wholeNumber(offset, verb, "the offset in bytes", 0, bytes.length);
  const rest = bytes.subarray(offset);
  if (rest.byteOffset % LINE === 0) return rest;
  throw new RangeError(
    `Cannot ${verb}: the offset in bytes must be a multiple of ${LINE}: ` +
      `current value is ${offset}`,
  );
}

function requireMapped(memory: MemoryRegion, verb: string): void {
  const ignore = onUnmap(memory?.bytes, () => {}, verb);
  ignore();
}

/** Refuses memory of which nobody else would see what is written. */
export function requireWritable({ memory }: Place): void {
  const { name = "memory", writable = true } = memory;
  if (!writable) throw readOnlyError(name);
}

/** The error that something is only read. */
export function readOnlyError(on: string): Error {
  const hint = "its memory has to be written to";
  return systemError(E.EACCES, "open", { on, hint });
}

/** How long a message can be that is to be written in place. */
export function requireLength(length: number): number {
  if (length >>> 0 === length) return length;
  const most = Number.MAX_SAFE_INTEGER;
  return wholeNumber(length, "reserve", "the length in bytes", 0, most);
}

function wordsOf(
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
): Int32Array<ArrayBuffer> {
  return new Int32Array(bytes.buffer, bytes.byteOffset, length / 4);
}

function recordsIn(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
  capacity: number,
  name: string,
): Records {
  const data = bytes.subarray(HEADER, HEADER + size);
  return { words: wordsOf(bytes, HEADER + size), data, capacity, name };
}
