/**
 * The reactor's backend on macOS: kqueue(2), woken through EVFILT_USER.
 *
 * The library and the filter numbers are parameters, so that this can be run
 * on Linux against a library with the same interface.
 */

import { libc as base } from "../_internal/_ffi.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import { fileTypeOf } from "../_internal/file.ts";
import {
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_ENABLE,
  EV_ONESHOT,
  NOTE_EXIT,
  NOTE_OOB,
  NOTE_TRIGGER,
} from "../_internal/platform.ts";
import {
  type Backend,
  EXIT,
  type Owner,
  PRIORITY,
  READ,
  WRITE,
} from "./_backend.ts";
import { type FilterNumbers, filterNumbers } from "./_kqueue_numbers.ts";
import { KqueueQueue } from "./_kqueue_queue.ts";
import type { KqueueFilter } from "./kqueue_change_types.ts";
import type { KqueueOptions } from "./kqueue_options.ts";

const MAX_EVENTS = 128;

/** One kqueue. */
export class KqueueBackend implements Backend {
  readonly #queue: KqueueQueue;
  readonly #numbers: FilterNumbers;
  /** What each descriptor was last armed for. */
  readonly #armed = new Map<number, number>();
  /** Those that had no filters left when {@linkcode stands} was asked. */
  readonly #bare = new Set<number>();

  constructor({ library, constants }: KqueueOptions = {}) {
    this.#numbers = filterNumbers(constants);
    this.#queue = new KqueueQueue(MAX_EVENTS, library);
    const { user } = this.#numbers;
    check(this.#control(0, user, EV_ADD | EV_CLEAR), "kevent");
  }

  // One-shot filters: what has fired is gone, so there is nothing to end and
  // nothing to rely on.
  arm(key: number, interest: number, owner: Owner | undefined): boolean {
    // EVFILT_READ says nothing at the end of a regular file. The streams that
    // own their descriptors never wait for one.
    const foreign = owner === undefined && (interest & READ) !== 0;
    if (foreign && fileTypeOf(key) === "regular file") return false;
    let ready = false;
    for (const filter of filtersOf(interest)) {
      const ident = filter === "proc" ? -key : key;
      if (this.#change(ident, filter, EV_ADD | EV_ONESHOT) < 0) {
        const number = errno();
        // A process that has ended: there is nothing to wait for.
        ready ||= number === E.ESRCH;
        if (!ready) throw systemError(number, "kevent", { on: `fd ${key}` });
      }
    }
    this.#armed.set(key, interest);
    this.#bare.delete(key);
    return !ready;
  }

  stands(fd: number): boolean {
    const filters = filtersOf(this.#armed.get(fd) ?? 0);
    const bare = filters.some((filter) =>
      this.#change(fd, filter, EV_ENABLE) < 0
    );
    // It may have fired just now, and be on its way here.
    const again = this.#bare.has(fd);
    if (bare) this.#bare.add(fd);
    else this.#bare.delete(fd);
    return !bare || !again;
  }

  disarm(fd: number): void {
    const interest = this.#armed.get(fd) ?? 0;
    this.#armed.delete(fd);
    this.#bare.delete(fd);
    // ENOENT: it fired already.
    for (const filter of filtersOf(interest)) {
      this.#change(fd, filter, EV_DELETE);
    }
  }

  wait(): Promise<number> {
    return this.#queue.park();
  }

  drain(count: number, ready: (key: number, events: number) => void): void {
    if (count < 0) count = this.#again();
    const { events } = this.#queue;
    for (let i = 0; i < count; i++) {
      const ident = events.ident(i);
      const filter = events.filter(i);
      if (filter === this.#numbers.user) continue;
      if (filter === this.#numbers.proc) {
        this.#armed.delete(-ident);
        ready(-ident, EXIT);
      } else ready(ident, this.#readinessOf(filter));
    }
  }

  /** The errno of a parked call stayed on its thread; EINTR is the usual one. */
  #again(): number {
    const count = this.#queue.take(MAX_EVENTS);
    if (count < 0 && errno() === E.EINTR) return 0;
    return check(count, "kevent");
  }

  wake(): void {
    const result = this.#control(0, this.#numbers.user, 0, NOTE_TRIGGER);
    check(result, "kevent");
  }

  close(): void {
    base.close(this.#queue.fd);
  }

  #change(ident: number, filter: KqueueFilter, flags: number): number {
    return this.#control(ident, this.#numbers[filter], flags, NOTES[filter]);
  }

  #control(ident: number, filter: number, flags: number, fflags = 0): number {
    return this.#queue.control({ ident, filter, flags, fflags });
  }

  #readinessOf(filter: number): number {
    if (filter === this.#numbers.except) return PRIORITY;
    return filter === this.#numbers.read ? READ : WRITE;
  }
}

/** What a filter is asked to note. */
const NOTES: Readonly<Partial<Record<KqueueFilter, number>>> = {
  proc: NOTE_EXIT,
  except: NOTE_OOB,
};

function filtersOf(interest: number): KqueueFilter[] {
  const filters: KqueueFilter[] = [];
  if (interest & READ) filters.push("read");
  if (interest & WRITE) filters.push("write");
  if (interest & PRIORITY) filters.push("except");
  if (interest & EXIT) filters.push("proc");
  return filters;
}
