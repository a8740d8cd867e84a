import { wholeNumber } from "../_internal/arguments.ts";
import { check, E, wouldBlock } from "../_internal/errno.ts";
import { notSupported, os, platform } from "../_internal/platform.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { libc } from "./_ffi.ts";
import type { Handle } from "./_handle.ts";

/** Where sem_getvalue(3) puts it. */
const value = new Int32Array(1);

/**
 * What both kinds of POSIX semaphores have in common.
 *
 * A semaphore is a number that is never less than 0. Acquiring takes one from
 * it, and waits as long as there is none; releasing adds to it. So it can guard
 * something of which there are so many, or tell that something has happened.
 *
 * The kernel does not know who has acquired what: what a process had that was
 * killed stays acquired. Take a {@linkcode Mutex} or a
 * {@linkcode SysvSemaphoreSet} where that matters, or have somebody who knows
 * what was lost {@linkcode release} it.
 *
 * Those who wait through one object are served in the order in which they
 * called; between processes there is no order.
 *
 * See [sem_overview(7)](https://man7.org/linux/man-pages/man7/sem_overview.7.html).
 *
 * @example
 * ```ts
 * import { type PosixSemaphore, Semaphore } from "@ipc/core/sem";
 *
 * async function guarded(semaphore: PosixSemaphore): Promise<void> {
 *   using _permit = await semaphore.acquire();
 *   console.log("nobody else is here");
 * }
 *
 * const name = `/printer-${crypto.randomUUID()}`;
 * using semaphore = Semaphore.create(name, { temporary: true });
 * await guarded(semaphore);
 * ```
 */
export abstract class PosixSemaphore {
  readonly #handle: Handle;
  readonly #queue: WaitQueue;
  // Made once, as they are the same each time.
  readonly #attempt: () => true | undefined = () => this.#take();
  readonly #attemptPermit: () => Disposable | undefined = () =>
    this.#take() && new Permit(this.#handle);

  /** Made by the kinds of semaphores. */
  protected constructor(handle: Handle) {
    this.#handle = handle;
    this.#queue = new WaitQueue(handle.parking, "acquire", handle.name);
  }

  /**
   * Takes one without waiting.
   *
   * @returns What releases it at the end of a block; undefined if there is
   * none, or others wait already.
   * @throws {Deno.errors.BadResource} If the semaphore is closed.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   * import { assertEquals } from "@std/assert";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * using semaphore = Semaphore.create(name, { temporary: true });
   * using permit = semaphore.tryAcquire();
   * if (permit) assertEquals(semaphore.tryAcquire(), undefined);
   * ```
   */
  tryAcquire(): Disposable | undefined {
    return this.#queue.try(this.#attempt) && new Permit(this.#handle);
  }

  /**
   * Takes one, blocking the thread until there is one.
   *
   * @param options The longest to wait.
   * @returns What releases it at the end of a block.
   * @throws {Deno.errors.TimedOut} If there was none in time; then nothing has
   * been taken.
   * @throws {Deno.errors.BadResource} If the semaphore is closed.
   * @throws {Deno.errors.Busy} If an asynchronous acquire is pending.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * using semaphore = Semaphore.create(name, { temporary: true });
   * using _permit = semaphore.acquireSync({ timeout: 1000 });
   * ```
   */
  acquireSync(options?: SyncWaitOptions): Disposable {
    const handle = this.#handle;
    // Most are had at once, without all that waiting needs.
    if (options !== undefined || !this.#queue.idle || !handle.take()) {
      this.#queue.runSync(this.#attempt, options);
    }
    return new Permit(handle);
  }

  /**
   * Takes one, waiting until there is one.
   *
   * @param options A signal that ends the wait; then nothing has been taken.
   * @returns What releases it at the end of a block.
   * @throws {Deno.errors.BadResource} If the semaphore is closed, now or
   * meanwhile.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * using semaphore = Semaphore.create(name, { temporary: true });
   * using _permit = await semaphore.acquire({
   *   signal: AbortSignal.timeout(1000),
   * });
   * ```
   */
  acquire(options?: WaitOptions): Promise<Disposable> {
    return this.#queue.run(this.#attemptPermit, options);
  }

  /**
   * Adds to the value, whoever has acquired before: wakes those who wait.
   *
   * @param count How much.
   * @throws {IpcError} `EOVERFLOW` if the value would become more than it can
   * be, which is 2,147,483,647 on Linux; then nothing has been added.
   * @throws {RangeError} If the count is not a whole number from 1 up.
   * @throws {Deno.errors.BadResource} If the semaphore is closed.
   *
   * @example One process tells another that something has happened
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   * import { assertEquals } from "@std/assert";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using jobs = Semaphore.create(name, { value: 0, temporary: true });
   * jobs.release(3);
   * assertEquals(jobs.value, 3);
   * ```
   */
  release(count: number = 1): void {
    if (count !== 1) this.#checkCount(count);
    for (let i = 0; i < count; i++) this.#handle.add();
  }

  /**
   * How many could be acquired at this moment.
   *
   * @throws {Deno.errors.BadResource} If the semaphore is closed.
   * @throws {Deno.errors.NotSupported} On macOS.
   */
  get value(): number {
    this.#handle.requireOpen("getvalue");
    if (os === "darwin") notSupported("looking at the value of a semaphore");
    const { address, name: on } = this.#handle;
    check(libc.sem_getvalue(address, value), "sem_getvalue", { on });
    return value[0];
  }

  #take(): true | undefined {
    const handle = this.#handle;
    handle.requireOpen("acquire");
    if (!handle.take()) return wouldBlock("sem_trywait", { on: handle.name });
    handle.parking.restart();
    return true;
  }

  #checkCount(count: number): void {
    const most = platform.SEM_VALUE_MAX;
    wholeNumber(count, "release", "the count", 1, most);
    // All or nothing, unless others release at the same time.
    if (os === "linux" && this.value + count > most) {
      throw this.#handle.refused(E.EOVERFLOW);
    }
  }
}

/** One that was acquired, until it is released, once. */
class Permit implements Disposable {
  #handle: Handle | undefined;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  [Symbol.dispose](): void {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    handle.add();
  }
}
