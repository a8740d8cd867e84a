import type { MemoryRegion } from "../_internal/mapped_region.ts";
import { type LockMode, lockMode } from "../_internal/lock_mode.ts";
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
import { RwState } from "./_rw_state.ts";
import { WordParking } from "./_word_parking.ts";
import { newRwLockGuard, type RwLockGuard } from "./rw_lock_guard.ts";

/**
 * The writer's two words follow, whether a writer is inside, two words of all
 * readers together, and two words for each of 61, of whom 45 keep them.
 */
const LAYOUT: Layout = { kind: "RwLock", magic: "RWL2", words: 128 };

/** How to have a lock. */
export interface RwLockOptions {
  /**
   * Whether to write (`"exclusive"`) or only to read (`"shared"`).
   *
   * @default {"exclusive"}
   */
  readonly mode?: LockMode;
}

/** Options of {@linkcode RwLock.acquire}. */
export interface RwLockAcquireOptions extends RwLockOptions, WaitOptions {}

/** Options of {@linkcode RwLock.acquireSync}. */
export interface RwLockAcquireSyncOptions
  extends RwLockOptions, SyncWaitOptions {}

/**
 * A lock in memory that processes share, which either one at a time can have to
 * write, or any number to read.
 *
 * What was locked by a process or a Worker that has ended, however it ended, is
 * given back. If that was to write, all who have the lock after that are told
 * by {@linkcode RwLockGuard.ownerDied}, until somebody has had it to write and
 * has given it back.
 *
 * - Who waits to write comes before those who come later to read. So whoever
 *   reads must not acquire the lock once more, to read or to write, before he
 *   has released it: he might wait for a writer who waits for him.
 * - Those who wait through one object are served in the order in which they
 *   called. Between objects and processes there is no other order than that.
 * - At most 61 programs and Workers read at a time; more wait, looking again
 *   every 10 ms, and every 100 ms when they have waited for long. The first 45
 *   who read keep a place until they end, and the others share 16.
 * - That somebody has died is noticed after 10 ms, and after 100 ms by those who
 *   have waited for long. As for processes in other containers and on macOS,
 *   see {@linkcode Mutex}.
 *
 * There is nothing to close: when the memory is closed or resized, acquires
 * that are pending reject with `Deno.errors.BadResource`, and so does every use
 * from then on.
 *
 * @example
 * ```ts
 * import { RwLock } from "@ipc/core/sem";
 * import { SharedMemory } from "@ipc/core/shm";
 *
 * const name = `/prices-${crypto.randomUUID()}`;
 * using memory = SharedMemory.create(name, { size: 4096, temporary: true });
 * const lock = RwLock.init(memory, 0);
 * const prices = new Float64Array(memory.buffer, RwLock.byteLength);
 * {
 *   using _writing = await lock.acquire();
 *   prices.set([1.5, 2.5]);
 * }
 * {
 *   // In any number of other programs at a time.
 *   using _reading = await lock.acquire({ mode: "shared" });
 *   console.log(prices[0] + prices[1]);
 * }
 * ```
 */
export class RwLock {
  /** How many bytes of memory it takes. */
  static readonly byteLength: number = byteLengthOf(LAYOUT);

  readonly #state: RwState;
  readonly #parking: WordParking;
  readonly #queue: WaitQueue;
  // Made once, as they are the same each time.
  readonly #attemptRead = () => this.#attempt("shared");
  readonly #attemptWrite = () => this.#attempt("exclusive");

