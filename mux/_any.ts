/** Waiting for any of several descriptors, for poll(2) and select(2). */

import { backoff } from "../_internal/backoff.ts";
import { closedError } from "../_internal/errno.ts";
import { Spin } from "../_internal/spin.ts";
import {
  type Attempt,
  type Cancel,
  type Park,
  type Parking,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { reactor } from "./reactor.ts";
import type { Watchable } from "./watchable.ts";

/** What to wait for. */
export interface Interest {
  /** The descriptor as it was given. */
  readonly watchable: Watchable;
  /** The number that it had then. */
  readonly fd: number;
  /** READ, WRITE and PRIORITY. */
  readonly interest: number;
}

/** One system call that looks at several descriptors. */
export interface AnyWait<T> {
  /** Its name. */
  readonly syscall: string;
  /** Makes it without waiting. */
  readonly attempt: Attempt<T>;
  /** Makes it, blocking the thread until something is ready. */
  readonly block: (milliseconds: number) => void;
  /** What the reactor is to wait for. */
  readonly interests: () => readonly Interest[];
}

/** Such calls have no object that could learn whether trying pays. */
const spin = new Spin();

/** Waiting for nothing, without a limit, would be waiting for ever. */
export function refuseNothing(
  watched: readonly unknown[],
  verb: string,
): void {
  if (watched.length > 0) return;
  throw new TypeError(
    `Cannot ${verb}: there must be something to wait for, or a time-out`,
  );
}

/** Attempts until something is ready, waiting in the reactor in between. */
export function waitForAny<T>(
  wait: AnyWait<T>,
  options?: WaitOptions,
): Promise<T> {
  const { attempt, syscall, block } = wait;
  const interests = wait.interests();
  const park = unhurried(parkForAny(interests));
  let looked = false;
  const parking: Parking = {
    park(wake) {
      looked = false;
      return park(wake);
    },
    parkSync: block,
  };
  const queue = new WaitQueue(parking, syscall, undefined, spin);
  return queue.run(() => {
    if (!looked) refuseClosed(interests, syscall);
    looked = true;
    return attempt();
  }, options);
}

/** Whoever was closed meanwhile may have left its number to another. */
function refuseClosed(interests: readonly Interest[], syscall: string): void {
  for (const { watchable, fd } of interests) {
    if (typeof watchable === "number" || watchable.fd === fd) continue;
    throw closedError(syscall, `fd ${fd}`);
  }
}

/** Attempts until something is ready, blocking the thread in between. */
export function waitForAnySync<T>(
  { attempt, interests, syscall, block }: AnyWait<T>,
  options?: SyncWaitOptions,
): T {
  const park: Park = (wake) => parkForAny(interests())(wake);
  const queue = new WaitQueue(
    { park, parkSync: block },
    syscall,
    undefined,
    spin,
  );
  return queue.runSync(attempt, options);
}

/** Parks in the reactor, which tells of the first that is ready. */
function parkForAny(interests: readonly Interest[]): Park {
  return (wake) => {
    let over = false;
    const cancels: Cancel[] = [];
    function cancelAll(done: () => void): void {
      over = true;
      let left = cancels.length;
      if (left === 0) return done();
      for (const cancel of cancels) cancel(() => --left === 0 && done());
    }
    function first(error?: Error): void {
      if (!over) cancelAll(() => wake(error));
    }
    try {
      for (const { fd, interest } of interests) {
        cancels.push(reactor.watch(fd, interest, first));
      }
    } catch (error) {
      cancelAll(() => {});
      throw error;
    }
    return cancelAll;
  };
}

/** A wait that ends so soon, in ms, may have been for nothing. */
const AT_ONCE = 1;
/** How long to wait then before the next, in ms. */
const PAUSE = 10;

/**
 * The reactor tells of hang-ups and errors, asked or not, and would do so again
 * at once; select(2) does not count them as everything it is asked for.
 */
function unhurried(park: Park): Park {
  let parkedAt = -Infinity;
  return (wake) => {
    const now = performance.now();
    const pause = now - parkedAt < AT_ONCE;
    parkedAt = pause ? -Infinity : now;
    return pause ? backoff(PAUSE, PAUSE).park(wake) : park(wake);
  };
}
