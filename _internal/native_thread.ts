/** Threads of our own, which run machine code. Linux. */

import { libc } from "./_ffi.ts";
import { checkReturned } from "./errno.ts";
import type { Address } from "./mapping.ts";
import { cString } from "./memory.ts";

/**
 * Starts a thread that nobody waits for.
 *
 * @param entry Its code, which is never unmapped.
 * @param argument What that is called with.
 * @param name What `ps` and others call it; 15 bytes at the most.
 */
export function startThread(
  entry: Address,
  argument: Address | null,
  name: string,
): void {
  const thread = new BigUint64Array(1);
  checkReturned(
    libc.pthread_create(thread, null, entry, argument),
    "pthread_create",
  );
  checkReturned(libc.pthread_detach(thread[0]), "pthread_detach");
  checkReturned(
    libc.pthread_setname_np(thread[0], cString(name)),
    "pthread_setname_np",
  );
}
