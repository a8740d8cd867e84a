import { backoff } from "../_internal/backoff.ts";
import { Descriptor, whenClosed } from "../_internal/descriptor.ts";
import { errno, wouldBlock } from "../_internal/errno.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  notSupported,
  os,
} from "../_internal/platform.ts";
import {
  type Parking,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { controlError, interestBits, readiness } from "./_epoll_bits.ts";
import { oneByOne } from "./_one_by_one.ts";
import { EpollQueue } from "./_epoll_queue.ts";
import { DEFAULT_EVENTS, mostOf } from "./_max_events.ts";
import type {
  EpollAddOptions,
  EpollEvent,
  EpollModifyOptions,
  EventsOptions,
} from "./epoll_types.ts";
import { readParking } from "./parking.ts";
import { fdOf, type Watchable } from "./watchable.ts";

/** How long to leave a queue alone that reports only leftovers, in ms. */
const PAUSE = 10;

/** The value that a descriptor was added with, if it is in the set. */
export let dataOf: (epoll: Epoll, fd: number) => unknown;

/** What was added, under a token that no two ever share. */
interface Entry {
  readonly token: number;
  readonly fd: Watchable;
  readonly number: number;
  readonly exclusive: boolean;
  data: unknown;
  /** Ends looking out for its closing. */
  readonly unwatch: () => void;
}

/**
 * An epoll instance: a set of descriptors, and what has become ready of them.
 * Adding, waiting and removing cost the same however many there are. Linux
 * only; {@linkcode Poller} is everywhere.
 *
 * It has a descriptor itself, which can be watched, by another epoll too: it
 * is readable while events are there.
 *
 * An object of this package that is closed leaves the set. A number that is
 * closed by others leaves it when no copy of the descriptor is open any more,
 * in a child, say; so {@linkcode Epoll.delete} it first. Events of what was
 * added under a number that has been added again since are not reported.
 *
 * See [epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html).
 *
 * @example
 * ```ts
 * import { Epoll } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using epoll = new Epoll();
 * using jobs = Pipe.open();
 * epoll.add(jobs.reader, { read: true, data: "jobs" });
 *
 * jobs.writer.writeSync(new Uint8Array(1));
 * const [event] = await epoll.wait();
 * assertEquals([event.data, event.read, event.hangup], ["jobs", true, false]);
 * ```
 */
export class Epoll implements Disposable {
  readonly #queue: EpollQueue;
  readonly #descriptor: Descriptor;
  readonly #waits: WaitQueue;
  readonly #byToken = new Map<number, Entry>();
  readonly #byNumber = new Map<number, Entry>();
  #lastToken = 0;
  /** Whether the last events were all of what is not in the set any more. */
  #leftovers = false;

  static {
    dataOf = (epoll, fd) => epoll.#byNumber.get(fd)?.data;
  }

  /**
   * Makes an empty set.
   *
   * @throws {Deno.errors.NotSupported} Elsewhere than on Linux.
   * @throws {IpcError} `EMFILE` or `ENFILE` if no descriptor is left.
   */
  constructor() {
    if (os !== "linux") notSupported("epoll", "use Poller or Kqueue");
    this.#queue = new EpollQueue(DEFAULT_EVENTS);
    this.#descriptor = new Descriptor(this.#queue.fd, "epoll");
    this.#waits = new WaitQueue(this.#parking(), "epoll_wait");
  }

  /** The descriptor, readable while events are there. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#descriptor.closed;
  }

  /**
   * Adds a descriptor to the set. Hang-ups and errors are reported whatever
   * was asked for.
   *
   * @param fd The descriptor. Events name it as it was given here.
   * @param options What to report and how; reading if nothing else is said.
   * @throws {TypeError} If the options contradict each other.
   * @throws {Deno.errors.AlreadyExists} If it is in the set.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.PermissionDenied} `EPERM` for a regular file or a
   * directory: those are always ready.
   * @throws {IpcError} `EINVAL` for the epoll itself.
   * @throws {Deno.errors.FilesystemLoop} If epolls would watch each other in
   * a circle or more than five deep.
   */
  add(fd: Watchable, options: EpollAddOptions = {}): void {
    const number = fdOf(fd, "add to an epoll");
    const bits = interestBits(options, "add to an epoll");
    const token = this.#newToken();
    if (this.#control(EPOLL_CTL_ADD, number, bits, token) < 0) {
      throw controlError(errno(), number);
    }
    // The kernel knows nothing of an entry whose descriptor was closed.
    this.#drop(number);
    const entry: Entry = {
      token,
      fd,
      number,
      exclusive: options.exclusive === true,
      data: options.data,
      unwatch: whenClosed(number, Epoll.#remover(new WeakRef(this), number)),
    };
    this.#byToken.set(token, entry);
    this.#byNumber.set(number, entry);
  }

  /**
   * Replaces what is reported of a descriptor; after an event of a `oneShot`
   * one, switches it on again.
   *
   * @param fd The descriptor.
   * @param options What to report and how; `data` stays unless it is given.
   * @throws {TypeError} If the options contradict each other, or if it was
   * added `exclusive`.
   * @throws {Deno.errors.NotFound} If it is not in the set.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  modify(fd: Watchable, options: EpollModifyOptions): void {
    const number = fdOf(fd, "modify in an epoll");
    const bits = interestBits(options, "modify in an epoll");
    const entry = this.#byNumber.get(number);
    if (entry?.exclusive) {
      throw new TypeError(
        `Cannot modify in an epoll: fd ${number} was added as exclusive: ` +
          "delete it and add it again",
      );
    }
    const token = entry?.token ?? 0;
    if (this.#control(EPOLL_CTL_MOD, number, bits, token) < 0) {
      throw controlError(errno(), number);
    }
    if (entry !== undefined && "data" in options) entry.data = options.data;
  }

  /**
   * Removes a descriptor from the set.
   *
   * @param fd The descriptor.
   * @throws {Deno.errors.NotFound} If it is not in the set.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  delete(fd: Watchable): void {
    const number = fdOf(fd, "delete from an epoll");
    const result = this.#control(EPOLL_CTL_DEL, number, 0, 0);
    const error = result < 0 ? controlError(errno(), number) : undefined;
    this.#drop(number);
    if (error !== undefined) throw error;
  }

  /**
   * Waits for events and takes them.
   *
   * @param options How many, and a signal that ends the wait.
   * @returns One for each descriptor that is ready.
   * @throws {Deno.errors.BadResource} If the epoll is closed, now or meanwhile.
   * @throws {Deno.errors.FilesystemLoop} If it watches others five deep: being
   * waited for takes a level. Blocking does not.
   * @throws {IpcError} `EINVAL` if 500 epolls that watch the same are waited
   * for already.
   */
  async wait(
    options: EventsOptions & WaitOptions = {},
  ): Promise<EpollEvent[]> {
    const most = mostOf(options);
    return await this.#waits.run(() => this.#attempt(most), options);
  }

  /**
   * Waits for events and takes them, blocking the thread.
   *
   * @param options How many, and how long to wait at the most.
   * @returns One for each descriptor that is ready.
   * @throws {Deno.errors.TimedOut} If nothing became ready in time.
   * @throws {Deno.errors.Busy} If an asynchronous wait is pending.
   * @throws {Deno.errors.BadResource} If the epoll is closed.
   */
  waitSync(options: EventsOptions & SyncWaitOptions = {}): EpollEvent[] {
    const most = mostOf(options);
    return this.#waits.runSync(() => this.#attempt(most), options);
  }

  /**
   * Takes the events that are there.
   *
   * @param options How many.
   * @returns One for each descriptor that is ready; undefined if none is.
   * @throws {Deno.errors.BadResource} If the epoll is closed.
   */
  tryWait(options: EventsOptions = {}): EpollEvent[] | undefined {
    const most = mostOf(options);
    return this.#waits.try(() => this.#attempt(most));
  }

  /**
   * Events one after the other, each true at the time it is handed out, until
   * the epoll is closed.
   */
  [Symbol.asyncIterator](): AsyncGenerator<EpollEvent> {
    return oneByOne(
      () => this.wait({ maxEvents: 1 }),
      () => this.closed,
    );
  }

  /** Closes the epoll, not what is in it. A second call does nothing. */
  close(): void {
    this.#descriptor.close();
    for (const { unwatch } of this.#byToken.values()) unwatch();
    this.#byToken.clear();
    this.#byNumber.clear();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #attempt(most: number): EpollEvent[] | undefined {
    this.#descriptor.fd; // Throws if it is closed.
    const count = this.#queue.take(most);
    if (count < 0) return wouldBlock("epoll_wait");
    const events: EpollEvent[] = [];
    for (let i = 0; i < count; i++) {
      const entry = this.#byToken.get(this.#queue.data(i));
      if (entry === undefined) continue;
      const { fd, data } = entry;
      events.push({ fd, data, ...readiness(this.#queue.bits(i)) });
    }
    this.#leftovers = events.length < count;
    return events.length > 0 ? events : undefined;
  }

  /** Leftovers keep the queue readable, so that waiting for that is vain. */
  #parking(): Parking {
    const { park } = readParking(this.#descriptor);
    const pause = backoff(PAUSE, PAUSE);
    return {
      park: (wake) => (this.#leftovers ? pause.park : park)(wake),
      parkSync: (milliseconds) => {
        if (this.#leftovers) pause.parkSync(milliseconds);
        else this.#queue.block(milliseconds);
      },
    };
  }

  #control(op: number, fd: number, events: number, token: number): number {
    this.#descriptor.fd; // Throws if it is closed.
    return this.#queue.control(op, fd, events, token);
  }

  #newToken(): number {
    do this.#lastToken = (this.#lastToken + 1) >>> 0; while (
      this.#byToken.has(this.#lastToken)
    );
    return this.#lastToken;
  }

  #drop(number: number): void {
    const entry = this.#byNumber.get(number);
    if (entry === undefined) return;
    entry.unwatch();
    this.#byNumber.delete(number);
    this.#byToken.delete(entry.token);
  }

  /** For before a descriptor is closed; keeps neither it nor the epoll. */
  static #remover(ref: WeakRef<Epoll>, number: number): () => void {
    return () => {
      const epoll = ref.deref();
      if (epoll === undefined || epoll.#descriptor.closed) return;
      epoll.#control(EPOLL_CTL_DEL, number, 0, 0);
      epoll.#drop(number);
    };
  }
}
