/** Keeping memory from being swapped out: mlock(2). */

import { check } from "../_internal/errno.ts";
import { pageSize } from "../_internal/mapping.ts";
import { os } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import type { Region } from "./_region.ts";

const MLOCK_ONFAULT = 1;

/** Locks all pages of a region, whose bytes these are. */
export function lockPages(region: Region, bytes: Uint8Array): void {
  const { name, writable, mapping } = region;
  const context = { on: name, hint: "raise RLIMIT_MEMLOCK (ulimit -l)" };
  const range = [mapping.address, BigInt(bytes.length)] as const;
  if (writable || os !== "linux") {
    return void check(libc.mlock(...range), "mlock", context);
  }
  // mlock(2) fetches the pages as if they were written to. Those of a private
  // mapping would become copies, which do not follow the changes of others.
  check(libc.mlock2(...range, MLOCK_ONFAULT), "mlock2", context);
  const page = pageSize();
  // No compiler leaves out what is read atomically.
  for (let at = 0; at < bytes.length; at += page) Atomics.load(bytes, at);
}
