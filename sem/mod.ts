/**
 * Semaphores and locks between processes: POSIX semaphores, sets of System V
 * semaphores, and mutexes, read-write locks, conditions and barriers in memory
 * that processes share.
 *
 * @example At most three at a time, over all programs
 * ```ts
 * import { Semaphore } from "@ipc/core/sem";
 *
 * const name = `/downloads-${crypto.randomUUID()}`;
 * using downloads = Semaphore.create(name, { value: 3, temporary: true });
 *
 * // In any number of programs: using downloads = Semaphore.open(name);
 * using _permit = await downloads.acquire();
 * console.log("no more than three are here");
 * ```
 *
 * @module
 */

export { PosixSemaphore } from "./posix_semaphore.ts";
export { Semaphore, type SemaphoreOptions } from "./semaphore.ts";
export { UnnamedSemaphore } from "./unnamed_semaphore.ts";
export {
  SysvSemaphoreSet,
  type SysvSemaphoreSetOptions,
} from "./sysv_semaphore_set.ts";
export type {
  SysvAcquireOptions,
  SysvAcquireSyncOptions,
  SysvOperation,
  SysvReleaseOptions,
  SysvUndoOptions,
} from "./sysv_operation.ts";
export type {
  SysvSemaphoreSetEntry,
  SysvSemaphoreSetStat,
  SysvSemaphoreSetUse,
  SysvSemaphoreStat,
} from "./sysv_stat.ts";
export { Mutex } from "./mutex.ts";
export { MutexLock } from "./mutex_lock.ts";
export {
  RwLock,
  type RwLockAcquireOptions,
  type RwLockAcquireSyncOptions,
  type RwLockOptions,
} from "./rw_lock.ts";
export { RwLockGuard } from "./rw_lock_guard.ts";
export { Condition } from "./condition.ts";
export { Barrier } from "./barrier.ts";
export type { LockMode } from "../_internal/lock_mode.ts";
export type { MemoryRegion } from "../_internal/mapped_region.ts";
export { ftok, type SysvOwnership } from "../_internal/sysv.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
