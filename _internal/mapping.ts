/** Mapped memory: mmap(2). */

import { libc } from "./_ffi.ts";
import { MAP_FIXED } from "./platform.ts";
import { check, errno, type ErrorContext, systemError } from "./errno.ts";

/** MAP_FAILED. */
const FAILED = 2n ** 64n - 1n;

/** Where something is mapped. */
export type Address = Deno.PointerObject;

/**
 * Maps memory, or a file into it.
 *
 * @param length In bytes; more than none.
 * @param protection PROT_READ and so on.
 * @param flags MAP_SHARED, MAP_PRIVATE and so on.
 * @param fd The file, if it is one.
 * @param offset Where in the file, in bytes; a multiple of the page's size.
 * @param context What is mapped, for errors.
 */
export function map(
  length: number,
  protection: number,
  flags: number,
  fd = -1,
  offset = 0,
  context?: ErrorContext,
): Address {
  return mapAt(null, length, protection, flags, fd, offset, context);
}

/** Maps memory where something else may be mapped, which has gone then. */
export function mapOver(
  address: Address,
  length: number,
  protection: number,
  flags: number,
): void {
  mapAt(address, length, protection, flags | MAP_FIXED, -1, 0);
}

function mapAt(
  where: Address | null,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
  context?: ErrorContext,
): Address {
  const address = libc.mmap(
    where,
    BigInt(length),
    protection,
    flags,
    fd,
    BigInt(offset),
  );
  // Before the next line allocates.
  const number = errno();
  const mapped = mappedAt(address);
  if (mapped === undefined) throw systemError(number, "mmap", context);
  return mapped;
}

/** Where mmap(2) or shmat(2) has mapped something; undefined if it failed. */
export function mappedAt(result: Address | null): Address | undefined {
  // A failure is no null pointer.
  if (result === null) return undefined;
  return Deno.UnsafePointer.value(result) === FAILED ? undefined : result;
}

/** Changes what may be done with mapped memory: mprotect(2). */
export function protect(
  address: Address,
  length: number,
  protection: number,
): void {
  check(libc.mprotect(address, BigInt(length), protection), "mprotect");
}

/** Ends a mapping: munmap(2). Nobody may use its memory any more. */
export function unmap(address: Address, length: number): void {
  check(libc.munmap(address, BigInt(length)), "munmap");
}

let pageBytes = 0;

/** The size of a page, in bytes. */
export function pageSize(): number {
  return pageBytes ||= libc.getpagesize();
}
