/**
 * Programs that Deno starts. They begin with what the thread blocks that starts
 * them, and there is no way to tell Deno otherwise: posix_spawn(3). So a thread
 * that blocks real-time signals, because the collector is there for them, does
 * not do so for as long as it starts a program.
 */

import { platform } from "../_internal/platform.ts";
import { bit, block, ownBlocked, unblock } from "../_internal/threads.ts";

/** What starts programs, and stands in for itself as a method or function. */
const STARTERS: readonly (readonly [object, readonly string[]])[] = [
  [Deno.Command.prototype, ["output", "outputSync", "spawn"]],
  [Deno, ["spawn", "spawnAndWait", "spawnAndWaitSync"]],
];

/** What this thread blocked before there was a collector. */
let inherited: bigint | undefined;

/**
 * Has programs that this thread starts from now on block what they would
 * without a collector.
 *
 * @param first Whether no thread can have been told yet what to block.
 */
export function spareChildren(first: boolean): void {
  if (inherited !== undefined) return;
  inherited = first ? ownBlocked() : 0n;
  for (const [owner, names] of STARTERS) {
    for (const name of names) wrap(owner, name);
  }
}

function wrap(owner: object, name: string): void {
  const start = Reflect.get(owner, name);
  // Not every Deno has every one of them.
  if (typeof start !== "function") return;
  const { [name]: wrapped } = {
    [name](this: unknown, ...args: unknown[]): unknown {
      return unblocked(() => Reflect.apply(start, this, args));
    },
  };
  Reflect.set(owner, name, wrapped);
}

/**
 * Calls `body` while this thread blocks nothing because of the collector. A
 * signal that comes meanwhile may be handled by it, and so overtake another.
 */
function unblocked<T>(body: () => T): T {
  const blocked = ownBlocked() & realtimeBits() & ~(inherited ?? 0n);
  if (blocked === 0n) return body();
  unblock(blocked);
  try {
    return body();
  } finally {
    block(blocked);
  }
}

/** The bits of all real-time signals. */
function realtimeBits(): bigint {
  return (bit(platform.SIGRTMAX) << 1n) - bit(platform.SIGRTMIN);
}
