/**
 * Getting on with `Deno.addSignalListener`. Once there has been a listener for
 * a signal, Deno handles it for ever: it ends the program by it when there is
 * no listener any more, even though others wait for the same signal. So where
 * Deno has a handler, it is given a listener that does nothing.
 */

import { sleepSync } from "../_internal/poll.ts";
import { signalName } from "../_internal/signals.ts";

/**
 * Deno's handler wakes a thread, which looks for listeners when it gets to it:
 * how long that may take, in milliseconds.
 */
const GRACE = 10;

/** Listeners that do nothing, for some signals. */
export class DenoListeners {
  readonly #names = new Set<Deno.Signal>();
  readonly #listener = () => {};

  /** Has Deno believe that somebody listens to a signal. */
  add(signal: number): void {
    const name = signalName(signal) as Deno.Signal;
    if (this.#names.has(name)) return;
    Deno.addSignalListener(name, this.#listener);
    this.#names.add(name);
  }

  /**
   * Takes all of them away again, once Deno has seen that there was one for
   * what has come so far.
   */
  end(): void {
    if (this.#names.size === 0) return;
    sleepSync(GRACE);
    for (const name of this.#names) {
      Deno.removeSignalListener(name, this.#listener);
    }
    this.#names.clear();
  }
}
