import { closedError, type ErrorContext } from "../_internal/errno.ts";
import { type Operations, toOperations } from "./_operations.ts";
import { Operator } from "./_operator.ts";
import type { SysvOperation } from "./sysv_operation.ts";

/** So many kinds of operations are remembered, whether or not anyone waits. */
const MOST_REMEMBERED = 64;

/** The operators of one set: each kind of operations has its own queue. */
export class SysvOperators {
  readonly #id: number;
  readonly #count: number;
  readonly #context: ErrorContext;
  readonly #all = new Map<number | string, Operator>();
  #closed = false;

  /**
   * @param id The set's id.
   * @param count How many semaphores it has.
   * @param context What to call it in errors.
   */
  constructor(id: number, count: number, context: ErrorContext) {
    this.#id = id;
    this.#count = count;
    this.#context = context;
  }

  /** For one operation on one semaphore, of those that are carried out often. */
  one(index: number, delta: -1 | 0 | 1, undo: boolean): Operator {
    this.requireOpen("semop");
    // A number for each, as text would cost more than the system call.
    const key = index * 8 + (delta + 1) * 2 + Number(undo);
    const found = this.#all.get(key);
    if (found !== undefined) return found;
    return this.#add(key, toOperations([{ index, delta, undo }], this.#count));
  }

  /** For operations that are carried out together. */
  many(operations: readonly SysvOperation[]): Operator {
    this.requireOpen("semop");
    const checked = toOperations(operations, this.#count);
    const key = checked.attempt.join();
    return this.#all.get(key) ?? this.#add(key, checked);
  }

  /** Wakes all who wait with an error. */
  close(): void {
    this.#closed = true;
    for (const operator of this.#all.values()) operator.close();
  }

  /** Refuses a set that is closed. */
  requireOpen(syscall: string): void {
    if (this.#closed) throw closedError(syscall, this.#context.on);
  }

  #add(key: number | string, operations: Operations): Operator {
    if (this.#all.size >= MOST_REMEMBERED) this.#forgetIdle();
    const operator = new Operator(this.#id, this.#context, operations);
    this.#all.set(key, operator);
    return operator;
  }

  #forgetIdle(): void {
    for (const [key, { queue }] of this.#all) {
      if (queue.idle) this.#all.delete(key);
    }
  }
}
