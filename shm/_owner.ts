/** Who has a side of something in memory that only one can have. */

import { E, systemError } from "../_internal/errno.ts";
import { isAlive, NOBODY, ownIdentity, pidOf } from "../_internal/process.ts";

/** A side, and what to say if it is taken. */
export interface OwnedSide {
  readonly owners: BigUint64Array;
  /** Where in them its owner is. */
  readonly index: number;
  /** "producer" or "consumer". */
  readonly role: string;
  /** What one does with it. */
  readonly verb: string;
  /** What it is a side of. */
  readonly name: string;
}

/** Takes a side, which has to be free, or its owner's process has to be gone. */
export function claim({ owners, index, role, verb, name }: OwnedSide): void {
  const me = ownIdentity();
  for (;;) {
    const owner = Atomics.load(owners, index);
    if (owner !== NOBODY && isAlive(owner)) {
      throw systemError(E.EBUSY, verb, {
        on: name,
        hint: `process ${pidOf(owner)} is the ${role}, and there is but one`,
      });
    }
    if (Atomics.compareExchange(owners, index, owner, me) === owner) return;
  }
}

/** Gives a side back that this process has. */
export function unclaim({ owners, index }: OwnedSide): void {
  Atomics.store(owners, index, NOBODY);
}
