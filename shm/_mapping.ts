/** Mapping objects and files, whole or in part, and resizing them. */

import { E, systemError } from "../_internal/errno.ts";
import { fileLengthOf } from "../_internal/file.ts";
import { map } from "../_internal/mapping.ts";
import {
  MAP_PRIVATE,
  MAP_SHARED,
  platform,
  PROT_READ,
  PROT_WRITE,
} from "../_internal/platform.ts";
import { GuardedRegion } from "./_guarded_region.ts";
import { memorySize, truncate } from "./_object.ts";
import { isWriteSealed } from "./_seals.ts";
import type { Region } from "./_region.ts";

/** What of an object to map. */
export interface Part {
  readonly size: number;
  readonly offset?: number;
  /** Whether what is written is seen by others. */
  readonly writable: boolean;
}

/**
 * Maps part of an object. What is only to be read can be written none the
 * less, to a copy of the page: otherwise a write would kill the program.
 */
export function mapObject(fd: number, part: Part, on: string): GuardedRegion {
  const { size, offset = 0, writable } = part;
  const flags = writable ? MAP_SHARED : MAP_PRIVATE | platform.MAP_NORESERVE;
  const length = fileLengthOf(fd);
  if (offset + size > length) {
    // What is mapped past the end of its object kills whoever touches it.
    const hint = `it has ${length} bytes, fewer than ${offset + size}`;
    throw systemError(E.EINVAL, "mmap", { on, hint });
  }
  const protection = PROT_READ | PROT_WRITE;
  const address = map(size, protection, flags, fd, offset, {
    on,
    hint: writable && isWriteSealed(fd)
      ? "it is sealed against writing, so it can only be read"
      : undefined,
  });
  return new GuardedRegion(address, size, on);
}

/** How to make something longer. */
type Grow = (fd: number, length: number, on: string) => void;

/**
 * Gives an object another end, if it is `wanted`, and maps it anew from
 * `offset` to there.
 */
export function resizeObject(
  region: Region,
  fd: number,
  wanted: number | undefined,
  grow: Grow,
  offset: number = 0,
): void {
  if (wanted !== undefined) memorySize(wanted, "resize");
  const { name: on, writable } = region;
  const length = fileLengthOf(fd);
  const size = wanted ?? length - offset;
  if (size <= 0) {
    const hint = `it has ${length} bytes now, so there is nothing to map`;
    throw systemError(E.EINVAL, "mmap", { on, hint });
  }
  const end = offset + size;
  if (end !== length && !writable) {
    const hint = "it is only read";
    throw systemError(E.EACCES, "ftruncate", { on, hint });
  }
  if (end > length) grow(fd, end, on);
  const mapping = mapObject(fd, { size, offset, writable }, on);
  try {
    if (end < length) truncate(fd, end, on);
  } catch (error) {
    mapping.close();
    throw error;
  }
  region.replace(mapping, writable);
}
