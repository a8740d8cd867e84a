import type { LockMode } from "../_internal/lock_mode.ts";
import type { RwState } from "./_rw_state.ts";

/** Makes what is held of a lock that was just taken. */
export let newRwLockGuard: (state: RwState, mode: LockMode) => RwLockGuard;

/**
 * A {@linkcode RwLock} that was acquired, until it is released.
 *
 * @example
 * ```ts
 * import { RwLock } from "@ipc/core/sem";
 * import { SharedMemory } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * const lock = RwLock.init(memory, 0);
 * const guard = lock.acquireSync({ mode: "shared" });
 * assertEquals([guard.mode, guard.held], ["shared", true]);
 * guard.release();
 * ```
 */
export class RwLockGuard implements Disposable {
  /** Whether it is held to write (`"exclusive"`) or to read (`"shared"`). */
  readonly mode: LockMode;
  /**
   * Whether somebody has ended while he had it to write, and nobody has had it
   * to write since: then what it guards may be half done.
   */
  readonly ownerDied: boolean;
  /** Undefined when it has been released. */
  #state: RwState | undefined;

  static {
    newRwLockGuard = (state, mode) => new RwLockGuard(state, mode);
  }

  private constructor(state: RwState, mode: LockMode) {
    this.mode = mode;
    this.ownerDied = state.ownerDied;
    this.#state = state;
  }

  /** Whether it has not been released. */
  get held(): boolean {
    return this.#state !== undefined;
  }

  /**
   * Gives it back, and wakes those who wait. A second call does nothing.
   *
   * @throws {Deno.errors.BadResource} If the memory is closed.
   * @throws {Deno.errors.PermissionDenied} If somebody has made the lock anew
   * meanwhile.
   *
   * @example
   * ```ts
   * import { RwLock } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const guard = await RwLock.init(memory, 0).acquire();
   * guard.release();
   * ```
   */
  release(): void {
    const state = this.#state;
    if (state === undefined) return;
    this.#state = undefined;
    if (this.mode === "shared") state.endRead();
    else state.endWrite();
  }

  /**
   * Gives it back at the end of a block.
   *
   * @example
   * ```ts
   * import { RwLock } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using guard = await RwLock.init(memory, 0).acquire();
   * console.log(guard.mode); // "exclusive"
   * ```
   */
  [Symbol.dispose](): void {
    this.release();
  }
}
