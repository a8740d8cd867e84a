import type { Watchable } from "./watchable.ts";

/** What to report of a descriptor in an epoll, and how. */
export interface EpollInterest {
  /**
   * A read would not have to wait; the event's `readHangup` comes with it.
   *
   * @default {true} if none of the four is given, otherwise false.
   */
  readonly read?: boolean;
  /** A write would not have to wait. */
  readonly write?: boolean;
  /** Something out of the ordinary: data out of band, say. */
  readonly priority?: boolean;
  /** The peer of a stream socket will send nothing more. */
  readonly readHangup?: boolean;
  /**
   * Report when something comes, rather than while it is there: read until
   * nothing is left, or the rest is never heard of.
   */
  readonly edge?: boolean;
  /** Report once; `modify` switches it on again. */
  readonly oneShot?: boolean;
  /**
   * When several epolls have the same file, wake one or some of those who
   * block in `waitSync` rather than all, to share the work between processes.
   * Whoever waits asynchronously is woken with the others, and waits on if
   * nothing is left. Cannot be combined with `oneShot`, `priority` and
   * `readHangup`, or be modified.
   */
  readonly exclusive?: boolean;
}

/** Options of adding a descriptor to an epoll. */
export interface EpollAddOptions extends EpollInterest {
  /** Any value, which its events will have. */
  readonly data?: unknown;
}

/** Options of modifying a descriptor in an epoll. */
export interface EpollModifyOptions extends Omit<EpollInterest, "exclusive"> {
  /** Any value, which its events will have; what it was if left out. */
  readonly data?: unknown;
}

/** What has become ready. */
export interface EpollEvent {
  /** The descriptor, as it was added. */
  readonly fd: Watchable;
  /** The value that it was added with. */
  readonly data: unknown;
  /** A read would not have to wait. EPOLLIN. */
  readonly read: boolean;
  /** A write would not have to wait. EPOLLOUT. */
  readonly write: boolean;
  /** Something out of the ordinary is there to read. EPOLLPRI. */
  readonly priority: boolean;
  /** A socket's peer will send nothing more. EPOLLRDHUP. */
  readonly readHangup: boolean;
  /** The other side is gone; what it sent may still be there. EPOLLHUP. */
  readonly hangup: boolean;
  /** An error is pending, or a pipe has no reader any more. EPOLLERR. */
  readonly error: boolean;
}

/** Options of asking for events. */
export interface EventsOptions {
  /**
   * How many events to take at the most; the others stay for the next time.
   *
   * @default {256}
   */
  readonly maxEvents?: number;
}
