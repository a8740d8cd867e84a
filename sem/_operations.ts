/** Operations as semop(2) takes them. */

import { wholeNumber } from "../_internal/arguments.ts";
import { IPC_NOWAIT, SEM_UNDO } from "../_internal/platform.ts";
import type { SysvOperation } from "./sysv_operation.ts";

/** SEMVMX, the most that a value can be: semctl(2). */
export const MOST_VALUE = 32_767;
/** SEMOPM of Linux, which an administrator can change: semop(2). */
export const MOST_OPERATIONS = 500;

/** `struct sembuf`, of which each has three numbers of 16 bits. */
export type Sembufs = Int16Array<ArrayBuffer>;

/** Operations for one call, checked. */
export interface Operations {
  /** Carries them out, or fails at once. */
  readonly attempt: Sembufs;
  /** Waits until they could be carried out, and leaves all as it was. */
  readonly wait: Sembufs;
}

/** Checks operations on a set of so many semaphores. */
export function toOperations(
  operations: readonly SysvOperation[],
  count: number,
): Operations {
  if (!Array.isArray(operations) || operations.length === 0) {
    throw new TypeError(
      "Cannot operate: the operations must be an array of at least one",
    );
  }
  for (const { index, delta } of operations) {
    checkIndex(index, count, "operate");
    wholeNumber(delta, "operate", "the delta", -MOST_VALUE, MOST_VALUE);
  }
  const reverse = operations
    .filter(({ delta }) => delta !== 0)
    .map(({ index, delta }) => ({ index, delta: -delta }))
    .reverse();
  const plain = operations.map(({ index, delta }) => ({ index, delta }));
  return {
    attempt: sembufs(operations, IPC_NOWAIT),
    wait: sembufs([...plain, ...reverse], 0),
  };
}

/** Which semaphore of a set. */
export function checkIndex(index: number, count: number, verb: string): void {
  wholeNumber(index, verb, "the index", 0, count - 1);
}

function sembufs(operations: readonly SysvOperation[], flags: number): Sembufs {
  return new Int16Array(
    operations.flatMap(({ index, delta, undo }) => [
      index,
      delta,
      flags | (undo ? SEM_UNDO : 0),
    ]),
  );
}
