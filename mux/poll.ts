import { libc } from "../_internal/_ffi.ts";
import { check, E, errno, wouldBlock } from "../_internal/errno.ts";
import {
  notSupported,
  os,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
} from "../_internal/platform.ts";
import { pollTimeout } from "../_internal/poll.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import {
  type AnyWait,
  refuseNothing,
  waitForAny,
  waitForAnySync,
} from "./_any.ts";
import { PRIORITY, READ, WRITE } from "./_backend.ts";
import { fdOf, type Watchable } from "./watchable.ts";

/** What to look for on a descriptor. */
export interface PollEvents {
  /** A read would not have to wait. POLLIN. */
  readonly read?: boolean;
  /** A write would not have to wait. POLLOUT. */
  readonly write?: boolean;
  /** Something out of the ordinary is there: data out of band, say. POLLPRI. */
  readonly priority?: boolean;
  /** A socket's peer will send nothing more. POLLRDHUP; Linux only. */
  readonly readHangup?: boolean;
}

/** A descriptor and what to look for. */
export interface PollEntry {
  /** The descriptor. */
  readonly fd: Watchable;
  /** What to look for; hang-ups and errors are reported always. */
  readonly events: PollEvents;
}

/** A descriptor that is ready. */
export interface PollResult<T extends Watchable = Watchable> {
  /** The descriptor, as it was given. */
  readonly fd: T;
  /** A read would not have to wait. POLLIN. */
  readonly read: boolean;
  /** A write would not have to wait. POLLOUT. */
  readonly write: boolean;
  /** Something out of the ordinary is there. POLLPRI. */
  readonly priority: boolean;
  /** The other side is gone; what it sent may still be there. POLLHUP. */
  readonly hangup: boolean;
  /** An error is pending, or a pipe has no reader any more. POLLERR. */
  readonly error: boolean;
  /** The number belongs to no open descriptor. POLLNVAL. */
  readonly invalid: boolean;
  /** A socket's peer will send nothing more; there if it was asked for. */
  readonly readHangup?: boolean;
}

/**
 * Waits until one of several descriptors is ready. It costs more the more
 * descriptors there are: for many, again and again, take {@linkcode Poller}.
 *
 * See [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html).
 *
 * @param entries The descriptors and what to look for.
 * @param options A signal that ends the wait.
 * @returns Those that are ready, in the order given.
 * @throws {TypeError} If there is nothing to wait for.
 * @throws {RangeError} If one is not a number that a descriptor can have.
 * @throws {Deno.errors.BadResource} If an object is closed, now or meanwhile. A
 * number that is not open is reported as `invalid` instead.
 * @throws {Deno.errors.NotSupported} If `readHangup` is asked for on macOS.
 *
 * @example
 * ```ts
 * import { poll } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.open();
 * const [first] = await poll([
 *   { fd: pipe.reader, events: { read: true } },
 *   { fd: pipe.writer, events: { write: true } },
 * ]);
 * assertEquals([first.fd, first.write], [pipe.writer, true]);
 * ```
 */
export async function poll<T extends PollEntry>(
  entries: readonly T[],
  options?: WaitOptions,
): Promise<PollResult<T["fd"]>[]> {
  const limited = options?.signal !== undefined;
  return await waitForAny(pollOf(entries, limited), options);
}

/**
 * Like {@linkcode poll}, blocking the thread.
 *
 * @param entries The descriptors and what to look for.
 * @param options How long to wait at the most, in milliseconds.
 * @returns Those that are ready, in the order given.
 * @throws {Deno.errors.TimedOut} If none became ready in time.
 *
 * @example
 * ```ts
 * import { pollSync } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.open();
 * pipe.writer.writeSync(new Uint8Array(1));
 * const entries = [{ fd: pipe.reader, events: { read: true } }];
 * const [ready] = pollSync(entries, { timeout: 1000 });
 * assertEquals(ready.read, true);
 * ```
 */
