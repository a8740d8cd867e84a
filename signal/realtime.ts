import { wholeNumber } from "../_internal/arguments.ts";
import { notSupported, platform } from "../_internal/platform.ts";

/**
 * The name of a real-time signal. Linux has 31 for programs to use, which have
 * no meaning of their own, carry a value, and are queued in order.
 *
 * See [signal(7)](https://man7.org/linux/man-pages/man7/signal.7.html).
 *
 * @param n Which one, from 0 on. Of two that wait, the lower comes first.
 * @returns Its name.
 * @throws {RangeError} If there is none of that number.
 * @throws {Deno.errors.NotSupported} On macOS, which has none.
 *
 * @example
 * ```ts
 * import { realtime } from "@ipc/core/signal";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(realtime(3), "SIGRTMIN+3");
 * ```
 */
export function realtime(n: number): `SIGRTMIN+${number}` {
  const { SIGRTMIN, SIGRTMAX } = platform;
  if (SIGRTMAX === 0) notSupported("A real-time signal", "use SIGUSR1");
  const most = SIGRTMAX - SIGRTMIN;
  wholeNumber(n, "name a real-time signal", "its number", 0, most);
  return `SIGRTMIN+${n}`;
}
