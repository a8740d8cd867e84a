import { Descriptor } from "../_internal/descriptor.ts";
import { wouldBlock } from "../_internal/errno.ts";
import { EV_ONESHOT, notSupported, os } from "../_internal/platform.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { Entries } from "./_kqueue_entries.ts";
import { eventOf } from "./_kqueue_events.ts";
import { type FilterNumbers, filterNumbers } from "./_kqueue_numbers.ts";
import { KqueueQueue } from "./_kqueue_queue.ts";
import { DEFAULT_EVENTS, mostOf } from "./_max_events.ts";
import { oneByOne } from "./_one_by_one.ts";
import type { EventsOptions } from "./epoll_types.ts";
import type {
  KqueueChange,
  KqueueChangeOptions,
  KqueueFilter,
  KqueueReceipt,
} from "./kqueue_change_types.ts";
import type { KqueueEvent } from "./kqueue_event_types.ts";
import type { KqueueOptions } from "./kqueue_options.ts";
import { readParking } from "./parking.ts";

/** The value that something was added with, if it is watched for. */
export let valueOf: (
  kqueue: Kqueue,
  filter: KqueueFilter,
  ident: number,
) => unknown;

/**
 * A kqueue: descriptors, files, processes, signals and timers to watch, and
 * what has happened to them. Adding, waiting and removing cost the same however
 * many there are. macOS only; {@linkcode Poller} is everywhere.
 *
 * It has a descriptor itself, which can be watched, by another kqueue too: it
 * is readable while events are there. Children do not inherit it.
 *
 * What was watched through a descriptor ends when that is closed, by whomever.
 * Of each filter there is one for a descriptor, process, signal or number:
 * adding it again replaces it.
 *
 * See [kqueue(2)](https://keith.github.io/xcode-man-pages/kqueue.2.html).
 *
 * @example
 * ```ts
 * import { Kqueue } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * if (Deno.build.os === "darwin") {
 *   using kqueue = new Kqueue();
 *   using jobs = Pipe.open();
 *   kqueue.change([
 *     { filter: "read", fd: jobs.reader, data: "jobs" },
 *     { filter: "timer", id: 1, time: 10, unit: "seconds" },
 *   ]);
 *
 *   jobs.writer.writeSync(new Uint8Array(3));
 *   const [event] = await kqueue.wait();
 *   assertEquals(event.data, "jobs");
 *   if (event.filter === "read") assertEquals(event.available, 3);
 * }
 * ```
 */
export class Kqueue implements Disposable {
  readonly #queue: KqueueQueue;
  readonly #descriptor: Descriptor;
  readonly #waits: WaitQueue;
  readonly #numbers: FilterNumbers;
  readonly #entries = new Entries();

  static {
    valueOf = (kqueue, filter, ident) =>
      kqueue.#entries.find(filter, ident)?.value;
  }

