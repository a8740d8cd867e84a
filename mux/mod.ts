/**
 * Readiness: waiting for descriptors of any kind, by `select`, `poll`, `epoll`
 * and `kqueue`, or by {@linkcode Poller}, which is the same everywhere.
 *
 * @example Serve whoever has something to say
 * ```ts
 * import { Poller } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 *
 * using pipe = Pipe.open();
 * using poller = new Poller();
 * poller.add(pipe.reader);
 * pipe.writer.writeSync(new Uint8Array(1));
 *
 * const p = new Uint8Array(16);
 * for await (const { hangup } of poller) {
 *   if (pipe.reader.tryRead(p) === null || hangup) break;
 *   pipe.writer.close();
 * }
 * ```
 *
 * @module
 */

export { Epoll } from "./epoll.ts";
export type {
  EpollAddOptions,
  EpollEvent,
  EpollInterest,
  EpollModifyOptions,
  EventsOptions,
} from "./epoll_types.ts";
export { Kqueue } from "./kqueue.ts";
export type {
  KqueueChange,
  KqueueChangeBase,
  KqueueChangeOptions,
  KqueueDescriptorChange,
  KqueueFilter,
  KqueueProcChange,
  KqueueReceipt,
  KqueueSignalChange,
  KqueueTimerChange,
  KqueueUserChange,
  KqueueVnodeChange,
  KqueueVnodeNotes,
} from "./kqueue_change_types.ts";
export type {
  KqueueDescriptorEvent,
  KqueueEvent,
  KqueueEventBase,
  KqueueProcEvent,
  KqueueSignalEvent,
  KqueueTimerEvent,
  KqueueUserEvent,
  KqueueVnodeEvent,
} from "./kqueue_event_types.ts";
export type { KqueueConstants, KqueueOptions } from "./kqueue_options.ts";
export { poll, pollSync, tryPoll } from "./poll.ts";
export type { PollEntry, PollEvents, PollResult } from "./poll.ts";
export { Poller } from "./poller.ts";
export type {
  PollerAddOptions,
  PollerEvent,
  PollerInterest,
} from "./poller_types.ts";
export { readable, writable } from "./ready.ts";
export { select, selectSync, trySelect } from "./select.ts";
export type { Selected, SelectedSync, SelectSets } from "./select.ts";
export { setSpinning } from "./spinning.ts";
export type { Watchable } from "./watchable.ts";
export type { ChildStatus } from "../_internal/exit_status.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
