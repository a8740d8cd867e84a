/** The other side's going, seen from this one. */

import type { PipeWriter } from "@ipc/core/pipe";

/**
 * Resolves when nobody can read what `writer` writes. A process that another
 * test is just starting has a copy of every descriptor until it runs its
 * program, so that may be a moment after the reader was closed.
 */
export async function readersHaveGone(writer: PipeWriter): Promise<void> {
  try {
    for (;;) await writer.write(new Uint8Array(1));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
