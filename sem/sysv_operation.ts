import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";

/** One of the operations that are carried out together, or not at all. */
export interface SysvOperation {
  /** Which semaphore of the set, from 0. */
  readonly index: number;
  /**
   * What is added to its value, from -32,767 to 32,767. What would become less
   * than 0 has to wait; 0 waits until the value is 0.
   */
  readonly delta: number;
  /**
   * Whether the kernel undoes it when this process ends, however it ends.
   *
   * @default {false}
   */
  readonly undo?: boolean;
}

/** Whether the kernel gives back what a process had that has ended. */
export interface SysvUndoOptions {
  /**
   * Whether the kernel gives back what was acquired when this process ends,
   * however it ends.
   *
   * @default {true}
   */
  readonly undo?: boolean;
}

/** Options of {@linkcode SysvSemaphoreSet.acquire}. */
export interface SysvAcquireOptions extends SysvUndoOptions, WaitOptions {}

/** Options of {@linkcode SysvSemaphoreSet.acquireSync}. */
export interface SysvAcquireSyncOptions
  extends SysvUndoOptions, SyncWaitOptions {}

/** Options of {@linkcode SysvSemaphoreSet.release}. */
export interface SysvReleaseOptions {
  /**
   * Whether the kernel is to forget an acquire that it would undo otherwise.
   * By default exactly if this object has acquired one that has not been
   * released yet: what nobody had acquired, such as a signal to another
   * process, is not taken back when this process ends.
   */
  readonly undo?: boolean;
}
