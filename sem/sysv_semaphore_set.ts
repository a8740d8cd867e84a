import { E, systemError } from "../_internal/errno.ts";
import {
  createPrivateSysv,
  createSysv,
  ensureSysv,
  openSysv,
  sysvId,
} from "../_internal/sysv.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import { checkIndex } from "./_operations.ts";
import {
  contextOf,
  initialise,
  listSets,
  readValues,
  removeSet,
  setCount,
  setExists,
  setStat,
  settledCount,
  setValue,
  setValues,
  sysvSets,
  writeValue,
  writeValues,
} from "./_sysv_control.ts";
import { SysvOperators } from "./_sysv_operators.ts";
import type {
  SysvAcquireOptions,
  SysvAcquireSyncOptions,
  SysvOperation,
  SysvReleaseOptions,
  SysvUndoOptions,
} from "./sysv_operation.ts";
import type {
  SysvSemaphoreSetEntry,
  SysvSemaphoreSetStat,
} from "./sysv_stat.ts";

/** Options of making a set of System V semaphores. */
export interface SysvSemaphoreSetOptions {
  /** How many semaphores it has. */
  readonly count: number;
  /** The value of each at first; 0 unless given. */
  readonly values?: readonly number[];
  /**
   * Permission bits: whoever is to operate on the set needs to write.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode SysvSemaphoreSet.close} also removes the set.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/**
 * A set of System V semaphores. Operations on several of them are carried out
 * together or not at all, and with `undo` the kernel gives back what a process
 * had that has ended, however it ended. The set stays until it is removed, or
 * the system is restarted.
 *
 * The kernel undoes when the _process_ ends: a Worker that ends gives nothing
 * back. Those who wait for the same through one object are served in the order
 * in which they called; between processes the kernel has its own order.
 *
 * Four threads of a program wait at a time; more waits, and all on macOS, look
 * again and again, 1 ms apart at first and 50 ms after a second.
 *
 * See [semop(2)](https://man7.org/linux/man-pages/man2/semop.2.html).
 *
 * @example Two resources at once, without a deadlock
 * ```ts
 * import { SysvSemaphoreSet } from "@ipc/core/sem";
 * import { assertEquals } from "@std/assert";
 *
 * using set = SysvSemaphoreSet.createPrivate({
 *   count: 2,
 *   values: [1, 1],
 *   temporary: true,
 * });
 * await set.operate([
 *   { index: 0, delta: -1, undo: true },
 *   { index: 1, delta: -1, undo: true },
 * ]);
 * assertEquals(set.values, [0, 0]);
 * await set.operate([
 *   { index: 0, delta: 1, undo: true },
 *   { index: 1, delta: 1, undo: true },
 * ]);
 * ```
 */
export class SysvSemaphoreSet implements Disposable {
  /** The number by which the kernel knows it; the same for all processes. */
  readonly id: number;
  readonly #count: number;
  readonly #temporary: boolean;
  readonly #operators: SysvOperators;
  /** By index, how many the kernel would give back. */
  readonly #undone = new Map<number, number>();
  #closed = false;

  private constructor(id: number, count: number, temporary: boolean = false) {
    this.id = id;
    this.#count = count;
    this.#temporary = temporary;
    this.#operators = new SysvOperators(id, count, contextOf(id));
  }

  /**
   * Makes a new set: semget(2). Who opens it sees its values, never zeros that
   * are still to be set.
   *
   * @param key A number that the programs agree on; not 0.
   * @param options How many semaphores, their values, and permissions.
   * @returns The set.
   * @throws {Deno.errors.AlreadyExists} If there is one with that key.
   * @throws {IpcError} `EINVAL` or `ENOSPC` if there would be more than the
   * system allows.
   * @throws {RangeError} If the key, the count, a value or the mode cannot be,
   * or there are not as many values as semaphores.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * const key = crypto.getRandomValues(new Int32Array(1))[0];
   * using set = SysvSemaphoreSet.create(key, {
   *   count: 2,
   *   values: [1, 5],
   *   temporary: true,
   * });
   * console.log(set.values); // [ 1, 5 ]
   * ```
   */
  static create(
    key: number,
    options: SysvSemaphoreSetOptions,
  ): SysvSemaphoreSet {
    const { count, mode = 0o600 } = options;
    const values = checked(options);
    const id = createSysv(sysvSets(count), key, mode);
    return SysvSemaphoreSet.#made(id, values, options);
  }

