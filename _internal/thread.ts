/**
 * Waiting for objects that have no descriptor: in calls that block a thread of
 * Deno's pool. That pool is small and everybody's, so there are few such waits
 * at a time, and the others look again and again until a thread is free.
 *
 * A call only learns that another attempt may succeed. Whoever gives up its
 * wait has the call interrupted, so that no thread outlives what it waits for.
 */

import { type Backoff, backoff } from "./backoff.ts";
import type { Cancel, Park, Parking } from "./wait.ts";

/** A call that is under way on a thread. */
export interface ThreadCall {
  /** Resolves when the call is back, for whatever reason; never rejects. */
  readonly back: Promise<unknown>;
  /**
   * Makes the call come back, if it has begun already. Called again and again
   * until it is back.
   */
  readonly interrupt: () => void;
}

/** How to wait for one thing of one object. */
export interface ThreadWait {
  /**
   * Begins a call that comes back when another attempt may succeed. Not given
   * where there is no such call, or none that can be interrupted: looking
   * again and again has to do then.
   */
  readonly begin?: () => ThreadCall;
  /**
   * Blocks this thread likewise, for so many milliseconds at the longest. Not
   * given where those who block take what they wait for in the same call.
   */
  readonly blockSync?: (milliseconds: number) => void;
}

/** The most threads of one isolate that wait at a time; the pool has 32. */
const MOST_THREADS = 4;

/** Pauses between two looks of those without a thread, in milliseconds. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 50;

/** How long leaving waits for the thread, in milliseconds. */
const PATIENCE = 100;

let threads = 0;

/** Those who would rather have a thread, in the order in which they came. */
const withoutThread = new Set<Waiter>();

/** Parks on a thread, or looks again and again. */
export class ThreadParking implements Parking {
  readonly #wait: ThreadWait;
  readonly #pauses = pausesOfLooks();
  readonly #waiters = new Set<Waiter>();
  /** Whether pauses have grown since the last restart. */
  #paused = false;

  constructor(wait: ThreadWait) {
    this.#wait = wait;
  }

  readonly park: Park = (wake) => {
    const waiter = new Waiter(this.#wait, (error) => {
      this.#waiters.delete(waiter);
      wake(error);
    });
    this.#waiters.add(waiter);
    if (this.#wait.begin && threads < MOST_THREADS) waiter.begin();
    else {
      this.#paused = true;
      waiter.pause(this.#pauses);
    }
    return (done) => {
      if (this.#waiters.delete(waiter)) waiter.leave(done);
      else done();
    };
  };

  readonly parkSync = (milliseconds: number): void =>
    (this.#wait.blockSync ?? this.#pauses.parkSync)(milliseconds);

  /** To be called when an attempt has succeeded: the next wait is another. */
  restart(): void {
    if (this.#paused) this.#pauses.restart();
    this.#paused = false;
  }

  /** Wakes everyone with an error: the object is closed. */
  close(error: Error): void {
    for (const waiter of this.#waiters) {
      waiter.leave(() => waiter.wake(error));
    }
    this.#waiters.clear();
  }
}

/** Pauses between two looks, where nothing announces what is waited for. */
export function pausesOfLooks(): Backoff {
  return backoff(FIRST_PAUSE, LONGEST_PAUSE);
}

/** One wait, from parking to waking. */
class Waiter {
  readonly wake: (error?: Error) => void;
  readonly #wait: ThreadWait;
  #call: ThreadCall | undefined;
  /** Ends the pause of one without a thread, or that between interrupts. */
  #endPause: Cancel | undefined;
  /** Whom to tell that the thread is back, when the wait was given up. */
  #left: (() => void) | undefined;

  constructor(wait: ThreadWait, wake: (error?: Error) => void) {
    this.#wait = wait;
    this.wake = wake;
  }

  /** Has it look again after a while, or move to a thread before. */
  pause(pauses: Backoff): void {
    if (this.#wait.begin) withoutThread.add(this);
    this.#endPause = pauses.park(() => {
      withoutThread.delete(this);
      this.wake();
    });
  }

  /** Has it wait on a thread. */
  begin(): void {
    withoutThread.delete(this);
    this.#endPause?.(() => {});
    this.#endPause = undefined;
    threads++;
    this.#call = this.#wait.begin!();
    this.#call.back.then(() => this.#back());
  }

  #back(): void {
    threads--;
    this.#endPause?.(() => {});
    const [next] = withoutThread;
    next?.begin();
    if (this.#left === undefined) this.wake();
    else this.#left();
  }

  /** Gives the wait up; `done` is called when the thread is back, or soon. */
  leave(done: () => void): void {
    if (this.#call === undefined) {
      withoutThread.delete(this);
      this.#endPause?.(() => {});
      return done();
    }
    const patience = setTimeout(() => this.#left!(), PATIENCE);
    this.#left = () => {
      clearTimeout(patience);
      this.#left = () => {};
      done();
    };
    this.#interrupt(this.#call, pausesOfLooks());
  }

  /** Again and again: if the whole pool is busy, it has not even begun. */
  #interrupt(call: ThreadCall, pauses: Backoff): void {
    call.interrupt();
    this.#endPause = pauses.park(() => this.#interrupt(call, pauses));
  }
}
