/**
 * A thread of our own that watches an epoll for the event loop. To be woken by
 * it costs what it does for Deno's own sockets, and a third less than a call on
 * a thread of Deno's pool.
 *
 * It may call into this isolate only while somebody waits: the gate is shut
 * otherwise, and before the isolate can end.
 */

import {
  assemble,
  CODE_DATA,
  mapCode,
  mayExecute,
} from "../_internal/executable.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import { startThread } from "../_internal/native_thread.ts";
import type { EpollQueue } from "./_epoll_queue.ts";
import {
  CALLBACK,
  CALLING,
  ENDED,
  EPOLL,
  EVENTS,
  GATE,
  HELD,
  OPEN,
  ROOM,
  SHUT,
  watchCode,
} from "./_watch_code.ts";

const NAME = "ipc-reactor";

/** The thread, and one who waits for what it has to tell. */
export class WatchThread {
  readonly #queue: EpollQueue;
  readonly #ring: () => void;
  readonly #callback: Deno.UnsafeCallback<typeof DEFINITION>;
  /** What it shares with us, and the word of it that it sleeps on. */
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #gate: Word;
  readonly #events: Int32Array<ArrayBuffer>;
  readonly #start: () => void;
  #state: "new" | "running" | "ended" = "new";
  /** Whether the isolate may be about to end. */
  #paused = false;
  #back: ((count: number) => void) | undefined;

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
    if (watchCode === undefined || isWorker() || !mayExecute()) {
      return undefined;
    }
    return new WatchThread(queue, ring, watchCode);
  }

  private constructor(queue: EpollQueue, ring: () => void, code: string) {
    this.#queue = queue;
    this.#ring = ring;
    this.#callback = Deno.UnsafeCallback.threadSafe(
      DEFINITION,
      (count) => this.#called(count),
    );
    this.#callback.unref();
    const entry = mapCode(assemble(code));
    const argument = Deno.UnsafePointer.offset(entry, CODE_DATA)!;
    const words = new Int32Array(
      Deno.UnsafePointerView.getArrayBuffer(argument, CODE_DATA),
    );
    words[EPOLL] = queue.fd;
    words[GATE] = SHUT;
    words[ROOM] = queue.room;
    const pointer = Deno.UnsafePointer.value(this.#callback.pointer);
    new BigUint64Array(words.buffer, CALLBACK * 4, 1)[0] = pointer;
    this.#words = words;
    this.#gate = words.subarray(GATE, GATE + 1);
    this.#events = words.subarray(EVENTS);
    this.#start = () => startThread(entry, argument, NAME);
    // These come before the isolate ends, however it does.
    addEventListener("error", () => this.#pauseForNow());
    addEventListener("unhandledrejection", () => this.#pauseForNow());
    addEventListener("unload", () => this.#end());
  }

  /** Whether it runs, from the first call on; not if there can be none. */
  get running(): boolean {
    if (this.#state === "new") this.#state = this.#begin();
    return this.#state === "running";
  }

  #begin(): "running" | "ended" {
    try {
      this.#start();
      return "running";
    } catch {
      // As many threads as this user may have: EAGAIN, pthread_create(3).
      return "ended";
    }
  }

  /** Resolves with the number of events, which the queue has then. */
  wait(): Promise<number> {
    this.#callback.ref();
    this.#open();
    return new Promise((resolve) => this.#back = resolve);
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

  /** Until it is known whether the isolate ends because of an error. */
  #pauseForNow(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#shut();
    const timer = setTimeout(() => {
      this.#paused = false;
      if (this.#back !== undefined) this.#open();
    });
    Deno.unrefTimer(timer);
  }

  #end(): void {
    this.#state = "ended";
    this.wake();
    Atomics.compareExchange(this.#gate, 0, SHUT, ENDED);
    this.#free();
    this.#ring();
  }

  /** Keeps the thread from calling; answers what it might do before. */
  #shut(): number {
    return Atomics.compareExchange(this.#gate, 0, OPEN, SHUT);
  }

  #open(): void {
    if (this.#paused) return;
    if (Atomics.compareExchange(this.#gate, 0, SHUT, OPEN) === SHUT) {
      this.#free();
    }
  }

  /** It went to sleep if it had something to tell while the gate was shut. */
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
    this.#callback.unref();
    back(count);
  }
}

const DEFINITION = { parameters: ["i32"], result: "void" } as const;

function isWorker(): boolean {
  return "WorkerGlobalScope" in globalThis;
}