  /**
   * Finds a set that is there. If it is being made at this moment, that is
   * waited for, 100 ms at the most.
   *
   * @param key Its key.
   * @returns The set.
   * @throws {Deno.errors.NotFound} If there is none with that key.
   * @throws {Deno.errors.PermissionDenied} If this user may not use it.
   * @throws {RangeError} If the key cannot be.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * const key = crypto.getRandomValues(new Int32Array(1))[0];
   * using _made = SysvSemaphoreSet.create(key, {
   *   count: 1,
   *   values: [1],
   *   temporary: true,
   * });
   *
   * using found = SysvSemaphoreSet.open(key);
   * using _permit = await found.acquire();
   * ```
   */
  static open(key: number): SysvSemaphoreSet {
    const id = openSysv(sysvSets(), key);
    return new SysvSemaphoreSet(id, settledCount(id));
  }

  /**
   * Finds a set, or makes it if it is not there; the options apply only if it
   * is made.
   *
   * @param key Its key.
   * @param options As for {@linkcode create}.
   * @returns The set.
   * @throws {Deno.errors.PermissionDenied} If this user may not use it.
   * @throws {IpcError} `EINVAL` or `ENOSPC` if there would be more than the
   * system allows, `EINVAL` if it is there and has fewer semaphores.
   * @throws {RangeError} If the key, the count, a value or the mode cannot be,
   * or there are not as many values as semaphores.
   *
   * @example Whichever program comes first
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * const key = crypto.getRandomValues(new Int32Array(1))[0];
   * using set = SysvSemaphoreSet.ensure(key, { count: 1, values: [1] });
   * using same = SysvSemaphoreSet.ensure(key, { count: 1, values: [1] });
   * set.remove();
   * ```
   */
  static ensure(
    key: number,
    options: SysvSemaphoreSetOptions,
  ): SysvSemaphoreSet {
    const { count, mode = 0o600 } = options;
    const values = checked(options);
    const { id, made } = ensureSysv(sysvSets(count), key, mode);
    return made
      ? SysvSemaphoreSet.#made(id, values, options)
      : new SysvSemaphoreSet(id, settledCount(id));
  }

  /**
   * Makes a set without a key, for processes that are told its id.
   *
   * @param options As for {@linkcode create}.
   * @returns The set.
   * @throws {IpcError} `EINVAL` or `ENOSPC` if there would be more than the
   * system allows.
   * @throws {RangeError} If the count, a value or the mode cannot be, or there
   * are not as many values as semaphores.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
   * console.log(set.id);
   * ```
   */
  static createPrivate(options: SysvSemaphoreSetOptions): SysvSemaphoreSet {
    const { count, mode = 0o600 } = options;
    const values = checked(options);
    const id = createPrivateSysv(sysvSets(count), mode);
    return SysvSemaphoreSet.#made(id, values, options);
  }

  /**
   * Finds a set by its id.
   *
   * @param id What {@linkcode id} was in the program that made or found it.
   * @returns The set.
   * @throws {Deno.errors.NotFound} If there is none with that id.
   * @throws {RangeError} If the id cannot be.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
   * using same = SysvSemaphoreSet.fromId(set.id);
   * ```
   */
  static fromId(id: number): SysvSemaphoreSet {
    const { kind } = sysvSets();
    sysvId(id, `find a ${kind}`);
    if (setExists(id)) return new SysvSemaphoreSet(id, settledCount(id));
    throw systemError(E.ENOENT, "semctl", { on: `id ${id}`, kind });
  }

  /**
   * All sets of this system, or of this container, that this user may read.
   *
   * @returns A line for each.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example
   * ```ts ignore
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * for (const { id, key, count } of SysvSemaphoreSet.list()) {
   *   console.log(id, key, count);
   * }
   * ```
   */
  static list(): SysvSemaphoreSetEntry[] {
    return listSets();
  }

  static #made(
    id: number,
    values: readonly number[],
    { count, temporary }: SysvSemaphoreSetOptions,
  ): SysvSemaphoreSet {
    try {
      initialise(id, values);
    } catch (error) {
      removeSet(id);
      throw error;
    }
    return new SysvSemaphoreSet(id, count, temporary);
  }

