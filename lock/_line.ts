/**
 * Lines of those in this program who wait for the same part of a file in the
 * same way. Only the first of each asks the kernel: while it is refused, so is
 * everyone behind it, and a thousand who look again and again would leave no
 * time for anything else.
 */

import { Turns } from "../_internal/turns.ts";

const lines = new Map<string, Turns>();

/** Whether nobody waits in any line. */
export function noLines(): boolean {
  return lines.size === 0;
}

/**
 * Keeps the first place of a line for all of `body`.
 *
 * @param key What is waited for.
 * @param body What to do there.
 * @param signal Leaves the line.
 */
export async function inLine<T>(
  key: string,
  body: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  let line = lines.get(key);
  if (line === undefined) lines.set(key, line = new Turns());
  try {
    return await line.hold(body, signal);
  } finally {
    if (!line.taken) lines.delete(key);
  }
}
