/**
 * Getting on with `Deno.addSignalListener`. Once there has been a listener for
 * a signal, Deno handles it for ever: it ends the program by it when there is
 * no listener any more, even though others wait for the same signal. So where
 * Deno has a handler, it is given a listener that does nothing.
 */

import { signalName } from "../_internal/signals.ts";

/** A listener for one signal. */
class Listener {
  readonly #name: Deno.Signal;
  readonly #seen: () => number;
  /** How many signals there were when it was last called. */
  #heard: number;
  #wanted = true;

  constructor(signal: number, seen: () => number) {
    this.#name = signalName(signal) as Deno.Signal;
    this.#seen = seen;
    this.#heard = seen();
    Deno.addSignalListener(this.#name, this.#call);
  }

  readonly #call = () => {
    if (this.#wanted) this.#heard = this.#seen();
    else this.#remove();
  };

  /**
   * Takes it away; if there was a signal of which Deno does not know yet, only
   * when it does: a thread of its own looks for listeners then.
   */
  end(): void {
    this.#wanted = false;
    if (this.#heard === this.#seen()) this.#remove();
  }

  #remove(): void {
    Deno.removeSignalListener(this.#name, this.#call);
  }
}

/** Listeners that do nothing, for some signals. */
export class DenoListeners {
  readonly #listeners = new Map<number, Listener>();

  /**
   * Has Deno believe that somebody listens to a signal.
   *
   * @param signal The signal.
   * @param seen Answers how often it has come.
   */
  add(signal: number, seen: () => number): void {
    if (this.#listeners.has(signal)) return;
    this.#listeners.set(signal, new Listener(signal, seen));
  }

  /** Takes all of them away again. */
  end(): void {
    for (const listener of this.#listeners.values()) listener.end();
    this.#listeners.clear();
  }
}