  /**
   * Carries out operations together if that is possible at once.
   *
   * @param operations On semaphores of this set.
   * @returns Whether they were carried out: false if they would have to wait,
   * or others wait already for the same.
   * @throws {IpcError} `ERANGE` if a value would become more than 32,767,
   * `EIDRM` if the set has been removed.
   * @throws {Deno.errors.PermissionDenied} If this user may not.
   * @throws {RangeError} If an index is not in the set, or a delta cannot be.
   * @throws {TypeError} If there are no operations.
   * @throws {Deno.errors.BadResource} If the set is closed.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   * import { assertEquals } from "@std/assert";
   *
   * const options = { count: 2, values: [2, 0], temporary: true };
   * using set = SysvSemaphoreSet.createPrivate(options);
   * const move = [{ index: 0, delta: -1 }, { index: 1, delta: 1 }];
   * while (set.tryOperate(move));
   * assertEquals(set.values, [0, 2]);
   * ```
   */
  tryOperate(operations: readonly SysvOperation[]): boolean {
    const { queue, attempt } = this.#operators.many(operations);
    return queue.try(attempt) ?? false;
  }

  /**
   * Carries out operations together, blocking the thread until that is
   * possible.
   *
   * @param operations On semaphores of this set.
   * @param options The longest to wait.
   * @throws {Deno.errors.TimedOut} If it was not possible in time; nothing has
   * been changed then.
   * @throws {IpcError} As for {@linkcode tryOperate}.
   * @throws {Deno.errors.Busy} If an asynchronous wait for the same is pending.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * const options = { count: 1, values: [2], temporary: true };
   * using set = SysvSemaphoreSet.createPrivate(options);
   * set.operateSync([{ index: 0, delta: -2 }], { timeout: 1000 });
   * ```
   */
  operateSync(
    operations: readonly SysvOperation[],
    options?: SyncWaitOptions,
  ): void {
    const { queue, attempt } = this.#operators.many(operations);
    queue.runSync(attempt, options);
  }

  /**
   * Carries out operations together, waiting until that is possible.
   *
   * @param operations On semaphores of this set.
   * @param options A signal that ends the wait; nothing has been changed then.
   * @throws {IpcError} As for {@linkcode tryOperate}.
   * @throws {Deno.errors.BadResource} If the set is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * const options = { count: 2, values: [3, 3], temporary: true };
   * using set = SysvSemaphoreSet.createPrivate(options);
   * const signal = AbortSignal.timeout(1000);
   * await set.operate([
   *   { index: 0, delta: -3, undo: true },
   *   { index: 1, delta: -1, undo: true },
   * ], { signal });
   * ```
   */
  async operate(
    operations: readonly SysvOperation[],
    options?: WaitOptions,
  ): Promise<void> {
    const { queue, attempt } = this.#operators.many(operations);
    await queue.run(attempt, options);
  }

  /**
   * Takes one from a semaphore without waiting.
   *
   * @param index Which semaphore of the set.
   * @param options Whether the kernel gives it back if this process ends.
   * @returns What releases it at the end of a block; undefined if there is
   * none, or others wait already.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {RangeError} If the index is not in the set.
   * @throws {Deno.errors.BadResource} If the set is closed.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   * import { assertEquals } from "@std/assert";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
   * assertEquals(set.tryAcquire(), undefined);
   * ```
   */
  tryAcquire(
    index: number = 0,
    { undo = true }: SysvUndoOptions = {},
  ): Disposable | undefined {
    const { queue, attempt } = this.#operators.one(index, -1, undo);
    return queue.try(attempt) && this.#acquired(index, undo);
  }

  /**
   * Takes one from a semaphore, blocking the thread until there is one.
   *
   * @param index Which semaphore of the set.
   * @param options The longest to wait, and whether the kernel gives it back if
   * this process ends.
   * @returns What releases it at the end of a block.
   * @throws {Deno.errors.TimedOut} If there was none in time; then nothing has
   * been taken.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {Deno.errors.Busy} If an asynchronous acquire is pending.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * const options = { count: 1, values: [1], temporary: true };
   * using set = SysvSemaphoreSet.createPrivate(options);
   * using _permit = set.acquireSync(0, { timeout: 1000 });
   * ```
   */
  acquireSync(
    index: number = 0,
    options: SysvAcquireSyncOptions = {},
  ): Disposable {
    const { undo = true } = options;
    const { queue, attempt } = this.#operators.one(index, -1, undo);
    queue.runSync(attempt, options);
    return this.#acquired(index, undo);
  }

