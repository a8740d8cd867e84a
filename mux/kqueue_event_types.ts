import type { ChildStatus } from "../_internal/exit_status.ts";
import type { KqueueVnodeNotes } from "./kqueue_change_types.ts";
import type { Watchable } from "./watchable.ts";

/** What every event says, whatever its filter. */
export interface KqueueEventBase {
  /** The value that it was added with. */
  readonly data: unknown;
}

/** A descriptor is ready. */
export interface KqueueDescriptorEvent extends KqueueEventBase {
  /** The filter. */
  readonly filter: "read" | "write" | "except";
  /** The descriptor, as it was added. */
  readonly fd: Watchable;
  /**
   * The bytes that are there to read or that there is room for; the connections
   * that a listening socket has waiting; the distance to the end of a file.
   */
  readonly available: number;
  /** The other side is gone; what it sent may still be there. `EV_EOF`. */
  readonly eof: boolean;
  /** The socket's pending error, told with `eof`. */
  readonly error?: Error;
}

/** Something has happened to a file. */
export interface KqueueVnodeEvent
  extends KqueueEventBase, Required<KqueueVnodeNotes> {
  /** The filter. */
  readonly filter: "vnode";
  /** The descriptor, as it was added. */
  readonly fd: Watchable;
}

/** Something has happened to a process. */
export interface KqueueProcEvent extends KqueueEventBase {
  /** The filter. */
  readonly filter: "proc";
  /** Its number. */
  readonly pid: number;
  /** It has ended, and is not watched any more. */
  readonly exit: boolean;
  /** It has started a process. */
  readonly fork: boolean;
  /** It has become another program. */
  readonly exec: boolean;
  /** How it ended, if `exitStatus` was asked for and it has. */
  readonly status?: ChildStatus;
}

/** A signal was sent. */
export interface KqueueSignalEvent extends KqueueEventBase {
  /** The filter. */
  readonly filter: "signal";
  /** The signal, as it was added. */
  readonly signal: Deno.Signal | number;
  /** How many times since it was last reported. */
  readonly count: number;
}

/** The time has come. */
export interface KqueueTimerEvent extends KqueueEventBase {
  /** The filter. */
  readonly filter: "timer";
  /** The number that it was added with. */
  readonly id: number;
  /** How many times since it was last reported. */
  readonly count: number;
}

/** This program has triggered it. */
export interface KqueueUserEvent extends KqueueEventBase {
  /** The filter. */
  readonly filter: "user";
  /** The number that it was added with. */
  readonly id: number;
  /** The 24 bits as they are now. */
  readonly flags: number;
}

/** What a kqueue has to report, told apart by `filter`. */
export type KqueueEvent =
  | KqueueDescriptorEvent
  | KqueueVnodeEvent
  | KqueueProcEvent
  | KqueueSignalEvent
  | KqueueTimerEvent
  | KqueueUserEvent;