export function pollSync<T extends PollEntry>(
  entries: readonly T[],
  options?: SyncWaitOptions,
): PollResult<T["fd"]>[] {
  const limited = options?.timeout !== undefined;
  return waitForAnySync(pollOf(entries, limited), options);
}

/**
 * Like {@linkcode poll}, without waiting.
 *
 * @param entries The descriptors and what to look for.
 * @returns Those that are ready, in the order given; undefined if none is.
 *
 * @example
 * ```ts
 * import { tryPoll } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.open();
 * const entries = [{ fd: pipe.reader, events: { read: true } }];
 * assertEquals(tryPoll(entries), undefined);
 * ```
 */
export function tryPoll<T extends PollEntry>(
  entries: readonly T[],
): PollResult<T["fd"]>[] | undefined {
  return pollOf(entries, true).attempt();
}

function pollOf<T extends PollEntry>(
  entries: readonly T[],
  limited: boolean,
): AnyWait<PollResult<T["fd"]>[]> {
  if (!limited) refuseNothing(entries, "poll");
  // struct pollfd { int fd; short events; short revents; }, where the second
  // word starts as the events alone.
  const words = new Int32Array(2 * entries.length);
  let at = 0;
  for (const { fd, events } of entries) {
    words[at++] = fdOf(fd, "poll");
    words[at++] = bitsOf(events);
  }
  const count = BigInt(entries.length);
  return {
    syscall: "poll",
    interests: () =>
      entries.map(({ fd, events }, i) => ({
        watchable: fd,
        fd: words[2 * i],
        interest: interestOf(events),
      })),
    attempt() {
      const result = libc.poll(words, count, 0);
      if (result < 0) return wouldBlock("poll", TOO_MANY);
      return result === 0 ? undefined : readyOf(entries, words);
    },
    block(milliseconds) {
      const result = libc.poll(words, count, pollTimeout(milliseconds));
      if (result < 0 && errno() !== E.EINTR) check(result, "poll");
    },
  };
}

/** Else it fails for want of memory alone: poll(2). */
const TOO_MANY = {
  hint: "no more entries are taken than descriptors may be open: " +
    "RLIMIT_NOFILE (ulimit -n)",
};

function bitsOf(events: PollEvents): number {
  if (events.readHangup) {
    // A bit that macOS uses for something else.
    if (os !== "linux") notSupported("POLLRDHUP", "read until the end");
  }
  return (events.read ? POLLIN : 0) |
    (events.write ? POLLOUT : 0) |
    (events.priority ? POLLPRI : 0) |
    (events.readHangup ? POLLRDHUP : 0);
}

/** What brings hang-ups and errors, and as little else as possible. */
const HANGUP = os === "darwin" ? READ : PRIORITY;

function interestOf(events: PollEvents): number {
  const interest = (events.read || events.readHangup ? READ : 0) |
    (events.write ? WRITE : 0) |
    (events.priority ? PRIORITY : 0);
  return interest || HANGUP;
}

function readyOf<T extends PollEntry>(
  entries: readonly T[],
  words: Int32Array,
): PollResult<T["fd"]>[] {
  const ready: PollResult<T["fd"]>[] = [];
  for (let i = 0; i < entries.length; i++) {
    const bits = words[2 * i + 1] >>> 16;
    if (bits !== 0) ready.push(resultOf(entries[i], bits));
  }
  return ready;
}

function resultOf(
  { fd, events }: PollEntry,
  bits: number,
): PollResult {
  return {
    fd,
    read: (bits & POLLIN) !== 0,
    write: (bits & POLLOUT) !== 0,
    priority: (bits & POLLPRI) !== 0,
    hangup: (bits & POLLHUP) !== 0,
    error: (bits & POLLERR) !== 0,
    invalid: (bits & POLLNVAL) !== 0,
    ...(events.readHangup && { readHangup: (bits & POLLRDHUP) !== 0 }),
  };
}
