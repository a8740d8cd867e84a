/** Limits for system calls that block this thread and have none of their own. */

import { libc } from "./_ffi.ts";
import { check } from "./errno.ts";
import { canInterrupt, signalFor } from "./interrupt.ts";
import { sleepSync } from "./poll.ts";
import { SA_RESTART } from "./sigaction.ts";
import { ownBlocked } from "./threads.ts";

// struct sigevent { union sigval sigev_value; int sigev_signo;
//                   int sigev_notify; pid_t sigev_notify_thread_id; … }  Linux
const SIGEVENT_SIZE = 64;
const CLOCK_MONOTONIC = 1;
const SIGEV_THREAD_ID = 4;

/** Again and again: the first signal may come just before the call begins. */
const INTERVAL = 1_000_000n;

/** From here on there is no limit, in milliseconds: about a month. */
const LONGEST = 2 ** 31;

/** How long it sleeps where the call could not be ended, in milliseconds. */
const PAUSE = 10;

/**
 * Makes a system call that may be interrupted, and interrupts it after so many
 * milliseconds: timer_create(2). Where that cannot be done, it sleeps for a
 * moment instead of making the call, and answers undefined.
 *
 * @param milliseconds How long it may take.
 * @param call Makes it.
 * @param resumes As of an {@linkcode Interruptible}.
 */
export function callFor<T>(
  milliseconds: number,
  call: () => T | undefined,
  resumes: boolean = false,
): T | undefined {
  if (milliseconds >= LONGEST) return call();
  const timer = createTimer(resumes ? 0 : SA_RESTART);
  if (timer === undefined) {
    sleepSync(Math.min(milliseconds, PAUSE));
    return undefined;
  }
  try {
    const nanoseconds = BigInt(Math.ceil(milliseconds * 1e6));
    const seconds = 1_000_000_000n;
    // struct itimerspec { struct timespec it_interval, it_value; }
    const times = new BigInt64Array([
      0n,
      INTERVAL,
      nanoseconds / seconds,
      nanoseconds % seconds,
    ]);
    check(libc.timer_settime(timer, 0, times, null), "timer_settime");
    return call();
  } finally {
    libc.timer_delete(timer);
  }
}

/** Undefined without /proc, in an emulator, or with too many signals queued. */
function createTimer(flags: number): bigint | undefined {
  const signal = canInterrupt() ? signalFor(flags, ownBlocked()) : undefined;
  if (signal === undefined) return undefined;
  const event = new Int32Array(SIGEVENT_SIZE / 4);
  event[2] = signal;
  event[3] = SIGEV_THREAD_ID;
  event[4] = libc.gettid();
  const timer = new BigUint64Array(1);
  const result = libc.timer_create(CLOCK_MONOTONIC, event, timer);
  return result === 0 ? timer[0] : undefined;
}
