/** What is known of sets of System V semaphores. */

import type { SysvOwnership } from "../_internal/sysv.ts";

/** What all views of a set tell. */
export interface SysvSemaphoreSetUse extends SysvOwnership {
  /** How many semaphores it has. */
  readonly count: number;
  /** When it was operated on last, to the second. */
  readonly lastOperation?: Date;
  /** When it was made, or values or settings were set last, to the second. */
  readonly changed?: Date;
}

/** What is known of one semaphore of a set. */
export interface SysvSemaphoreStat {
  /** Its value. */
  readonly value: number;
  /** Who operated on it last: a process id, or 0. */
  readonly lastPid: number;
  /** How many wait for the value to become more. */
  readonly waiting: number;
  /** How many wait for the value to become 0. */
  readonly waitingForZero: number;
}

/** What {@linkcode SysvSemaphoreSet.stat} tells. */
export interface SysvSemaphoreSetStat extends SysvSemaphoreSetUse {
  /** Each of its semaphores. */
  readonly semaphores: readonly SysvSemaphoreStat[];
}

/** A line of {@linkcode SysvSemaphoreSet.list}. */
export interface SysvSemaphoreSetEntry extends SysvSemaphoreSetUse {
  /** Its id, for {@linkcode SysvSemaphoreSet.fromId}. */
  readonly id: number;
  /** Its key; 0 for one that was made without. */
  readonly key: number;
}
