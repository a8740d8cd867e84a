/**
 * Records written by Deno's listeners: where machine code cannot be run, or
 * there is none. They say which signal came, and nothing else.
 */

import { libc } from "../_internal/_ffi.ts";
import { wouldBlock } from "../_internal/errno.ts";
import { notSupported } from "../_internal/platform.ts";
import { isRealtime, signalName } from "../_internal/signals.ts";
import { bareRecord } from "./_siginfo.ts";
import type { Source } from "./_source.ts";

/** The listeners of one stream. */
export class ListenerSource implements Source {
  readonly whileBlocked = false;
  readonly #listeners = new Map<Deno.Signal, () => void>();
  #dropped = 0;

  /**
   * @param signals What to listen to.
   * @param pipe Where to write the records.
   */
  constructor(signals: readonly number[], pipe: number) {
    const realtime = signals.find(isRealtime);
    if (realtime !== undefined) {
      notSupported(
        `${signalName(realtime)} without memory that can be executed`,
        "use another signal",
      );
    }
    for (const signal of signals) {
      const name = signalName(signal) as Deno.Signal;
      const record = bareRecord(signal);
      const listener = () => this.#write(record, pipe);
      Deno.addSignalListener(name, listener);
      this.#listeners.set(name, listener);
    }
  }

  #write(record: Uint8Array<ArrayBuffer>, pipe: number): void {
    if (libc.write(pipe, record, BigInt(record.length)) >= 0) return;
    wouldBlock("write");
    this.#dropped++;
  }

  get dropped(): number {
    return this.#dropped;
  }

  look(): void {}

  close(): void {
    for (const [name, listener] of this.#listeners) {
      Deno.removeSignalListener(name, listener);
    }
    this.#listeners.clear();
  }
}
