import type { LockMode } from "../_internal/lock_mode.ts";
import type { ThreadCall } from "../_internal/thread.ts";

/** A call that locks, and comes back with a negative number if it has not. */
export interface LockThreadCall extends ThreadCall {
  readonly back: Promise<number>;
}

/** How to lock one part of an open file in one way. */
export interface LockCalls {
  /** The function, for errors. */
  readonly syscall: string;
  /** Locks it or converts what is locked; negative if others are in the way. */
  readonly attempt: (fd: number, mode: LockMode) => number;
  /** The same, but blocks this thread meanwhile. */
  readonly block: (fd: number, mode: LockMode) => number;
  /**
   * The same on a thread of the pool. What that locks is the open file's, or
   * the process's: so the next attempt on this thread finds it locked already.
   */
  readonly begin: (fd: number, mode: LockMode) => LockThreadCall;
  /** Unlocks it. */
  readonly unlock: (fd: number) => number;
}