  private constructor(words: Int32Array<ArrayBuffer>, name: string) {
    const state = new RwState(words.subarray(1), name);
    this.#state = state;
    this.#parking = new WordParking({
      name,
      prepare: () => state.prepareToSleep(),
      look: () => state.look(),
    });
    this.#queue = new WaitQueue(this.#parking, "acquire", name);
  }

  /**
   * Makes a lock that nobody has. Nobody may be using one there.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 4.
   * @returns The lock.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { RwLock } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using _guard = await RwLock.init(memory, 0).acquire();
   * ```
   */
  static init(memory: MemoryRegion, offset: number): RwLock {
    const words = initWords(memory, offset, LAYOUT);
    return new RwLock(words, nameAt(LAYOUT, offset));
  }

  /**
   * Finds a lock that was made.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes.
   * @returns The lock.
   * @throws {IpcError} `EINVAL` if there is none.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { RwLock } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * RwLock.init(memory, 0);
   * using _guard = await RwLock.at(memory, 0).acquire({ mode: "shared" });
   * ```
   */
  static at(memory: MemoryRegion, offset: number): RwLock {
    const words = findWords(memory, offset, LAYOUT);
    return new RwLock(words, nameAt(LAYOUT, offset));
  }

  /**
   * Finds a lock, or makes one of zeros, as new memory is: for programs of
   * which nobody knows who comes first.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 4.
   * @returns The lock.
   * @throws {IpcError} `EINVAL` if there is something else.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { RwLock } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/state-${crypto.randomUUID()}`;
   * using memory = SharedMemory.ensure(name, { size: 4096, temporary: true });
   * const lock = RwLock.ensure(memory, 0);
   * using _guard = await lock.acquire({ mode: "shared" });
   * ```
   */
  static ensure(memory: MemoryRegion, offset: number): RwLock {
    const words = ensureWords(memory, offset, LAYOUT);
    return new RwLock(words, nameAt(LAYOUT, offset));
  }

  /**
   * Locks it without waiting.
   *
   * @param options Whether to write or to read.
   * @returns What releases it; undefined if somebody is in the way who lives,
   * or others wait already.
   * @throws {TypeError} If there is no such mode.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { RwLock } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const lock = RwLock.init(memory, 0);
   * using reading = lock.tryAcquire({ mode: "shared" });
   * if (reading) assertEquals(lock.tryAcquire(), undefined);
   * ```
   */
  tryAcquire(options?: RwLockOptions): RwLockGuard | undefined {
    const mode = modeIn(options);
    const state = this.#state;
    if (this.#queue.idle && this.#take(mode)) {
      return newRwLockGuard(state, mode);
    }
    return this.#queue.try(() => {
      const taken = this.#takeSuspiciously(mode);
      state.retreat();
      return taken ? this.#guard(mode) : undefined;
    });
  }

  /**
   * Locks it, blocking the thread until nobody is in the way.
   *
   * @param options Whether to write or to read, and the longest to wait.
   * @returns What releases it.
   * @throws {Deno.errors.TimedOut} If somebody was in the way all the time.
   * @throws {TypeError} If there is no such mode.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   * @throws {Deno.errors.Busy} If an asynchronous acquire is pending.
   *
   * @example
   * ```ts
   * import { RwLock } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const lock = RwLock.init(memory, 0);
   * using _reading = lock.acquireSync({ mode: "shared", timeout: 1000 });
   * ```
   */
  acquireSync(options?: RwLockAcquireSyncOptions): RwLockGuard {
    // Most are had at once, without all that waiting needs.
    if (this.#queue.idle && options?.timeout === undefined) {
      const state = this.#state;
      const mode = options?.mode;
      if (mode === "shared") {
        if (state.tryRead()) return newRwLockGuard(state, mode);
      } else if (mode === undefined || mode === "exclusive") {
        if (state.tryWrite()) return newRwLockGuard(state, "exclusive");
      }
    }
    return this.#waitSync(options);
  }

  /**
   * Locks it, waiting until nobody is in the way.
   *
   * @param options Whether to write or to read, and a signal that ends the
   * wait; then it is not locked.
   * @returns What releases it.
   * @throws {TypeError} If there is no such mode.
   * @throws {Deno.errors.BadResource} If the memory is closed, now or
   * meanwhile.
   *
   * @example
   * ```ts
   * import { RwLock } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const lock = RwLock.init(memory, 0);
   * const signal = AbortSignal.timeout(1000);
   * using _reading = await lock.acquire({ mode: "shared", signal });
   * ```
   */
  async acquire(options?: RwLockAcquireOptions): Promise<RwLockGuard> {
    const attempt = this.#attemptOf(modeIn(options));
    let guard = this.#queue.eager(attempt, options);
    if (guard !== undefined) return guard;
    // The turn is kept until what was half done is undone.
    await this.#queue.hold(async () => {
      try {
        guard = await this.#queue.run(attempt, options, true);
      } catch (error) {
        this.#state.giveUp();
        throw error;
      }
    }, options);
    return guard!;
  }

  #waitSync(options?: RwLockAcquireSyncOptions): RwLockGuard {
    const attempt = this.#attemptOf(modeIn(options));
    try {
      return this.#queue.runSync(attempt, options);
    } catch (error) {
      // Unless others wait, to whom it was left.
      if (this.#queue.idle) this.#state.giveUp();
      throw error;
    }
  }

  #attemptOf(mode: LockMode): () => RwLockGuard | undefined {
    return mode === "shared" ? this.#attemptRead : this.#attemptWrite;
  }

  #attempt(mode: LockMode): RwLockGuard | undefined {
    const taken = this.#parking.suspects()
      ? this.#takeSuspiciously(mode)
      : this.#take(mode);
    return taken ? this.#guard(mode) : undefined;
  }

  #take(mode: LockMode): boolean {
    const state = this.#state;
    return mode === "shared" ? state.tryRead() : state.tryWrite();
  }

  #takeSuspiciously(mode: LockMode): boolean {
    const state = this.#state;
    return mode === "shared"
      ? state.tryReadSuspiciously()
      : state.tryWriteSuspiciously();
  }

  #guard(mode: LockMode): RwLockGuard {
    this.#parking.restart();
    return newRwLockGuard(this.#state, mode);
  }
}

function modeIn(options: RwLockOptions | undefined): LockMode {
  const mode = options?.mode;
  if (mode === undefined) return "exclusive";
  return mode === "shared" ? mode : lockMode(mode, "acquire");
}
