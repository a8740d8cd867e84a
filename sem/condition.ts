import type { MemoryRegion } from "../_internal/mapped_region.ts";
import { wholeNumber } from "../_internal/arguments.ts";
import { closedError } from "../_internal/errno.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import {
  byteLengthOf,
  ensureWords,
  findWords,
  initWords,
  type Layout,
  nameAt,
} from "./_layout.ts";
import { WordParking } from "./_word_parking.ts";
import {
  holdAgain,
  type Locker,
  lockerOf,
  type MutexLock,
} from "./mutex_lock.ts";

/** How often it was notified and how many wait follow; the last is unused. */
const LAYOUT: Layout = { kind: "Condition", magic: "CND1", words: 4 };
const NOTIFIED = 1;
const WAITING = 2;

const MOST = 0x7fffffff;

/**
 * Waiting, with a {@linkcode Mutex} locked, until another process has changed
 * what the mutex guards: the mutex is free meanwhile, and locked again when the
 * wait is over.
 *
 * A wait may be over for no reason, or for one that somebody else has dealt
 * with already: so look again whether things are as they should be, in a loop.
 * Whoever was notified may have been killed, or who was to notify: so all who
 * wait look after 10 ms, and every 100 ms when they have waited for long,
 * whether anybody was notified, or has died with the mutex; and then they wake,
 * too. See {@linkcode MutexLock.ownerDied} after each wait.
 *
 * There is nothing to close: when the memory is closed or resized, waits that
 * are pending reject with `Deno.errors.BadResource`, and so does every use from
 * then on.
 *
 * @example
 * ```ts
 * import { Condition, Mutex } from "@ipc/core/sem";
 * import { SharedMemory } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * const mutex = Mutex.init(memory, 0);
 * const changed = Condition.init(memory, 64);
 * const jobs = new Int32Array(memory.buffer, 128, 1);
 *
 * async function take(): Promise<void> {
 *   using lock = await mutex.acquire();
 *   while (jobs[0] === 0) await changed.wait(lock);
 *   jobs[0]--;
 * }
 *
 * const taking = take();
 * {
 *   using _lock = await mutex.acquire(); // in another program
 *   jobs[0]++;
 *   changed.notify();
 * }
 * await taking;
 * assertEquals(jobs[0], 0);
 * ```
 */
export class Condition {
  /** How many bytes of memory it takes. */
  static readonly byteLength: number = byteLengthOf(LAYOUT);

  readonly #words: Int32Array<ArrayBuffer>;
  readonly #word: Word;
  readonly #name: string;

  private constructor(words: Int32Array<ArrayBuffer>, name: string) {
    this.#words = words;
    this.#word = words.subarray(NOTIFIED, NOTIFIED + 1);
    this.#name = name;
  }

  /**
   * Makes a condition for which nobody waits.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 4.
   * @returns The condition.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Condition } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const changed = Condition.init(memory, 64);
   * changed.notifyAll(); // nobody
   * ```
   */
  static init(memory: MemoryRegion, offset: number): Condition {
    const words = initWords(memory, offset, LAYOUT);
    return new Condition(words, nameAt(LAYOUT, offset));
  }

  /**
   * Finds a condition that was made.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes.
   * @returns The condition.
   * @throws {IpcError} `EINVAL` if there is none.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Condition } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * Condition.init(memory, 64);
   * Condition.at(memory, 64).notify();
   * ```
   */
  static at(memory: MemoryRegion, offset: number): Condition {
    const words = findWords(memory, offset, LAYOUT);
    return new Condition(words, nameAt(LAYOUT, offset));
  }

  /**
   * Finds a condition, or makes one of zeros, as new memory is: for programs of
   * which nobody knows who comes first.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 4.
   * @returns The condition.
   * @throws {IpcError} `EINVAL` if there is something else.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Condition } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/state-${crypto.randomUUID()}`;
   * using memory = SharedMemory.ensure(name, { size: 4096, temporary: true });
   * Condition.ensure(memory, 64).notifyAll();
   * ```
   */
  static ensure(memory: MemoryRegion, offset: number): Condition {
    const words = ensureWords(memory, offset, LAYOUT);
    return new Condition(words, nameAt(LAYOUT, offset));
  }