  /**
   * Makes a kqueue that watches nothing.
   *
   * @param options Another library to take it from, one with the same
   * interface.
   * @throws {Deno.errors.NotSupported} Without one elsewhere than on macOS.
   * @throws {IpcError} `EMFILE` or `ENFILE` if no descriptor is left.
   */
  constructor({ library, constants }: KqueueOptions = {}) {
    if (os !== "darwin" && library === undefined) {
      notSupported("kqueue", "use Poller or Epoll");
    }
    this.#numbers = filterNumbers(constants);
    this.#queue = new KqueueQueue(DEFAULT_EVENTS, library);
    this.#descriptor = new Descriptor(this.#queue.fd, "kqueue");
    this.#waits = new WaitQueue(readParking(this.#descriptor), "kevent");
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
   * Changes what is watched for. Several changes are made in one system call,
   * one after the other, each whether or not the others were refused.
   *
   * @param changes What to change.
   * @param options Whether to answer what became of each, rather than throw.
   * @returns What became of each, if `receipts` is set; otherwise nothing.
   * @throws {TypeError} If a change is contradictory or lacks something; then
   * none is made, and so with the next.
   * @throws {RangeError} If a number is out of range.
   * @throws {Deno.errors.BadResource} If a descriptor or the kqueue is closed.
   * @throws {Deno.errors.NotFound} If what is to be deleted, enabled, disabled
   * or triggered is not there, or there is no such process.
   * @throws {Deno.errors.PermissionDenied} If the process may not be watched.
   * @throws {IpcError} `EINVAL` if the filter is not for such descriptors.
   */
  change(
    changes: KqueueChange | readonly KqueueChange[],
    options: KqueueChangeOptions & { readonly receipts: true },
  ): KqueueReceipt[];
  /** Changes what is watched for, or throws. */
  change(
    changes: KqueueChange | readonly KqueueChange[],
    options?: KqueueChangeOptions,
  ): KqueueReceipt[] | undefined;
  change(
    changes: KqueueChange | readonly KqueueChange[],
    { receipts = false }: KqueueChangeOptions = {},
  ): KqueueReceipt[] | undefined {
    this.#descriptor.fd; // Throws if it is closed.
    const list = Array.isArray(changes) ? changes : [changes];
    const plans = this.#entries.plan(list, this.#numbers);
    if (plans.length === 0) return receipts ? [] : undefined;
    const numbers = this.#queue.controlAll(plans.map(({ kevent }) => kevent));
    const all = plans.map((plan, i) => this.#entries.made(plan, numbers[i]));
    if (receipts) return all;
    const refused = all.find(({ error }) => error !== undefined);
    if (refused !== undefined) throw refused.error;
  }

  /**
   * Waits for events and takes them.
   *
   * @param options How many, and a signal that ends the wait.
   * @returns What has happened, by filter.
   * @throws {Deno.errors.BadResource} If the kqueue is closed, now or
   * meanwhile.
   */
  async wait(
    options: EventsOptions & WaitOptions = {},
  ): Promise<KqueueEvent[]> {
    const most = mostOf(options);
    return await this.#waits.run(() => this.#attempt(most), options);
  }

  /**
   * Waits for events and takes them, blocking the thread.
   *
   * @param options How many, and how long to wait at the most.
   * @returns What has happened, by filter.
   * @throws {Deno.errors.TimedOut} If nothing happened in time.
   * @throws {Deno.errors.Busy} If an asynchronous wait is pending.
   * @throws {Deno.errors.BadResource} If the kqueue is closed.
   */
  waitSync(options: EventsOptions & SyncWaitOptions = {}): KqueueEvent[] {
    const most = mostOf(options);
    return this.#waits.runSync(() => this.#attempt(most), options);
  }

  /**
   * Takes the events that are there.
   *
   * @param options How many.
   * @returns What has happened, by filter; undefined if nothing has.
   * @throws {Deno.errors.BadResource} If the kqueue is closed.
   */
  tryWait(options: EventsOptions = {}): KqueueEvent[] | undefined {
    const most = mostOf(options);
    return this.#waits.try(() => this.#attempt(most));
  }

  /**
   * Events one after the other, each true at the time it is handed out, until
   * the kqueue is closed.
   */
  [Symbol.asyncIterator](): AsyncGenerator<KqueueEvent> {
    return oneByOne(() => this.wait({ maxEvents: 1 }), () => this.closed);
  }

  /** Closes the kqueue, not what it watches. A second call does nothing. */
  close(): void {
    this.#descriptor.close();
    this.#entries.clear();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #attempt(most: number): KqueueEvent[] | undefined {
    this.#descriptor.fd; // Throws if it is closed.
    const count = this.#queue.take(most);
    if (count < 0) return wouldBlock("kevent");
    const { events } = this.#queue;
    const all: KqueueEvent[] = [];
    for (let i = 0; i < count; i++) {
      const entry = this.#entries.byToken(events.udata(i));
      if (entry === undefined) continue;
      const { change, value, ident } = entry;
      const flags = events.flags(i);
      const what = {
        ident,
        flags,
        fflags: events.fflags(i),
        data: events.data(i),
      };
      all.push(eventOf(change, value, what));
      if (flags & EV_ONESHOT) this.#entries.drop(change.filter, ident);
    }
    return all.length > 0 ? all : undefined;
  }
}
