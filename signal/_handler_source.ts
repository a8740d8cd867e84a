/** Records written by handlers in machine code: all that the kernel knows. */

import { getAction, SIG_IGN } from "../_internal/sigaction.ts";
import { isRealtime } from "../_internal/signals.ts";
import { bit, nobodyHandles, unblock } from "../_internal/threads.ts";
import {
  otherwiseBlocked,
  spareChildren,
  sparesChildren,
} from "./_children.ts";
import { awaitHandled, collect, startCollector } from "./_collector.ts";
import {
  denoHandles,
  DenoListeners,
  onDenoListener,
} from "./_deno_listeners.ts";
import { Handler, keepHandler, takeHandler } from "./_handler.ts";
import type { MachineCode } from "./_machine_code.ts";
import { exclusively } from "./_process_lock.ts";
import type { Source } from "./_source.ts";

/** The handlers of one stream. */
export class HandlerSource implements Source {
  readonly whileBlocked = true;
  readonly #handlers = new Map<number, Handler>();
  /** Signals for which there has to be a handler to the end. */
  readonly #staying = new Set<number>();
  readonly #denoListeners = new DenoListeners();
  readonly #unwatch: () => void;
  #closed = false;
  #dropped = 0;

  /**
   * @param signals What to handle.
   * @param pipe Where to write the records.
   * @param code What to handle it with.
   */
  constructor(signals: readonly number[], pipe: number, code: MachineCode) {
    const realtime = signals.filter(isRealtime);
    this.#unwatch = onDenoListener(() => this.look());
    try {
      exclusively(() => {
        for (const signal of realtime) spareChildren(signal, code);
        const used = nobodyHandles();
        for (const signal of signals) {
          this.#lookAt(signal);
          const handler = takeHandler(signal, code, used);
          handler.install(signal, pipe);
          this.#handlers.set(signal, handler);
        }
        // Now, or what is pending would end the program.
        startCollector(realtime, otherwiseBlocked(), code);
      });
      for (const signal of realtime) {
        const told = new Set<number>();
        this.#staying.add(signal);
        try {
          if (collect(signal, told)) this.#staying.delete(signal);
        } finally {
          if (told.size === 0) this.#staying.delete(signal);
        }
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #lookAt(signal: number): void {
    // Deno does not know of real-time signals.
    if (isRealtime(signal) || !denoHandles(signal, Handler.other(signal))) {
      return;
    }
    this.#denoListeners.add(signal);
  }

  get dropped(): number {
    return this.#closed ? this.#dropped : this.#sum();
  }

  #sum(): number {
    return this.#handlers.values()
      .reduce((sum, handler) => sum + handler.dropped, 0);
  }

  look(): void {
    for (const signal of this.#handlers.keys()) this.#lookAt(signal);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    try {
      exclusively(() => {
        for (const [signal, handler] of this.#handlers) {
          if (this.#staying.has(signal)) continue;
          awaitHandled(signal);
          if (handler.uninstall(signal)) keepHandler(signal, handler);
          const last = getAction(signal).handler <= SIG_IGN;
          // What this program was started with blocked stays so.
          if (last && sparesChildren(signal)) unblock(bit(signal));
        }
      });
    } finally {
      for (const handler of this.#handlers.values()) handler.mute();
      this.#dropped = this.#sum();
      this.#denoListeners.end();
    }
  }
}