  /**
   * Waits until it is notified, with the mutex free meanwhile.
   *
   * When the wait is over the mutex is locked again, even if the wait was
   * aborted: that may take as long as somebody else has it.
   *
   * @param lock The mutex, which has to be locked; see then again whether
   * {@linkcode MutexLock.ownerDied}.
   * @param options A signal that ends the wait.
   * @throws {Deno.errors.BadResource} If the lock has been released, or the
   * memory is closed, now or meanwhile.
   *
   * @example With a time-out
   * ```ts
   * import { Condition, Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   * import { assertRejects } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const changed = Condition.init(memory, 64);
   * using lock = await Mutex.init(memory, 0).acquire();
   * const signal = AbortSignal.timeout(10);
   * await assertRejects(() => changed.wait(lock, { signal }));
   * console.log(lock.held); // true
   * ```
   */
  async wait(lock: MutexLock, options?: WaitOptions): Promise<void> {
    const locker = lockerOf(lock, "wait");
    options?.signal?.throwIfAborted();
    const wait = this.#begin(locker);
    try {
      lock.release();
      await wait.queue.run(wait.attempt, options);
    } catch (error) {
      this.#passOn();
      throw error;
    } finally {
      this.#end();
      holdAgain(lock, await locker.acquire());
    }
  }

  /**
   * Waits until it is notified, blocking the thread, with the mutex free
   * meanwhile.
   *
   * @param lock The mutex, which has to be locked; it is locked again
   * afterwards, even if the time was up.
   * @param options The longest to wait.
   * @throws {Deno.errors.TimedOut} If it was not notified in time.
   * @throws {Deno.errors.Busy} If an asynchronous acquire of the mutex is
   * pending; then it has been locked all the time.
   * @throws {Deno.errors.BadResource} If the lock has been released, or the
   * memory is closed.
   *
   * @example
   * ```ts
   * import { Condition, Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   * import { assertThrows } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const changed = Condition.init(memory, 64);
   * using lock = Mutex.init(memory, 0).acquireSync();
   * assertThrows(
   *   () => changed.waitSync(lock, { timeout: 10 }),
   *   Deno.errors.TimedOut,
   * );
   * ```
   */
  waitSync(lock: MutexLock, options?: SyncWaitOptions): void {
    const locker = lockerOf(lock, "wait");
    // As long as the thread is blocked nobody else will be.
    locker.requireIdle();
    const wait = this.#begin(locker);
    try {
      lock.release();
      wait.queue.runSync(wait.attempt, options);
    } catch (error) {
      this.#passOn();
      throw error;
    } finally {
      this.#end();
      holdAgain(lock, locker.acquireSync());
    }
  }

  /**
   * Ends the waits of some, at least as many as there are. The mutex need not
   * be locked for that.
   *
   * @param count Of how many; more may wake.
   * @throws {RangeError} If the count is not a whole number from 1 up.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Condition } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * Condition.init(memory, 64).notify();
   * ```
   */
  notify(count: number = 1): void {
    wholeNumber(count, "notify", "the count", 1, MOST);
    this.#requireOpen("notify");
    Atomics.add(this.#words, NOTIFIED, 1);
    if (Atomics.load(this.#words, WAITING) !== 0) futexWake(this.#word, count);
  }

  /**
   * Ends the waits of all. The mutex need not be locked for that.
   *
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Condition } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * Condition.init(memory, 64).notifyAll();
   * ```
   */
  notifyAll(): void {
    this.notify(MOST);
  }

  /** From now on a notification counts. */
  #begin({ owned }: Locker): {
    readonly queue: WaitQueue;
    readonly attempt: () => true | undefined;
  } {
    this.#requireOpen("wait");
    const words = this.#words;
    Atomics.add(words, WAITING, 1);
    const seen = Atomics.load(words, NOTIFIED);
    const notified = () => {
      this.#requireOpen("wait");
      return Atomics.load(words, NOTIFIED) !== seen;
    };
    const bed = { word: this.#word, expected: seen };
    const parking = new WordParking({
      name: this.#name,
      prepare: () => notified() ? undefined : bed,
      look: () => notified() || owned.ownerDied,
    });
    function isOver(): boolean {
      return notified() || parking.suspects() && owned.ownerDied;
    }
    return {
      queue: new WaitQueue(parking, "wait", this.#name),
      attempt: () => isOver() || undefined,
    };
  }

  /** Who is killed before that counts for ever, which costs only time. */
  #end(): void {
    if (this.#words.length > 0) Atomics.sub(this.#words, WAITING, 1);
  }

  /** It may have come to one who does not want it any more. */
  #passOn(): void {
    futexWake(this.#word, 1);
  }

  #requireOpen(verb: string): void {
    if (this.#words.length === 0) throw closedError(verb, this.#name);
  }
}