  /**
   * Takes one from a semaphore, waiting until there is one.
   *
   * @param index Which semaphore of the set.
   * @param options A signal that ends the wait, and whether the kernel gives it
   * back if this process ends.
   * @returns What releases it at the end of a block.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {RangeError} If the index is not in the set.
   * @throws {Deno.errors.BadResource} If the set is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   * import { assertEquals } from "@std/assert";
   *
   * const options = { count: 1, values: [1], temporary: true };
   * using set = SysvSemaphoreSet.createPrivate(options);
   * {
   *   using _permit = await set.acquire();
   *   assertEquals(set.values, [0]);
   * }
   * assertEquals(set.values, [1]);
   * ```
   */
  async acquire(
    index: number = 0,
    options: SysvAcquireOptions = {},
  ): Promise<Disposable> {
    const { undo = true } = options;
    const { queue, attempt } = this.#operators.one(index, -1, undo);
    await queue.run(attempt, options);
    return this.#acquired(index, undo);
  }

  /**
   * Adds one to a semaphore, whoever has acquired before.
   *
   * @param index Which semaphore of the set.
   * @param options Whether the kernel is to forget an acquire.
   * @throws {IpcError} `ERANGE` if the value would become more than 32,767,
   * `EIDRM` if the set has been removed.
   * @throws {RangeError} If the index is not in the set.
   * @throws {Deno.errors.BadResource} If the set is closed.
   *
   * @example One process tells another that something has happened
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   * import { assertEquals } from "@std/assert";
   *
   * using jobs = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
   * jobs.release();
   * assertEquals(jobs.values, [1]);
   * ```
   */
  release(index: number = 0, options: SysvReleaseOptions = {}): void {
    const outstanding = this.#undone.get(index) ?? 0;
    const { undo = outstanding > 0 } = options;
    // It never has to wait.
    this.#operators.one(index, 1, undo).attempt();
    if (undo && outstanding > 0) this.#undone.set(index, outstanding - 1);
  }

  /**
   * Whether a semaphore is 0 at this moment, and nobody else here waits for
   * that.
   *
   * @param index Which semaphore of the set.
   * @returns Whether it is.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {RangeError} If the index is not in the set.
   * @throws {Deno.errors.BadResource} If the set is closed.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   * import { assertEquals } from "@std/assert";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
   * assertEquals(set.tryWaitZero(), true);
   * ```
   */
  tryWaitZero(index: number = 0): boolean {
    const { queue, attempt } = this.#operators.one(index, 0, false);
    return queue.try(attempt) ?? false;
  }

  /**
   * Blocks the thread until a semaphore is 0.
   *
   * @param index Which semaphore of the set.
   * @param options The longest to wait.
   * @throws {Deno.errors.TimedOut} If it was not in time.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {Deno.errors.Busy} If an asynchronous wait for the same is pending.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
   * set.waitZeroSync(0, { timeout: 1000 });
   * ```
   */
  waitZeroSync(index: number = 0, options?: SyncWaitOptions): void {
    const { queue, attempt } = this.#operators.one(index, 0, false);
    queue.runSync(attempt, options);
  }

  /**
   * Waits until a semaphore is 0: until all that were counted are done, say.
   *
   * @param index Which semaphore of the set.
   * @param options A signal that ends the wait.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {RangeError} If the index is not in the set.
   * @throws {Deno.errors.BadResource} If the set is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * const options = { count: 1, values: [2], temporary: true };
   * using left = SysvSemaphoreSet.createPrivate(options);
   * const done = left.waitZero();
   * await left.acquire(); // in two other programs
   * await left.acquire();
   * await done;
   * ```
   */
  async waitZero(index: number = 0, options?: WaitOptions): Promise<void> {
    const { queue, attempt } = this.#operators.one(index, 0, false);
    await queue.run(attempt, options);
  }

  /**
   * How many semaphores it has; 65,535 if this user may not know.
   */
  get count(): number {
    return this.#count;
  }

