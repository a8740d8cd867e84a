/**
 * File locks: of whole files and of parts of them, exclusive or shared, that
 * end with the program that has them, however it ends.
 *
 * @example One at a time, over all programs
 * ```ts
 * import { FileLock } from "@ipc/core/lock";
 *
 * const path = `/tmp/backup-${crypto.randomUUID()}.lock`;
 * using lock = await FileLock.acquire(path);
 * console.log("nobody else is here");
 * await Deno.remove(path); // in this example only: yours stays
 * ```
 *
 * @module
 */

export { FileLock } from "./file_lock.ts";
export type {
  FileLockAcquireOptions,
  FileLockAcquireSyncOptions,
  FileLockOptions,
  Lockable,
  LockKind,
  LockRangeOptions,
} from "./lock_options.ts";
export type { LockMode } from "../_internal/lock_mode.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
