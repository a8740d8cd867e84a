/** One kqueue(2): its system calls, and nothing of what they are for. */

import { check } from "../_internal/errno.ts";
import { open } from "../_internal/libc.ts";
import { EV_RECEIPT } from "../_internal/platform.ts";
import { timespec } from "../_internal/timespec.ts";
import { LONGEST_PARK } from "../_internal/worker.ts";
import { type Kevent, Kevents } from "./_kevent.ts";

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

type Symbols = ReturnType<typeof openSymbols>;

const own = openSymbols();
/** Those of libraries that stand in for it. */
const others = new Map<string, Symbols>();

function symbolsOf(library: string | undefined): Symbols {
  if (library === undefined) return own;
  let symbols = others.get(library);
  if (symbols === undefined) {
    others.set(library, symbols = openSymbols(library));
  }
  return symbols;
}

/** A `struct timespec` of no time at all. */
const AT_ONCE = new Uint8Array(16);
/** One of the longest time to park, of its own as the thread reads it later. */
const A_WHILE = timespec(LONGEST_PARK)?.slice() ?? null;

/** The queue's descriptor, which somebody else closes, and its events. */
export class KqueueQueue {
  /** The descriptor. */
  readonly fd: number;
  readonly #symbols: Symbols;
  readonly #change = new Kevents(1);
  /** Those taken last. */
  events: Kevents;

  /**
   * @param room How many events to have room for at first.
   * @param library The library that has `kqueue` and `kevent`, if not libc.
   */
  constructor(room: number, library?: string) {
    this.#symbols = symbolsOf(library);
    this.fd = check(this.#symbols.kqueue(), "kqueue");
    this.events = new Kevents(room);
  }

  /** Makes one change; answers a negative number if it was refused. */
  control(change: Kevent): number {
    this.#change.set(0, change);
    const { bytes } = this.#change;
    return this.#symbols.kevent(this.fd, bytes, 1, null, 0, AT_ONCE);
  }

  /**
   * Makes several changes in one call, each whether or not the others were
   * refused. Answers the error number of each, 0 for what was made.
   */
  controlAll(changes: readonly Kevent[]): number[] {
    const list = new Kevents(changes.length);
    changes.forEach((change, i) => {
      list.set(i, { ...change, flags: (change.flags ?? 0) | EV_RECEIPT });
    });
    const { bytes, room } = list;
    // A receipt for each fills the room, so that no event is taken.
    const { kevent } = this.#symbols;
    check(kevent(this.fd, bytes, room, bytes, room, AT_ONCE), "kevent");
    return changes.map((_, i) => list.data(i));
  }

  /** Takes up to `most` events, without waiting; answers how many. */
  take(most: number): number {
    if (most > this.events.room) this.events = new Kevents(most);
    const { bytes } = this.events;
    return this.#symbols.kevent(this.fd, null, 0, bytes, most, AT_ONCE);
  }

  /** Takes events on a pool thread, which waits for the first, for a while. */
  park(): Promise<number> {
    const { bytes, room } = this.events;
    const { parked_kevent } = this.#symbols;
    return parked_kevent(this.fd, null, 0, bytes, room, A_WHILE);
  }
}
