/** What is different in a Worker: it may be terminated, without notice. */

/** Whether this is a Worker. */
export const isWorker: boolean = "WorkerGlobalScope" in globalThis;

/**
 * How long to block a thread of the pool in one call, in milliseconds. The
 * program goes on when a Worker has been terminated, and what is left of that
 * waits for its threads; the main isolate's end is the end of all.
 */
export const LONGEST_PARK: number = isWorker ? 1000 : Infinity;
