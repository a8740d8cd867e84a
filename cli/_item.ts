/** An object as the inventory has it. */

import type { Kind } from "./_object_name.ts";

/** An object; what could not be found out is not there. */
export interface Item {
  readonly kind: Kind;
  /** The name of a POSIX object. */
  readonly name?: string;
  /** The id of a System V object. */
  readonly id?: number;
  /** The key of a System V object; 0 if it has none. */
  readonly key?: number;
  readonly uid?: number;
  readonly mode?: number;
  /** How many bytes it has, or in a queue can have. */
  readonly size?: number;
  /** Messages in a queue. */
  readonly messages?: number;
  /** How many of those there can be. */
  readonly maxMessages?: number;
  /** How often memory or a semaphore is mapped or attached. */
  readonly users?: number;
  /** Whether there may be more users, which are not ours to see. */
  readonly moreUsers?: boolean;
  /** The values of semaphores. */
  readonly values?: readonly number[];
  /** When it was made, or if nobody knows that, changed last. */
  readonly since?: Date;
}

/**
 * What `look` answers; undefined if the system refuses, as the object is
 * somebody else's, or gone, or not what its name says.
 */
export function ifPossible<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as { code?: string }).code === undefined) throw error;
    return undefined;
  }
}
