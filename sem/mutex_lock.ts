import { closedError } from "../_internal/errno.ts";
import type { OwnedWord } from "./_owned_word.ts";

/** What a lock has to know of its mutex to be had again. */
export interface Locker {
  readonly owned: OwnedWord;
  /** Throws if it could not be acquired by blocking the thread. */
  requireIdle(): void;
  acquire(): Promise<MutexLock>;
  acquireSync(): MutexLock;
}

/** Makes the lock of a mutex that was just taken. */
export let newMutexLock: (locker: Locker, ownerDied: boolean) => MutexLock;

/** The mutex of a lock, which has to be held. */
export let lockerOf: (lock: MutexLock, verb: string) => Locker;

/** Has a lock that was released be held again, in place of another. */
export let holdAgain: (lock: MutexLock, instead: MutexLock) => void;

/**
 * A {@linkcode Mutex} that was acquired, until it is released.
 *
 * @example
 * ```ts
 * import { Mutex } from "@ipc/core/sem";
 * import { SharedMemory } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * const mutex = Mutex.init(memory, 0);
 * const lock = mutex.acquireSync();
 * assertEquals([lock.held, lock.ownerDied], [true, false]);
 * lock.release();
 * assertEquals(lock.held, false);
 * ```
 */
export class MutexLock implements Disposable {
  readonly #locker: Locker;
  readonly #owned: OwnedWord;
  #ownerDied: boolean;
  #held = true;

  static {
    newMutexLock = (locker, ownerDied) => new MutexLock(locker, ownerDied);
    lockerOf = (lock, verb) => {
      if (lock.#held) return lock.#locker;
      throw closedError(verb, "a lock that was released");
    };
    holdAgain = (lock, instead) => {
      instead.#held = false;
      lock.#held = true;
      lock.#ownerDied = instead.#ownerDied;
    };
  }

  private constructor(locker: Locker, ownerDied: boolean) {
    this.#locker = locker;
    this.#owned = locker.owned;
    this.#ownerDied = ownerDied;
  }

  /**
   * Whether who had it before has ended without giving it back: then what it
   * guards may be half done.
   */
  get ownerDied(): boolean {
    return this.#ownerDied;
  }

  /** Whether it has not been released. */
  get held(): boolean {
    return this.#held;
  }

  /**
   * Gives the mutex back, and wakes one who waits. A second call does nothing.
   *
   * @throws {Deno.errors.BadResource} If the memory is closed.
   * @throws {Deno.errors.PermissionDenied} If somebody has made the mutex anew
   * meanwhile.
   *
   * @example
   * ```ts
   * import { Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const lock = await Mutex.init(memory, 0).acquire();
   * lock.release();
   * ```
   */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#owned.giveBack();
  }

  /**
   * Gives the mutex back at the end of a block.
   *
   * @example
   * ```ts
   * import { Mutex } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using lock = await Mutex.init(memory, 0).acquire();
   * console.log(lock.held);
   * ```
   */
  [Symbol.dispose](): void {
    this.release();
  }
}
