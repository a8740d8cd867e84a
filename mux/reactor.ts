/**
 * The reactor: everything in this program that waits for a descriptor waits
 * here, with one parked thread between them, and only while someone waits. So
 * an idle program exits by itself, and a thousand waits cost no more threads
 * than one.
 */

import { setImmediate } from "node:timers";
import { closedError } from "../_internal/errno.ts";
import { os, supported } from "../_internal/platform.ts";
import { soon } from "../_internal/park.ts";
import type { Cancel } from "../_internal/wait.ts";
import { isWorker } from "../_internal/worker.ts";
import { type Backend, EXIT, type Owner } from "./_backend.ts";
import { EpollBackend } from "./_epoll_backend.ts";
import { KqueueBackend } from "./_kqueue_backend.ts";

interface Waiter {
  readonly interest: number;
  readonly owner: Owner | undefined;
  readonly wake: (error?: Error) => void;
}

/**
 * How long leaving waits for the thread, in milliseconds. It takes a moment,
 * unless the whole thread pool is busy and the wait has not even begun.
 */
const PATIENCE = 100;

/**
 * How often those are looked after whose closing nobody announces, in ms: a
 * descriptor that is closed behind our back never becomes ready.
 */
const ROUND = 1000;

/** Waits on behalf of everyone. */
export class Reactor {
  #backend: Backend | undefined;
  readonly #open: () => Backend;
  readonly #isTransient: boolean;
  readonly #waiters = new Map<number, Waiter[]>();
  #count = 0;
  /** How many of them wait for what has no owner. */
  #unowned = 0;
  #rounds: ReturnType<typeof setInterval> | undefined;
  #parked = false;
  /** Those who have left and want to know when the thread has, too. */
  #leaving: (() => void)[] = [];
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** Passed to the backend each time: made once. */
  readonly #ready = (key: number, events: number): void =>
    this.#dispatch(this.#backend!, key, events);

  /**
   * @param open Makes the backend; called when it is first needed.
   * @param isTransient Whether to close it when nobody waits any more, as it
   * may not be said when it is not needed any more.
   */
  constructor(open: () => Backend, isTransient = false) {
    this.#open = open;
    this.#isTransient = isTransient;
  }

  /** Whether its thread is parked, or on its way back. */
  get parked(): boolean {
    return this.#parked;
  }

  /** Opens the backend now rather than at the first wait. */
  prepare(): void {
    this.#backend ??= this.#open();
  }