  /**
   * The values of all semaphores.
   *
   * @throws {Deno.errors.PermissionDenied} If this user may not read the set.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {Deno.errors.BadResource} If the set is closed.
   */
  get values(): number[] {
    this.#operators.requireOpen("values");
    return readValues(this.id, this.#count);
  }

  /**
   * Sets the value of one semaphore, and wakes those who waited for that. What
   * the kernel would undo of it is forgotten, for all processes.
   *
   * @param index Which semaphore of the set.
   * @param value Its value, from 0 to 32,767.
   * @throws {Deno.errors.PermissionDenied} If this user may not write the set.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {RangeError} If the index is not in the set, or the value cannot
   * be.
   * @throws {Deno.errors.BadResource} If the set is closed.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 2, temporary: true });
   * set.setValue(1, 7);
   * console.log(set.values); // [ 0, 7 ]
   * ```
   */
  setValue(index: number, value: number): void {
    this.#operators.requireOpen("setValue");
    checkIndex(index, this.#count, "set a value");
    writeValue(this.id, index, setValue(value, "set a value"));
    this.#undone.delete(index);
  }

  /**
   * Sets the values of all semaphores, and wakes those who waited for that.
   * What the kernel would undo is forgotten, for all processes.
   *
   * @param values One for each semaphore, from 0 to 32,767.
   * @throws {Deno.errors.PermissionDenied} If this user may not write the set.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {RangeError} If there are not as many as semaphores, or one cannot
   * be.
   * @throws {Deno.errors.BadResource} If the set is closed.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 2, temporary: true });
   * set.setValues([3, 4]);
   * ```
   */
  setValues(values: readonly number[]): void {
    this.#operators.requireOpen("setValues");
    writeValues(this.id, setValues(values, this.#count, "set the values"));
    this.#undone.clear();
  }

  /**
   * What the kernel knows of it.
   *
   * @returns Its owner and permissions, when it was used, and of each semaphore
   * its value, who operated on it last, and how many wait.
   * @throws {Deno.errors.PermissionDenied} If this user may not read the set.
   * @throws {IpcError} `EIDRM` if the set has been removed.
   * @throws {Deno.errors.BadResource} If the set is closed.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   * import { assertEquals } from "@std/assert";
   *
   * const options = { count: 1, values: [1], temporary: true };
   * using set = SysvSemaphoreSet.createPrivate(options);
   * assertEquals(set.stat().semaphores[0].lastPid, Deno.pid);
   * ```
   */
  stat(): SysvSemaphoreSetStat {
    this.#operators.requireOpen("stat");
    return setStat(this.id);
  }

  /**
   * Removes the set. Whoever waits for it, in whatever process, gets the
   * {@linkcode IpcError} `EIDRM`, and so does whoever uses it afterwards.
   *
   * @throws {Deno.errors.PermissionDenied} If this user does not own it.
   * @throws {IpcError} `EIDRM` if it has been removed already.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 1 });
   * set.remove();
   * ```
   */
  remove(): void {
    removeSet(this.id);
  }

  /**
   * Ends the use of this object, and removes the set if it is temporary. Waits
   * that are pending reject with `Deno.errors.BadResource`. What was acquired
   * stays acquired. A second call does nothing.
   *
   * @throws {Deno.errors.PermissionDenied} If the set may not be removed.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * const options = { count: 1, temporary: true };
   * const set = SysvSemaphoreSet.createPrivate(options);
   * set.close(); // and it is gone
   * ```
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#operators.close();
    if (this.#temporary && setExists(this.id)) this.remove();
  }

  /**
   * Ends the use of this object at the end of a block.
   *
   * @example
   * ```ts
   * import { SysvSemaphoreSet } from "@ipc/core/sem";
   *
   * using set = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
   * console.log(set.id);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }

  #acquired(index: number, undo: boolean): Disposable {
    if (undo) this.#undone.set(index, (this.#undone.get(index) ?? 0) + 1);
    return new SysvPermit(this, index, undo);
  }
}

/** One that was acquired, until it is released, once. */
class SysvPermit implements Disposable {
  #set: SysvSemaphoreSet | undefined;
  readonly #index: number;
  readonly #undo: boolean;

  constructor(set: SysvSemaphoreSet, index: number, undo: boolean) {
    this.#set = set;
    this.#index = index;
    this.#undo = undo;
  }

  [Symbol.dispose](): void {
    const set = this.#set;
    this.#set = undefined;
    set?.release(this.#index, { undo: this.#undo });
  }
}

function checked(
  { count, values }: SysvSemaphoreSetOptions,
): readonly number[] {
  setCount(count);
  if (values === undefined) return Array(count).fill(0);
  return setValues(values, count, "create a System V semaphore set");
}
