import { libc } from "../_internal/_ffi.ts";
import {
  check,
  closedError,
  E,
  errno,
  wouldBlock,
} from "../_internal/errno.ts";
import { F_GETFD, platform } from "../_internal/platform.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import {
  type AnyWait,
  type Interest,
  refuseNothing,
  waitForAny,
  waitForAnySync,
} from "./_any.ts";
import { PRIORITY, READ, WRITE } from "./_backend.ts";
import { fdOf, type Watchable } from "./watchable.ts";

/** The three sets of select. */
export interface SelectSets {
  /** Wait until a read would not have to wait. */
  readonly read?: readonly Watchable[];
  /** Wait until a write would not have to wait. */
  readonly write?: readonly Watchable[];
  /** Wait for something out of the ordinary: data out of band, say. */
  readonly except?: readonly Watchable[];
}

/** What of the three sets is ready, as it was given. */
export interface Selected {
  /** A read would not have to wait, for data, the end or an error. */
  readonly read: Watchable[];
  /** A write would not have to wait, for room or an error. */
  readonly write: Watchable[];
  /** Something out of the ordinary is there. */
  readonly except: Watchable[];
}

/** What is ready, and how long it did not take. */
export interface SelectedSync extends Selected {
  /**
   * How much of the time-out was left, in milliseconds, as `select` tells on
   * Linux; there if there was a time-out.
   */
  readonly remaining?: number;
}

/**
 * Waits until one of several descriptors is ready. The oldest of its kind and
 * the same on every Unix, but it costs more the higher the numbers are, and
 * takes none from 1,024 on: {@linkcode poll} and {@linkcode Poller} do.
 *
 * See [select(2)](https://man7.org/linux/man-pages/man2/select.2.html).
 *
 * @param sets The descriptors by what to wait for.
 * @param options A signal that ends the wait.
 * @returns The very descriptors that are ready, by set and in the order given.
 * @throws {TypeError} If there is nothing to wait for.
 * @throws {RangeError} If a descriptor's number is 1,024 or more.
 * @throws {Deno.errors.BadResource} If one is closed, now or meanwhile.
 *
 * @example
 * ```ts
 * import { select } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using one = Pipe.open();
 * using other = Pipe.open();
 * other.writer.writeSync(new Uint8Array(1));
 * const { read } = await select({ read: [one.reader, other.reader] });
 * assertEquals(read, [other.reader]);
 * ```
 */
export async function select(
  sets: SelectSets,
  options?: WaitOptions,
): Promise<Selected> {
  const limited = options?.signal !== undefined;
  return await waitForAny(selectOf(sets, limited), options);
}

/**
 * Like {@linkcode select}, blocking the thread.
 *
 * @param sets The descriptors by what to wait for; may be empty if there is a
 * time-out.
 * @param options How long to wait at the most, in milliseconds.
 * @returns The very descriptors that are ready, and the time that was left.
 * @throws {Deno.errors.TimedOut} If none became ready in time.
 *
 * @example
 * ```ts
 * import { selectSync } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assert, assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.open();
 * const { write, remaining } = selectSync(
 *   { write: [pipe.writer] },
 *   { timeout: 1000 },
 * );
 * assertEquals(write, [pipe.writer]);
 * assert(remaining! > 0);
 * ```
 */
export function selectSync(
  sets: SelectSets,
  options: SyncWaitOptions = {},
): SelectedSync {
  const { timeout } = options;
  const start = performance.now();
  const call = selectOf(sets, timeout !== undefined);
  const selected = waitForAnySync(call, options);
  if (timeout === undefined) return selected;
  const remaining = Math.max(0, timeout - (performance.now() - start));
  return { ...selected, remaining };
}

/**
 * Like {@linkcode select}, without waiting.
 *
 * @param sets The descriptors by what to look for.
 * @returns The very descriptors that are ready; undefined if none is.
 *
 * @example
 * ```ts
 * import { trySelect } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.open();
 * assertEquals(trySelect({ read: [pipe.reader] }), undefined);
 * ```
 */
export function trySelect(sets: SelectSets): Selected | undefined {
  return selectOf(sets, true).attempt();
}

type Name = keyof Selected;

const NAMES = ["read", "write", "except"] as const;

const INTERESTS: Readonly<Record<Name, number>> = {
  read: READ,
  write: WRITE,
  except: PRIORITY,
};

function selectOf(sets: SelectSets, limited: boolean): AnyWait<Selected> {
  const given = NAMES.map((name) => new FdSet(name, sets[name] ?? []));
  const all = given.flatMap(({ interests }) => interests);
  if (!limited) refuseNothing(all, "select");
  const count = all.reduce((most, [fd]) => Math.max(most, fd + 1), 0);
  const [read, write, except] = given;
  function call(timeval: BigInt64Array<ArrayBuffer> | null): number {
    const [r, w, e] = given.map((set) => set.refill());
    return libc.select(count, r, w, e, timeval);
  }
  return {
    syscall: "select",
    interests: all,
    watched: given.flatMap(({ watched }) => watched),
    attempt() {
      const result = call(new BigInt64Array(2));
      if (result < 0) {
        if (errno() === E.EBADF) refuseClosed(all.map(([fd]) => fd));
        return wouldBlock("select");
      }
      if (result === 0) {
        // Linux overlooks what is above all that is open: select(2). If the
        // highest is open, so far it has looked at the others.
        if (count > 0) refuseClosed([count - 1]);
        return undefined;
      }
      return {
        read: read.ready(),
        write: write.ready(),
        except: except.ready(),
      };
    },
    block(milliseconds) {
      const result = call(timevalOf(milliseconds));
      if (result < 0 && errno() !== E.EINTR) check(result, "select");
    },
  };
}

/** One `fd_set`: a bit for each number. */
class FdSet {
  readonly interests: readonly Interest[];
  readonly watched: readonly Watchable[];
  readonly #wanted = new Uint8Array(platform.FD_SETSIZE / 8);
  readonly #bits = new Uint8Array(platform.FD_SETSIZE / 8);

  constructor(name: Name, watched: readonly Watchable[]) {
    this.watched = watched;
    this.interests = watched.map((one) => [numberOf(one), INTERESTS[name]]);
    for (const [fd] of this.interests) this.#wanted[fd >> 3] |= 1 << (fd & 7);
  }

  /** The call replaces what is asked for by what is ready. */
  refill(): Uint8Array<ArrayBuffer> {
    this.#bits.set(this.#wanted);
    return this.#bits;
  }

  ready(): Watchable[] {
    return this.watched.filter((_, i) => {
      const [fd] = this.interests[i];
      return (this.#bits[fd >> 3] & (1 << (fd & 7))) !== 0;
    });
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

/** Names the one that is closed, which EBADF does not. */
function refuseClosed(all: readonly number[]): void {
  for (const fd of all) {
    if (libc.fcntl(fd, F_GETFD, 0n) < 0) {
      throw closedError("select", `fd ${fd}`);
    }
  }
}

/** struct timeval { time_t tv_sec; suseconds_t tv_usec; }; null is for ever. */
function timevalOf(milliseconds: number): BigInt64Array<ArrayBuffer> | null {
  if (milliseconds === Infinity) return null;
  const microseconds = BigInt(Math.ceil(milliseconds * 1000));
  return new BigInt64Array([
    microseconds / 1_000_000n,
    microseconds % 1_000_000n,
  ]);
}
