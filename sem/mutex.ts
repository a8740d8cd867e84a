import type { MemoryRegion } from "../_internal/mapped_region.ts";
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
import { OwnedWord } from "./_owned_word.ts";
import { WordParking } from "./_word_parking.ts";
import { type Locker, type MutexLock, newMutexLock } from "./mutex_lock.ts";

/** The owner's two words follow; the last is unused. */
const LAYOUT: Layout = { kind: "Mutex", magic: "MTX1", words: 4 };
const OWNER = 1;

/**
 * A lock in memory that processes share, which one at a time can have. What
 * was locked by a process or a Worker that has ended, however it ended, goes to
 * the next with {@linkcode MutexLock.ownerDied}: what it guards may be half
 * done.
 *
 * - It is owned by a program's JavaScript thread, and not recursive: whoever
 *   has it and acquires it again waits for himself.
 * - Those who wait through one object are served in the order in which they
 *   called. Between objects and processes there is no order: whoever comes just
 *   when it is given back may be faster than one who has to be woken.
 * - That an owner has died is noticed after 10 ms, and after 100 ms by those
 *   who have waited for long.
 * - Its processes must have the same process namespace: an owner in another
 *   container is taken to live for ever. On macOS an owner whose number was
 *   given to another process counts as alive.
 *
 * There is nothing to close: when the memory is closed or resized, acquires
 * that are pending reject with `Deno.errors.BadResource`, and so does every use
 * from then on. A lock that is held then is not given back before this program
 * ends.
 *
 * @example
 * ```ts
 * import { Mutex } from "@ipc/core/sem";
 * import { SharedMemory } from "@ipc/core/shm";
 *
 * const name = `/counters-${crypto.randomUUID()}`;
 * using memory = SharedMemory.create(name, { size: 4096, temporary: true });
 * Mutex.init(memory, 0);
 *
 * // In any other program that has opened the memory:
 * const mutex = Mutex.at(memory, 0);
 * const counters = new Float64Array(memory.buffer, 64, 8);
 * {
 *   using lock = await mutex.acquire();
 *   if (lock.ownerDied) counters.fill(0);
 *   counters[0]++;
 * }
 * ```
 */
export class Mutex {
  /** How many bytes of memory it takes. */
  static readonly byteLength: number = byteLengthOf(LAYOUT);

