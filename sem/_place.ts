/** Places in shared memory, checked before anything is read or written there. */

import { wholeNumber } from "../_internal/arguments.ts";
import { E } from "../_internal/errno.ts";
import { toError } from "../_internal/error.ts";
import { type MemoryRegion, onUnmap } from "../_internal/mapped_region.ts";

/** What is to be put or found. */
export interface Thing {
  /** What it is called: "Mutex". */
  readonly kind: string;
  /** How many bytes it has. */
  readonly size: number;
  /** What its place has to be a multiple of. */
  readonly alignment: number;
}

/** The memory, if the thing fits there and others will see it. */
export function placeFor(
  memory: MemoryRegion,
  offset: number,
  { kind, size, alignment }: Thing,
): Uint8Array<ArrayBuffer> {
  const verb = `place a ${kind}`;
  const bytes = memory?.bytes;
  // Answers how to call off what is never called: it refuses other memory.
  onUnmap(bytes, () => {}, verb)();
  if (memory.writable === false) {
    throw new TypeError(
      `Cannot ${verb}: the memory must be writable, and was opened to be read`,
    );
  }
  const most = bytes.length - size;
  if (most < 0) {
    throw new RangeError(
      `Cannot ${verb}: it needs ${size} bytes: ` +
        `the memory has ${bytes.length}`,
    );
  }
  wholeNumber(offset, verb, "the offset", 0, most);
  if (offset % alignment === 0) return bytes;
  throw new RangeError(
    `Cannot ${verb}: the offset must be a multiple of ${alignment}: ` +
      `current value is ${offset}`,
  );
}

/** The error for a place where there is none, but something else perhaps. */
export function nothingThere(
  kind: string,
  offset: number,
  instead?: string,
): Error {
  const hint = instead === undefined
    ? `make one with ${kind}.init()`
    : `there is a ${instead}`;
  return toError(
    `EINVAL: there is no ${kind} at offset ${offset} of the memory: ${hint}`,
    { code: "EINVAL", errno: E.EINVAL, syscall: "mmap" },
  );
}