  /** Closes the backend, unless somebody waits; the next wait opens another. */
  release(): void {
    if (this.#count > 0 || this.#parked || this.#backend === undefined) return;
    this.#backend.close();
    this.#backend = undefined;
    this.#waiters.clear();
  }

  /**
   * Has `wake` called once, later, when the key is ready.
   *
   * @param key A descriptor, or a negated process id.
   * @param interest READ, WRITE, PRIORITY or EXIT.
   * @param wake Called with an error if the descriptor was closed instead.
   * @param owner Who calls {@linkcode forget} before the descriptor is closed.
   * @returns Calls it off; too late when it has been called.
   */
  watch(
    key: number,
    interest: number,
    wake: (error?: Error) => void,
    owner?: Owner,
  ): Cancel {
    const backend = this.#backend ??= this.#open();
    const waiter: Waiter = { interest, owner, wake };
    this.#look(key);
    let waiters = this.#waiters.get(key);
    if (waiters === undefined) this.#waiters.set(key, waiters = []);
    const alone = waiters.length === 0;
    const all = alone ? interest : interest | interestOf(waiters);
    const whose = alone ? owner : ownerOf([waiter, ...waiters]);
    if (!backend.arm(key, all, whose)) return soon(wake);
    waiters.push(waiter);
    this.#came(waiter);
    if (!this.#parked) this.#run(backend);
    return (done) => {
      if (this.#remove(key, waiter)) this.#leave(backend, done);
      else done();
    };
  }

  /**
   * Wakes everyone who waits for `fd`, which is about to be closed.
   *
   * @param fd The descriptor.
   * @param reason Makes the error for those who wait for READ, WRITE and so on.
   */
  forget(fd: number, reason: (interest: number) => Error): void {
    const backend = this.#backend;
    if (backend === undefined) return;
    backend.disarm(fd);
    const waiters = this.#waiters.get(fd);
    if (waiters === undefined) return;
    this.#waiters.delete(fd);
    // An error is dear, and most of the time nobody waits.
    const woken = waiters
      .map(({ wake, interest }) => ({ wake, error: reason(interest) }));
    for (const waiter of waiters) this.#went(waiter);
    for (const { wake, error } of woken) {
      this.#leave(backend, () => wake(error));
    }
  }

  #came({ owner }: Waiter): void {
    this.#count++;
    if (owner !== undefined || ++this.#unowned > 1) return;
    this.#rounds = setInterval(() => this.#goRound(), ROUND);
  }

  #went({ owner }: Waiter): void {
    this.#count--;
    if (owner === undefined && --this.#unowned === 0) {
      clearInterval(this.#rounds);
    }
  }

  #goRound(): void {
    for (const key of this.#waiters.keys()) this.#look(key);
  }

  /** Those who wait for a number that was closed wait in vain. */
  #look(key: number): void {
    const waiters = this.#waiters.get(key);
    if (key < 0 || !waiters?.some(({ owner }) => owner === undefined)) return;
    if (this.#backend!.stands(key)) return;
    this.forget(key, () => closedError("wait", `fd ${key}`));
  }

  /** The last one out takes the thread along, and waits for it. */
  #leave(backend: Backend, done: () => void): void {
    if (this.#count > 0) return done();
    this.#leaving.push(done);
    if (this.#leaving.length > 1) return;
    backend.wake();
    this.#patience = setTimeout(() => this.#left(), PATIENCE);
  }

  #left(): void {
    if (this.#leaving.length === 0) return;
    clearTimeout(this.#patience);
    for (const done of this.#leaving.splice(0)) done();
  }

  /** Parks the thread again and again, for as long as somebody waits. */
  async #run(backend: Backend): Promise<void> {
    this.#parked = true;
    try {
      do {
        backend.drain(await backend.wait(), this.#ready);
        this.#left();
        // Who was just woken takes what is there before it is reported again.
        if (this.#count > 0) await undefined;
      } while (this.#count > 0);
    } catch (error) {
      this.#fail(error as Error);
    } finally {
      this.#parked = false;
      // Who left since the thread came back has no other to wait for.
      this.#left();
      // Who was just woken may be about to wait again.
      if (this.#isTransient) setImmediate(() => this.release());
    }
  }

  #dispatch(backend: Backend, key: number, events: number): void {
    const waiters = this.#waiters.get(key);
    // Left over from an earlier wait: not asked for any more.
    if (waiters === undefined || waiters.length === 0) {
      return void backend.arm(key, 0, undefined);
    }
    const only = waiters[0];
    if (waiters.length === 1 && only.interest & events) {
      // The usual case. The list stays for the next who waits for it.
      waiters.pop();
      this.#went(only);
      if (events & EXIT) this.#waiters.delete(key);
      return only.wake();
    }
    const ready = waiters.filter((waiter) => waiter.interest & events);
    const rest = waiters.filter((waiter) => !(waiter.interest & events));
    for (const waiter of ready) this.#went(waiter);
    this.#waiters.set(key, rest);
    if (rest.length > 0) this.#rearm(backend, key, rest);
    for (const waiter of ready) waiter.wake();
  }

  #rearm(backend: Backend, key: number, waiters: readonly Waiter[]): void {
    let error: Error | undefined;
    try {
      if (backend.arm(key, interestOf(waiters), ownerOf(waiters))) return;
    } catch (failure) {
      // The number was closed behind our back: that concerns these alone.
      error = failure as Error;
    }
    for (const waiter of [...waiters]) {
      this.#remove(key, waiter);
      waiter.wake(error);
    }
  }

  #remove(key: number, waiter: Waiter): boolean {
    const waiters = this.#waiters.get(key);
    const index = waiters?.indexOf(waiter) ?? -1;
    if (waiters === undefined || index < 0) return false;
    waiters.splice(index, 1);
    if (waiters.length === 0) this.#waiters.delete(key);
    this.#went(waiter);
    return true;
  }

  /** The wait itself failed, which no one of them can be blamed for. */
  #fail(error: Error): void {
    const all = [...this.#waiters.values()].flat();
    this.#waiters.clear();
    for (const waiter of all) this.#went(waiter);
    for (const waiter of all) waiter.wake(error);
    this.#left();
  }
}

/** The owner that all of them agree on. */
function ownerOf([first, ...rest]: readonly Waiter[]): Owner | undefined {
  return rest.every(({ owner }) => owner === first.owner)
    ? first.owner
    : undefined;
}

function interestOf(waiters: readonly Waiter[]): number {
  return waiters.reduce((mask, waiter) => mask | waiter.interest, 0);
}

/** The reactor of this isolate. */
export const reactor: Reactor = new Reactor(
  () => os === "darwin" ? new KqueueBackend() : new EpollBackend(),
  isWorker,
);

if (!isWorker) {
  try {
    // Its descriptors are there from the beginning, so that what a program
    // counts before and after it used something is the same.
    if (supported) reactor.prepare();
  } catch {
    // No FFI, or no descriptors left: the first wait says so.
  }
  // `deno test` and `deno run --watch` go on with another isolate then.
  addEventListener("unload", () => reactor.release());
}
