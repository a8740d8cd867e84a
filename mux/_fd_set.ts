/** The `fd_set` of select(2): a bit for each number, up to 1,023. */

import { platform } from "../_internal/platform.ts";
import type { Interest } from "./_any.ts";
import { PRIORITY, READ, WRITE } from "./_backend.ts";
import { fdOf, type Watchable } from "./watchable.ts";

type Name = "read" | "write" | "except";

const INTERESTS: Readonly<Record<Name, number>> = {
  read: READ,
  write: WRITE,
  except: PRIORITY,
};

/**
 * The `fd_set` of each name, a bit for each number. One for all: every call
 * fills them and reads them in one go.
 */
const BITS: Readonly<Record<Name, Uint8Array<ArrayBuffer>>> = {
  read: new Uint8Array(platform.FD_SETSIZE / 8),
  write: new Uint8Array(platform.FD_SETSIZE / 8),
  except: new Uint8Array(platform.FD_SETSIZE / 8),
};

/** What was given for one of the sets. */
export class FdSet<T extends Watchable> {
  /** The numbers. */
  readonly fds: readonly number[];
  /** The highest of them; -1 if there is none. */
  readonly highest: number;
  readonly #name: Name;
  readonly #watched: readonly T[];

  constructor(name: Name, watched: readonly T[] = []) {
    this.#name = name;
    this.#watched = watched;
    this.fds = watched.map(numberOf);
    this.highest = this.fds.reduce((most, fd) => fd > most ? fd : most, -1);
  }

  /** The bits of all: the call replaces them by those of what is ready. */
  fill(): Uint8Array<ArrayBuffer> | null {
    if (this.highest < 0) return null;
    const bits = BITS[this.#name].fill(0);
    for (const fd of this.fds) bits[fd >> 3] |= 1 << (fd & 7);
    return bits;
  }

  ready(): T[] {
    const bits = BITS[this.#name];
    const ready: T[] = [];
    for (let i = 0; i < this.fds.length; i++) {
      const fd = this.fds[i];
      if (bits[fd >> 3] & (1 << (fd & 7))) ready.push(this.#watched[i]);
    }
    return ready;
  }

  interests(): Interest[] {
    const interest = INTERESTS[this.#name];
    return this.#watched.map((watchable, i) => ({
      watchable,
      fd: this.fds[i],
      interest,
    }));
  }
}

function numberOf(watchable: Watchable): number {
  const fd = fdOf(watchable, "select");
  if (fd < platform.FD_SETSIZE) return fd;
  throw new RangeError(
    `Cannot select: the descriptor must be below ${platform.FD_SETSIZE}, ` +
      `for which an fd_set has room: current value is ${fd}; ` +
      "poll and Poller take any",
  );
}