  readonly #owned: OwnedWord;
  readonly #parking: WordParking;
  readonly #queue: WaitQueue;
  /** Whether who has the turn has slept, and so may have been woken. */
  #slept = false;
  readonly #locker: Locker;
  // Made once, as they are the same each time.
  readonly #attempt = (): MutexLock | undefined => this.#take();
  readonly #inherit = (): MutexLock | undefined => {
    if (!this.#owned.tryTakeOver()) return undefined;
    this.#awake();
    return newMutexLock(this.#locker, true);
  };

  private constructor(words: Int32Array<ArrayBuffer>, name: string) {
    const owned = new OwnedWord(words.subarray(OWNER), name);
    this.#owned = owned;
    this.#parking = new WordParking({
      name,
      prepare: () => {
        this.#slept = true;
        const expected = owned.prepareToSleep();
        return expected === undefined
          ? undefined
          : { word: owned.word, expected };
      },
      look: () => owned.worthAnotherLook,
    });
    this.#queue = new WaitQueue(this.#parking, "acquire", name);
    this.#locker = {
      owned,
      requireIdle: () => this.#queue.requireIdle(),
      acquire: () => this.acquire(),
      acquireSync: () => this.acquireSync(),
    };
  }

  /**
   * Makes a mutex that nobody has. Nobody may be using one there.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 4.
   * @returns The mutex.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const mutex = Mutex.init(memory, 64);
   * using _lock = await mutex.acquire();
   * ```
   */
  static init(memory: MemoryRegion, offset: number): Mutex {
    const words = initWords(memory, offset, LAYOUT);
    return new Mutex(words, nameAt(LAYOUT, offset));
  }

  /**
   * Finds a mutex that was made.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes.
   * @returns The mutex.
   * @throws {IpcError} `EINVAL` if there is none.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * Mutex.init(memory, 0);
   * using _lock = await Mutex.at(memory, 0).acquire();
   * ```
   */
  static at(memory: MemoryRegion, offset: number): Mutex {
    const words = findWords(memory, offset, LAYOUT);
    return new Mutex(words, nameAt(LAYOUT, offset));
  }

  /**
   * Finds a mutex, or makes one of zeros, as new memory is: for programs of
   * which nobody knows who comes first.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 4.
   * @returns The mutex.
   * @throws {IpcError} `EINVAL` if there is something else.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/state-${crypto.randomUUID()}`;
   * using memory = SharedMemory.ensure(name, { size: 4096, temporary: true });
   * using _lock = await Mutex.ensure(memory, 0).acquire();
   * ```
   */
  static ensure(memory: MemoryRegion, offset: number): Mutex {
    const words = ensureWords(memory, offset, LAYOUT);
    return new Mutex(words, nameAt(LAYOUT, offset));
  }

  /**
   * Locks it without waiting.
   *
   * @returns The lock; undefined if somebody has it who lives, or others wait
   * already.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const mutex = Mutex.init(memory, 0);
   * using lock = mutex.tryAcquire();
   * if (lock) assertEquals(mutex.tryAcquire(), undefined);
   * ```
   */
  tryAcquire(): MutexLock | undefined {
    if (this.#queue.idle && this.#takeFree()) {
      return newMutexLock(this.#locker, false);
    }
    return this.#queue.try(this.#inherit);
  }

  /**
   * Locks it, blocking the thread until nobody has it.
   *
   * @param options The longest to wait.
   * @returns The lock.
   * @throws {Deno.errors.TimedOut} If somebody had it all the time.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   * @throws {Deno.errors.Busy} If an asynchronous acquire is pending.
   *
   * @example
   * ```ts
   * import { Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const mutex = Mutex.init(memory, 0);
   * using _lock = mutex.acquireSync({ timeout: 1000 });
   * ```
   */
  acquireSync(options?: SyncWaitOptions): MutexLock {
    // Most are had at once, without all that waiting needs.
    const now = options === undefined && this.#queue.idle && this.#takeFree();
    const ownerDied = now ? false : this.#waitSync(options);
    return newMutexLock(this.#locker, ownerDied);
  }

  /**
   * Locks it, waiting until nobody has it.
   *
   * @param options A signal that ends the wait; then it is not locked.
   * @returns The lock.
   * @throws {Deno.errors.BadResource} If the memory is closed, now or
   * meanwhile.
   *
   * @example
   * ```ts
   * import { Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const mutex = Mutex.init(memory, 0);
   * using _lock = await mutex.acquire({ signal: AbortSignal.timeout(1000) });
   * ```
   */
  async acquire(options?: WaitOptions): Promise<MutexLock> {
    const lock = this.#queue.eager(this.#attempt, options);
    if (lock !== undefined) return lock;
    try {
      return await this.#queue.run(this.#attempt, options);
    } catch (error) {
      this.#owned.passOn();
      throw error;
    }
  }

  /** Answers whether its owner has died. */
  #waitSync(options?: SyncWaitOptions): boolean {
    try {
      return this.#queue.runSync(this.#attempt, options).ownerDied;
    } catch (error) {
      this.#owned.passOn();
      throw error;
    }
  }

  #take(): MutexLock | undefined {
    if (this.#takeFree()) return newMutexLock(this.#locker, false);
    return this.#parking.suspects() ? this.#inherit() : undefined;
  }

  #takeFree(): boolean {
    if (!this.#owned.tryTake(this.#slept)) return false;
    if (this.#slept) this.#awake();
    return true;
  }

  /** Nobody may have woken the one who takes it next. */
  #awake(): void {
    this.#slept = false;
    this.#parking.restart();
  }
}
