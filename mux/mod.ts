/**
 * Readiness: waiting for descriptors of any kind.
 *
 * @example Wait until there is something to read, without reading it
 * ```ts
 * import { readable } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 *
 * using pipe = Pipe.open();
 * pipe.writer.writeSync(new Uint8Array(1));
 * await readable(pipe.reader, { signal: AbortSignal.timeout(1000) });
 * ```
 *
 * @module
 */

export { readable, writable } from "./ready.ts";
export { setSpinning } from "./spinning.ts";
export type { Watchable } from "./watchable.ts";
export type { WaitOptions } from "../_internal/wait.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
