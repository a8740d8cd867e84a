/**
 * The reactor's backend on macOS: kqueue(2), woken through EVFILT_USER.
 *
 * The library and the filter numbers are parameters, so that this can be run
 * on Linux against a library with the same interface.
 */

import { check, E, errno, systemError } from "../_internal/errno.ts";
import { fileTypeOf } from "../_internal/file.ts";
import { open } from "../_internal/libc.ts";
import {
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_ENABLE,
  EV_ONESHOT,
  EVFILT_EXCEPT,
  EVFILT_PROC,
  EVFILT_READ,
  EVFILT_WRITE,
  KEVENT_SIZE,
  NOTE_EXIT,
  NOTE_OOB,
  NOTE_TRIGGER,
  platform,
} from "../_internal/platform.ts";
import {
  type Backend,
  EXIT,
  type Owner,
  PRIORITY,
  READ,
  WRITE,
} from "./_backend.ts";

const MAX_EVENTS = 128;

/** Where kqueue comes from. */
export interface KqueueOptions {
  /** The library that has `kqueue` and `kevent`. */
  readonly library?: string;
  /** Numbers that differ from Darwin's. */
  readonly constants?: { readonly EVFILT_USER: number };
}

function openSymbols(library?: string) {
  return open({
    // int kqueue(void);
    kqueue: { parameters: [], result: "i32" },
    // int kevent(int kq, const struct kevent *changelist, int nchanges,
    //            struct kevent *eventlist, int nevents,
    //            const struct timespec *timeout);
    kevent: {
      parameters: ["i32", "buffer", "i32", "buffer", "i32", "buffer"],
      result: "i32",
    },
    parked_kevent: {
      name: "kevent",
      parameters: ["i32", "buffer", "i32", "buffer", "i32", "buffer"],
      result: "i32",
      nonblocking: true,
    },
  }, library);
}

/** One kqueue. */
export class KqueueBackend implements Backend {
  readonly #symbols: ReturnType<typeof openSymbols>;
  readonly #kqueue: number;
  readonly #userFilter: number;
  readonly #change = new DataView(new ArrayBuffer(KEVENT_SIZE));
  readonly #events = new DataView(new ArrayBuffer(KEVENT_SIZE * MAX_EVENTS));
  readonly #buffer = new Uint8Array(this.#events.buffer);
  /** What each descriptor was last armed for. */
  readonly #armed = new Map<number, number>();
  /** Those that had no filters left when {@linkcode stands} was asked. */
  readonly #bare = new Set<number>();

  constructor({ library, constants = platform }: KqueueOptions = {}) {
    this.#symbols = openSymbols(library);
    this.#userFilter = constants.EVFILT_USER;
    this.#kqueue = check(this.#symbols.kqueue(), "kqueue");
    check(this.#apply(0, this.#userFilter, EV_ADD | EV_CLEAR), "kevent");
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
      const ident = filter === EVFILT_PROC ? -key : key;
      const flags = EV_ADD | EV_ONESHOT;
      if (this.#apply(ident, filter, flags, NOTES[filter]) < 0) {
        const number = errno();
        // A process that has ended and a pipe whose reader is gone have
        // nothing to wait for: the next attempt tells.
        ready ||= number === E.ESRCH || number === E.EPIPE;
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
      this.#apply(fd, filter, EV_ENABLE, NOTES[filter]) < 0
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
      this.#apply(fd, filter, EV_DELETE);
    }
  }

  wait(): Promise<number> {
    const { parked_kevent } = this.#symbols;
    const events = this.#buffer;
    return parked_kevent(this.#kqueue, null, 0, events, MAX_EVENTS, null);
  }

  drain(count: number, ready: (key: number, events: number) => void): void {
    if (count < 0) count = this.#again();
    for (let i = 0; i < count; i++) {
      const at = i * KEVENT_SIZE;
      const ident = Number(this.#events.getBigUint64(at, true));
      const filter = this.#events.getInt16(at + 8, true);
      if (filter === this.#userFilter) continue;
      if (filter === EVFILT_PROC) {
        this.#armed.delete(-ident);
        ready(-ident, EXIT);
      } else ready(ident, readinessOf(filter));
    }
  }

  /** The errno of a parked call stayed on its thread; EINTR is the usual one. */
  #again(): number {
    const { kevent } = this.#symbols;
    const now = new Uint8Array(16);
    const events = this.#buffer;
    const count = kevent(this.#kqueue, null, 0, events, MAX_EVENTS, now);
    if (count < 0 && errno() === E.EINTR) return 0;
    return check(count, "kevent");
  }

  wake(): void {
    const result = this.#apply(0, this.#userFilter, 0, NOTE_TRIGGER);
    check(result, "kevent");
  }

  #apply(ident: number, filter: number, flags: number, note = 0): number {
    const change = this.#change;
    change.setBigUint64(0, BigInt(ident), true);
    change.setInt16(8, filter, true);
    change.setUint16(10, flags, true);
    change.setUint32(12, note, true);
    return this.#symbols.kevent(this.#kqueue, change, 1, null, 0, null);
  }
}

/** What a filter is asked to note. */
const NOTES: Readonly<Record<number, number>> = {
  [EVFILT_PROC]: NOTE_EXIT,
  [EVFILT_EXCEPT]: NOTE_OOB,
};

function readinessOf(filter: number): number {
  if (filter === EVFILT_EXCEPT) return PRIORITY;
  return filter === EVFILT_READ ? READ : WRITE;
}

function filtersOf(interest: number): number[] {
  const filters: number[] = [];
  if (interest & READ) filters.push(EVFILT_READ);
  if (interest & WRITE) filters.push(EVFILT_WRITE);
  if (interest & PRIORITY) filters.push(EVFILT_EXCEPT);
  if (interest & EXIT) filters.push(EVFILT_PROC);
  return filters;
}
