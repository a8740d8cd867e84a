/**
 * Event counters: the smallest thing that one process can wake another with.
 * Linux only.
 *
 * An eventfd is a 64-bit number in the kernel, with a descriptor. Signalling
 * adds to it, waiting takes it; there is no data and no queue, so a signal
 * costs the same whether anybody waits or not.
 *
 * @example Wake somebody up
 * ```ts
 * import { EventFd } from "@ipc/core/event";
 * import { assertEquals } from "@std/assert";
 *
 * using event = EventFd.create();
 * const waiting = event.wait();
 * event.signal();
 * event.signal(2);
 * assertEquals(await waiting, 3n);
 * ```
 *
 * @module
 */

export { EventFd, type EventFdOptions } from "./event_fd.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
