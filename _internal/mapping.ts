/** Mapped memory: mmap(2). */

import { libc } from "./_ffi.ts";
import { check, errno, systemError } from "./errno.ts";

/** MAP_FAILED. */
const FAILED = 2n ** 64n - 1n;

/** Where something is mapped. */
export type Address = Deno.PointerObject;

/**
 * Maps memory, or a file into it.
 *
 * @param length In bytes.
 * @param protection PROT_READ and so on.
 * @param flags MAP_SHARED, MAP_PRIVATE and so on.
 * @param fd The file, if it is one.
 * @param offset Where in the file, in bytes; a multiple of the page's size.
 */
export function map(
  length: number,
  protection: number,
  flags: number,
  fd = -1,
  offset = 0,
): Address {
  const address = libc.mmap(
    null,
    BigInt(length),
    protection,
    flags,
    fd,
    BigInt(offset),
  );
  // Before the next line allocates.
  const number = errno();
  // A failure is no null pointer.
  if (address === null || Deno.UnsafePointer.value(address) === FAILED) {
    throw systemError(number, "mmap");
  }
  return address;
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
