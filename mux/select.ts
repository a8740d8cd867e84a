import { libc } from "../_internal/_ffi.ts";
import {
  check,
  closedError,
  E,
  errno,
  wouldBlock,
} from "../_internal/errno.ts";
import { F_GETFD } from "../_internal/platform.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import {
  type AnyWait,
  refuseNothing,
  waitForAny,
  waitForAnySync,
} from "./_any.ts";
import { FdSet } from "./_fd_set.ts";
import type { Watchable } from "./watchable.ts";

/** The three sets of select. */
export interface SelectSets<
  R extends Watchable = Watchable,
  W extends Watchable = Watchable,
  X extends Watchable = Watchable,
> {
  /** Wait until a read would not have to wait. */
  readonly read?: readonly R[];
  /** Wait until a write would not have to wait. */
  readonly write?: readonly W[];
  /** Wait for something out of the ordinary: data out of band, say. */
  readonly except?: readonly X[];
}

/** What of the three sets is ready, as it was given. */
export interface Selected<
  R extends Watchable = Watchable,
  W extends Watchable = Watchable,
  X extends Watchable = Watchable,
> {
  /** A read would not have to wait, for data, the end or an error. */
  readonly read: R[];
  /** A write would not have to wait, for room or an error. */
  readonly write: W[];
  /** Something out of the ordinary is there. */
  readonly except: X[];
}

/** What is ready, and how long it did not take. */
export interface SelectedSync<
  R extends Watchable = Watchable,
  W extends Watchable = Watchable,
  X extends Watchable = Watchable,
> extends Selected<R, W, X> {
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
export async function select<
  R extends Watchable,
  W extends Watchable,
  X extends Watchable,
>(
  sets: SelectSets<R, W, X>,
  options?: WaitOptions,
): Promise<Selected<R, W, X>> {
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
export function selectSync<
  R extends Watchable,
  W extends Watchable,
  X extends Watchable,
>(
  sets: SelectSets<R, W, X>,
  options: SyncWaitOptions = {},
): SelectedSync<R, W, X> {
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
export function trySelect<
  R extends Watchable,
  W extends Watchable,
  X extends Watchable,
>(sets: SelectSets<R, W, X>): Selected<R, W, X> | undefined {
  return selectOf(sets, true).attempt();
}

function selectOf<
  R extends Watchable,
  W extends Watchable,
  X extends Watchable,
>(sets: SelectSets<R, W, X>, limited: boolean): AnyWait<Selected<R, W, X>> {
  const read = new FdSet("read", sets.read);
  const write = new FdSet("write", sets.write);
  const except = new FdSet("except", sets.except);
  const given = [read, write, except];
  const count = Math.max(...given.map(({ highest }) => highest)) + 1;
  if (!limited) refuseNothing(given.flatMap(({ fds }) => fds), "select");
  function call(timeval: BigInt64Array<ArrayBuffer> | null): number {
    const r = read.fill();
    const w = write.fill();
    return libc.select(count, r, w, except.fill(), timeval);
  }
  return {
    syscall: "select",
    interests: () => given.flatMap((set) => set.interests()),
    attempt() {
      const result = call(NOW);
      if (result < 0) {
        if (errno() === E.EBADF) refuseClosed(given.flatMap(({ fds }) => fds));
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

/** Linux writes what is left of the time into it: nothing. */
const NOW = new BigInt64Array(2);

/** Names the one that is closed, which EBADF does not. */
function refuseClosed(all: readonly number[]): void {
  for (const fd of all) {
    if (libc.fcntl(fd, F_GETFD, 0n) < 0) {
      throw closedError("select", `fd ${fd}`);
    }
  }
}

/** Longer is waited in several calls: what BigInt64Array has no room for. */
const DAY = 86_400_000;

/** struct timeval { time_t tv_sec; suseconds_t tv_usec; }; null is for ever. */
function timevalOf(milliseconds: number): BigInt64Array<ArrayBuffer> | null {
  if (milliseconds === Infinity) return null;
  const microseconds = BigInt(Math.ceil(Math.min(milliseconds, DAY) * 1000));
  return new BigInt64Array([
    microseconds / 1_000_000n,
    microseconds % 1_000_000n,
  ]);
}
