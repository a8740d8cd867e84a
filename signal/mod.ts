/**
 * Signals: sent with values, received as a stream, to processes that are known
 * by more than their number.
 *
 * A signal interrupts nobody here: a {@linkcode SignalStream} is waited for
 * like anything else, and tells who sent it.
 *
 * @example A question and an answer
 * ```ts
 * import { queue, realtime, SignalStream } from "@ipc/core/signal";
 * import { assertEquals } from "@std/assert";
 *
 * using stream = SignalStream.open([realtime(9)]);
 *
 * // Usually from another process, or in a shell: kill -q 42 -s RTMIN+9 …
 * queue(Deno.pid, realtime(9), 42);
 *
 * const { signal, pid, value } = await stream.receive();
 * assertEquals([signal, pid, value], ["SIGRTMIN+9", Deno.pid, 42]);
 * ```
 *
 * @module
 */

export { capabilities, type SignalCapabilities } from "./capabilities.ts";
export { PidFd } from "./pid_fd.ts";
export { realtime } from "./realtime.ts";
export { queue, send } from "./send.ts";
export { SignalStream, type SignalStreamOptions } from "./stream.ts";
export type { ReceivedSignal } from "./_siginfo.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type { SignalName } from "../_internal/signals.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
