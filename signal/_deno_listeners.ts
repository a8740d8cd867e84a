/**
 * Getting on with `Deno.addSignalListener`. Once there has been a listener for
 * a signal, Deno handles it for ever: it ends the program by it when there is
 * no listener any more, even though others wait for the same signal. So where
 * Deno has a handler, it is given a listener that does nothing.
 */

import { signalName } from "../_internal/signals.ts";

/** Listeners that do nothing, for some signals. */
export class DenoListeners implements Disposable {
  readonly #added = new Set<Deno.Signal>();
  readonly #listener = () => {};

  /** Has Deno believe that somebody listens to a signal. */
  add(signal: number): void {
    const name = signalName(signal) as Deno.Signal;
    if (this.#added.has(name)) return;
    Deno.addSignalListener(name, this.#listener);
    this.#added.add(name);
  }

  /** Takes all of them away again. */
  [Symbol.dispose](): void {
    for (const name of this.#added) {
      Deno.removeSignalListener(name, this.#listener);
    }
    this.#added.clear();
  }
}
