import type { Watchable } from "./watchable.ts";

/**
 * What a poller is to report of a descriptor. With neither, it reports hang-ups
 * and errors alone.
 */
export interface PollerInterest {
  /**
   * A read would not have to wait.
   *
   * @default {true} if `write` is not true, otherwise false.
   */
  readonly read?: boolean;
  /**
   * A write would not have to wait.
   *
   * @default {false}
   */
  readonly write?: boolean;
}

/** Options of adding a descriptor to a poller. */
export interface PollerAddOptions extends PollerInterest {
  /** Any value, which its events will have. */
  readonly data?: unknown;
}

/** A descriptor that is ready, the same on every system. */
export interface PollerEvent {
  /** The descriptor, as it was added. */
  readonly fd: Watchable;
  /** The value that it was added with. */
  readonly data: unknown;
  /** A read was asked for and would not have to wait: for data or the end. */
  readonly read: boolean;
  /** A write was asked for and would not have to wait: for room or an error. */
  readonly write: boolean;
  /**
   * The other side is gone; or, unless only `write` was asked for, it will send
   * nothing more.
   */
  readonly hangup: boolean;
  /** An error is pending, or nobody can read what would be written. */
  readonly error: boolean;
}
