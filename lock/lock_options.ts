import type { LockMode } from "../_internal/lock_mode.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";

/**
 * To whom a lock belongs: to the open file (`"ofd"`, `"flock"`), or to the
 * process (`"posix"`). See {@linkcode FileLock} for which to choose.
 */
export type LockKind = "ofd" | "flock" | "posix";

/** Which part of a file a lock is of, and to whom it belongs. */
export interface LockRangeOptions {
  /**
   * To whom it belongs. Locks of kind `"ofd"` and `"posix"` keep each other
   * out; those of kind `"flock"` only each other.
   *
   * @default {"ofd"}
   */
  readonly kind?: LockKind;
  /**
   * Where the part begins, in bytes; not with `"flock"`.
   *
   * @default {0}
   */
  readonly start?: number;
  /**
   * How many bytes it has; 0 is all that follow, however many there will be.
   * Not with `"flock"`.
   *
   * @default {0}
   */
  readonly length?: number;
}

/** How to lock a file. */
export interface FileLockOptions extends LockRangeOptions {
  /**
   * Whether others are kept out (`"exclusive"`), or only those who would keep
   * others out (`"shared"`).
   *
   * @default {"exclusive"}
   */
  readonly mode?: LockMode;
  /**
   * Whether to make the file, empty, if it is not there.
   *
   * @default {true}
   */
  readonly create?: boolean;
  /**
   * Permission bits of a file that is made, exactly as given: the umask does
   * not apply.
   *
   * @default {0o600}
   */
  readonly createMode?: number;
}

/** Options of {@linkcode FileLock.acquire}. */
export interface FileLockAcquireOptions extends FileLockOptions, WaitOptions {}

/** Options of {@linkcode FileLock.acquireSync}. */
export interface FileLockAcquireSyncOptions
  extends FileLockOptions, SyncWaitOptions {}

/** What can be locked: a file by its path, or one that is open already. */
export type Lockable = string | URL | { readonly fd: number };
