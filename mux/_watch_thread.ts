/**
 * A thread of our own that watches an epoll for the event loop. To be woken by
 * it costs what it does for Deno's own sockets, and a third less than a call on
 * a thread of Deno's pool.
 *
 * It may call into this isolate only while somebody waits: the gate is shut
 * otherwise, and before the isolate can end.
 */

import { libc } from "../_internal/_ffi.ts";
import {
  assemble,
  CODE_DATA,
  mapCode,
  mayExecute,
} from "../_internal/executable.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import type { Address } from "../_internal/mapping.ts";
import { startThread } from "../_internal/native_thread.ts";
import { isWorker } from "../_internal/worker.ts";
import type { EpollQueue } from "./_epoll_queue.ts";
import {
  CALLBACK,
  CALLING,
  ENDED,
  EPOLL,
  EVENTS,
  GATE,
  GONE,
  HELD,
  OPEN,
  PATIENCE,
  ROOM,
  SHUT,
  watchCode,
} from "./_watch_code.ts";

const NAME = "ipc-reactor";

/** For how many seconds the thread has nothing to do before it goes. */
const IDLE = 1n;

/** How often to look whether it has gone, when it was told to. */
const LOOKS = 100;

/** The longest that a timer takes, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

// As they are now: tests replace them by others, whose time stands still.
const { setInterval, clearInterval, setTimeout } = globalThis;

const DEFINITION = { parameters: ["i32"], result: "void" } as const;

/** The thread, which comes and goes, and one who waits for what it has to tell. */
export class WatchThread {
  readonly #queue: EpollQueue;
  readonly #ring: () => void;
  readonly #callback: Deno.UnsafeCallback<typeof DEFINITION>;
  readonly #entry: Address;
  readonly #argument: Address;
  /** What it shares with us, and the word of it that it sleeps on. */
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #gate: Word;
  readonly #events: Int32Array<ArrayBuffer>;
  #usable = true;
  /** Whether an error is on its way, which may end the isolate. */
  #doubtful = false;
  #back: ((count: number) => void) | undefined;
  /** What keeps the program from ending while somebody waits. */
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  /**
   * One for this isolate, which is started by the first wait; undefined where
   * there can be none. A Worker can be ended at any moment, without a word, and
   * the thread must not call into what is no longer there.
   *
   * @param queue The epoll. All in it has to be of one shot: the thread looks
   * again before what it has told of was taken.
   * @param ring Makes something in the epoll ready.
   */
  static for(queue: EpollQueue, ring: () => void): WatchThread | undefined {
    if (watchCode === undefined || isWorker || !mayExecute()) return undefined;
    return new WatchThread(queue, ring, watchCode);
  }

  private constructor(queue: EpollQueue, ring: () => void, code: string) {
    this.#queue = queue;
    this.#ring = ring;
    this.#callback = new Deno.UnsafeCallback(
      DEFINITION,
      (count) => this.#called(count),
    );
    this.#entry = mapCode(assemble(code));
    this.#argument = Deno.UnsafePointer.offset(this.#entry, CODE_DATA)!;
    const buffer = Deno.UnsafePointerView
      .getArrayBuffer(this.#argument, CODE_DATA);
    const words = new Int32Array(buffer);
    words[EPOLL] = queue.fd;
    words[GATE] = GONE;
    words[ROOM] = queue.room;
    const pointer = Deno.UnsafePointer.value(this.#callback.pointer);
    new BigUint64Array(buffer, CALLBACK * 4, 1)[0] = pointer;
    new BigInt64Array(buffer, PATIENCE * 4, 1)[0] = IDLE;
    this.#words = words;
    this.#gate = words.subarray(GATE, GATE + 1);
    this.#events = words.subarray(EVENTS);
    // These come before the isolate ends, however it does.
    addEventListener("error", () => this.#doubt());
    addEventListener("unhandledrejection", () => this.#doubt());
    addEventListener("unload", () => this.end());
  }

  /** Whether it can be had. */
  get usable(): boolean {
    return this.#usable;
  }

  /**
   * Resolves with the number of events, which the queue has then. If there can
   * be no thread it is 0, and it is not usable any more.
   */
  wait(): Promise<number> {
    this.#keepAlive = setInterval(() => {}, LONGEST_TIMER);
    return new Promise((resolve) => {
      this.#back = resolve;
      this.#open();
    });
  }

  /** Ends the wait, if there is one. */
  wake(): void {
    const before = this.#shut();
    // What it has to tell ends the wait.
    if (before === CALLING) return;
    // So that it does not stay in the epoll.
    if (before === OPEN) this.#ring();
    this.#finish(0);
  }

  /**
   * Ends it for good.
   *
   * @returns Whether it has ended: not if it is just calling.
   */
  end(): boolean {
    this.#usable = false;
    this.wake();
    Atomics.compareExchange(this.#gate, 0, SHUT, ENDED);
    this.#free();
    for (let i = 0; i < LOOKS && !this.#gone; i++) libc.sched_yield();
    return this.#gone;
  }

  get #gone(): boolean {
    return Atomics.load(this.#gate, 0) === GONE;
  }

  /** Keeps it from calling until it is known whether the isolate ends. */
  #doubt(): void {
    this.#doubtful = true;
    this.#shut();
    if (this.#back !== undefined) this.#openLater();
  }

  #openLater(): void {
    const timer = setTimeout(() => {
      this.#doubtful = false;
      if (this.#back !== undefined) this.#open();
    });
    Deno.unrefTimer(timer);
  }

  /** Keeps the thread from calling; answers what it might do before. */
  #shut(): number {
    return Atomics.compareExchange(this.#gate, 0, OPEN, SHUT);
  }

  #open(): void {
    if (this.#doubtful) return this.#openLater();
    const before = Atomics.compareExchange(this.#gate, 0, SHUT, OPEN);
    if (before === SHUT) this.#free();
    else if (before === GONE) this.#start();
  }

  #start(): void {
    Atomics.store(this.#gate, 0, OPEN);
    try {
      startThread(this.#entry, this.#argument, NAME);
    } catch {
      // As many threads as this user may have: EAGAIN, pthread_create(3).
      Atomics.store(this.#gate, 0, GONE);
      this.#usable = false;
      this.#finish(0);
    }
  }

  /** It sleeps if it had nothing to do, or might not tell what it had. */
  #free(): void {
    if (Atomics.load(this.#words, HELD) !== 0) futexWake(this.#gate);
  }

  #called(count: number): void {
    this.#queue.put(this.#events, count);
    Atomics.store(this.#gate, 0, SHUT);
    this.#finish(count);
  }

  #finish(count: number): void {
    const back = this.#back;
    if (back === undefined) return;
    this.#back = undefined;
    clearInterval(this.#keepAlive);
    back(count);
  }
}
