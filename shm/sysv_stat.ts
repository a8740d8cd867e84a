/** What is known of System V shared memory. */

import type { SysvOwnership } from "../_internal/sysv.ts";

/** What {@linkcode SysvSharedMemory.stat} tells. */
export interface SysvSharedMemoryStat extends SysvOwnership {
  /** How many bytes it has. */
  readonly size: number;
  /** How often it is attached, by all processes together. */
  readonly attached: number;
  /** The process that made it. */
  readonly creatorPid: number;
  /** The process that attached or detached it last, or 0. */
  readonly lastPid: number;
  /** When it was attached last, to the second. */
  readonly lastAttach?: Date;
  /** When it was detached last, to the second. */
  readonly lastDetach?: Date;
  /** When it was made, or its settings were changed last, to the second. */
  readonly changed?: Date;
}

/** A line of {@linkcode SysvSharedMemory.list}. */
export interface SysvSharedMemoryEntry extends SysvSharedMemoryStat {
  /** Its id, for {@linkcode SysvSharedMemory.fromId}. */
  readonly id: number;
  /** Its key; 0 for one that was made without. */
  readonly key: number;
}
