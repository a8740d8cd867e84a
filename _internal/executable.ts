/** Machine code, for what has to run where nothing that V8 runs could. */

import { type Address, map, protect, unmap } from "./mapping.ts";
import {
  MAP_PRIVATE,
  platform,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from "./platform.ts";

/**
 * Where the data of code begin, from where it does, and how many bytes they
 * are unless more are asked for: a multiple of every size that pages have.
 */
export const CODE_DATA = 65_536;

/** The bytes of a listing: what is before the bar of each line. */
export function assemble(listing: string): Uint8Array {
  const bytes = listing.split("\n")
    .flatMap((line) => line.split("|")[0].trim().split(" "))
    .filter((byte) => byte !== "")
    .map((byte) => parseInt(byte, 16));
  return new Uint8Array(bytes);
}

/**
 * Maps code, with its data behind it. Never writable and executable at once.
 *
 * @param code The code.
 * @param data How many bytes of data there are.
 * @throws {Deno.errors.PermissionDenied} If memory may not be executed here.
 */
export function mapCode(code: Uint8Array, data: number = CODE_DATA): Address {
  const flags = MAP_PRIVATE | platform.MAP_ANONYMOUS;
  const size = CODE_DATA + data;
  const address = map(size, PROT_READ | PROT_WRITE, flags);
  try {
    const memory = Deno.UnsafePointerView.getArrayBuffer(address, code.length);
    new Uint8Array(memory).set(code);
    protect(address, CODE_DATA, PROT_READ | PROT_EXEC);
    return address;
  } catch (error) {
    unmap(address, size);
    throw error;
  }
}

/**
 * Whether memory may be executed here: SELinux and systemd's
 * MemoryDenyWriteExecute may say no, mprotect(2).
 */
export function mayExecute(): boolean {
  try {
    unmap(mapCode(new Uint8Array(1)), 2 * CODE_DATA);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}
