/**
 * The one wait loop. Every operation that may have to wait is an `attempt`: a
 * function that makes the system call on this thread and answers a value, or
 * undefined when it would block. Three ways of calling it are offered here.
 *
 * Nothing is taken from the kernel by anything but an attempt, and whoever
 * makes an attempt hands on what it got: so a wait that is aborted loses
 * nothing.
 */

import { E, systemError, timedOut } from "./errno.ts";
import { timeout as checkTimeout } from "./arguments.ts";
import { beginSlice, nextTurn, sliceIsOver } from "./slice.ts";
import { Spin } from "./spin.ts";
import { Turns } from "./turns.ts";

/** Options of an operation that waits. */
export interface WaitOptions {
  /**
   * Ends the wait: the promise rejects with `signal.reason`, and nothing has
   * been taken or lost. `AbortSignal.timeout(ms)` makes it a time-out.
   */
  readonly signal?: AbortSignal;
}

/** Options of an operation that blocks the thread. */
export interface SyncWaitOptions {
  /**
   * The longest to wait, in milliseconds; then `Deno.errors.TimedOut` is
   * thrown, and nothing has been taken or lost.
   *
   * @default {Infinity}
   */
  readonly timeout?: number;
}

/** One system call that does not wait; undefined when it would have to. */
export type Attempt<T> = () => T | undefined;

/**
 * The same call, waiting in the kernel for so many milliseconds at the
 * longest; it may come back without a value before.
 */
export type Blocking<T> = (milliseconds: number) => T | undefined;

/**
 * Has `wake` called once another attempt may succeed, or with an error if the
 * object was closed. Answers how to call that off.
 */
export type Park = (wake: (error?: Error) => void) => Cancel;

/** Calls a wait off; `done` is called when nothing of it is left. */
export type Cancel = (done: () => void) => void;

/** How to wait until another attempt may succeed. */
export interface Parking {
  /** Parks an operation in the reactor. */
  readonly park: Park;
  /** Blocks this thread, for `milliseconds` at the longest. */
  readonly parkSync: (milliseconds: number) => void;
}

/**
 * Those who wait for one thing of one object: to read from it, say. They get
 * it in the order in which they came.
 */
export class WaitQueue {
  readonly #parking: Parking;
  readonly #syscall: string;
  readonly #on: string | undefined;
  readonly #spin: Spin;
  readonly #turns = new Turns();

  /**
   * @param parking How to wait.
   * @param syscall What is waited for, for errors.
   * @param on The object that is waited for, for errors; if it is one.
   * @param spin How to try before parking, if that is known from before.
   */
  constructor(
    parking: Parking,
    syscall: string,
    on?: string,
    spin: Spin = new Spin(),
  ) {
    this.#parking = parking;
    this.#syscall = syscall;
    this.#on = on;
    this.#spin = spin;
  }

  /** Whether nobody waits, nor is about to. */
  get idle(): boolean {
    return !this.#turns.taken;
  }

  /**
   * Whether a synchronous operation without a limit should begin by blocking:
   * nobody is first, and trying before would be in vain. If that gives nothing,
   * {@linkcode runSync} goes on.
   */
  blocksFirst(): boolean {
    return !this.#turns.taken && this.#spin.blocksFirst();
  }

  /** Attempts once, unless others wait: they were first. */
  try<T>(attempt: Attempt<T>): T | undefined {
    return this.#turns.taken ? undefined : this.#spin.once(attempt);
  }

  /**
   * Attempts once, for what need not wait as a rule; undefined also if
   * somebody else is first: an abort, the event loop, or others who wait.
   */
  eager<T>(attempt: Attempt<T>, options?: WaitOptions): T | undefined {
    if (options?.signal?.aborted || sliceIsOver()) return undefined;
    return this.try(attempt);
  }

  /** Attempts for a moment, unless others wait: they were first. */
  briefly<T>(attempt: Attempt<T>): T | undefined {
    return this.#turns.taken ? undefined : this.#spin.attempt(attempt);
  }

  /**
   * Attempts until it succeeds, blocking the thread in between.
   *
   * @param attempt What to attempt.
   * @param options The longest to wait.
   * @param block How to wait and take in one call, where the kernel has one;
   * else the thread is blocked as the parking does, and then attempts.
   * @param mayBlockFirst Whether to do so before any attempt, where only giving
   * the processor away has helped of late: best for who waits for an answer.
   */
  runSync<T>(
    attempt: Attempt<T>,
    options?: SyncWaitOptions,
    block?: Blocking<T>,
    mayBlockFirst: boolean = false,
  ): T {
    if (this.#turns.taken) {
      // Waiting for our turn would wait for ever: those before us need this
      // thread. Going first would take what is theirs.
      throw systemError(E.EBUSY, this.#syscall, {
        on: this.#on,
        hint: `an asynchronous ${this.#syscall} is pending`,
      });
    }
    const limit = checkTimeout(options?.timeout, this.#syscall);
    // Looking at the clock costs as much as a system call.
    const begin = limit === Infinity ? 0 : performance.now();
    // With a limit, blocking takes more system calls than trying does.
    const first = mayBlockFirst && limit === Infinity ? block : undefined;
    let value = this.#spin.attempt(attempt, first);
    while (value === undefined) {
      const left = limit === Infinity
        ? Infinity
        : begin + limit - performance.now();
      if (left <= 0) throw timedOut(limit, this.#syscall, this.#on);
      if (block !== undefined) {
        value = block(left);
      } else {
        this.#parking.parkSync(left);
        value = this.#spin.attempt(attempt);
      }
    }
    return value;
  }

  /**
   * Attempts until it succeeds, parking in the reactor in between.
   *
   * @param attempt What to attempt.
   * @param options A signal that ends the wait.
   * @param held Whether the caller has the turn, from {@linkcode hold}.
   */
  async run<T>(
    attempt: Attempt<T>,
    options?: WaitOptions,
    held = false,
  ): Promise<T> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const turns = this.#turns;
    if (!held) {
      if (turns.taken) await turns.take(signal);
      turns.taken = true;
    }
    try {
      // Before an attempt: what it takes must not be held while waiting.
      if (sliceIsOver()) await nextTurn();
      for (;;) {
        signal?.throwIfAborted();
        const value = this.#spin.attempt(attempt);
        if (value !== undefined) return value;
        await parked(this.#parking.park, signal);
      }
    } finally {
      if (!held) turns.pass();
    }
  }

  /**
   * Keeps the turn for several attempts that nobody may come between, such as
   * the parts of one long write.
   */
  hold(body: () => Promise<void>, options?: WaitOptions): Promise<void> {
    return this.#turns.hold(body, options?.signal);
  }
}

/** Resolves when another attempt may succeed. */
export function parked(
  park: Park,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    // It may have aborted between the last wake-up and now.
    signal?.throwIfAborted();
    const cancel = park((error) => {
      signal?.removeEventListener("abort", abort);
      if (error !== undefined) return reject(error);
      beginSlice();
      resolve();
    });
    function abort(): void {
      cancel(() => reject(signal!.reason));
    }
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/**
 * What `begin` answers, or a rejection if it throws: as an asynchronous function
 * does, without the moment that one more of them takes.
 */
export function rejecting<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return begin();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What `promise` resolves to, unless it is not waited for any longer. */
export function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    function abort(): void {
      reject(signal.reason);
    }
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}
