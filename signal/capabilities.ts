import { os } from "../_internal/platform.ts";
import { usableCode } from "./_usable_code.ts";

/** What can be done with signals here. */
export interface SignalCapabilities {
  /**
   * Whether {@linkcode SignalStream} knows who sent a signal, how, and with
   * which value, and misses none. Not on macOS, and not where the system does
   * not let memory be executed: there Deno's own listeners are underneath.
   */
  readonly data: boolean;
  /** Whether there are real-time signals. On Linux; streams need `data` too. */
  readonly realtime: boolean;
  /** Whether {@linkcode queue} can send values along. On Linux. */
  readonly queue: boolean;
  /** Whether {@linkcode PidFd} is sure of its process. On Linux. */
  readonly pidfd: boolean;
}

/**
 * What can be done with signals here.
 *
 * @example Ask before relying on it
 * ```ts
 * import { capabilities } from "@ipc/core/signal";
 *
 * if (!capabilities.data) console.warn("Nobody knows who sends signals here");
 * ```
 */
export const capabilities: SignalCapabilities = {
  get data() {
    return usableCode() !== undefined;
  },
  realtime: os === "linux",
  queue: os === "linux",
  pidfd: os === "linux",
};
