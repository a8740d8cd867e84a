/**
 * A Poller's set on macOS: a kqueue, all of it level-triggered.
 *
 * A descriptor of which nothing was asked for is watched for reading all the
 * same, to hear of its hang-up; then with a mark that no buffer reaches.
 */

import { libc } from "../_internal/_ffi.ts";
import { check, E, systemError } from "../_internal/errno.ts";
import { fileTypeOf } from "../_internal/file.ts";
import {
  F_GETFL,
  O_ACCMODE,
  O_WRONLY,
  POLLIN,
  POLLOUT,
} from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import type { Polling } from "./_polling.ts";
import type { EventsOptions } from "./epoll_types.ts";
import { Kqueue, valueOf } from "./kqueue.ts";
import type { KqueueChange } from "./kqueue_change_types.ts";
import type {
  KqueueDescriptorEvent,
  KqueueEvent,
} from "./kqueue_event_types.ts";
import type { KqueueOptions } from "./kqueue_options.ts";
import type { PollerAddOptions, PollerEvent } from "./poller_types.ts";
import { fdOf, type Watchable } from "./watchable.ts";

/** What was asked for; travels as the data of both filters. */
interface Wanted {
  readonly number: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly data: unknown;
  /** A pipe that can only be written to: that its end has come is an error. */
  readonly writingEnd: boolean;
  /** Whether its end has come. */
  ended: boolean;
}

/** More than any buffer holds; the kernel takes the buffer's size instead. */
const OUT_OF_REACH = Number.MAX_SAFE_INTEGER;

/** What epoll does not take either. */
const ALWAYS_READY = ["regular file", "directory"];

/** The set. */
export class KqueuePolling implements Polling {
  readonly #kqueue: Kqueue;

  /** @param options Where kqueue comes from. */
  constructor(options?: KqueueOptions) {
    this.#kqueue = new Kqueue(options);
  }

  get fd(): number {
    return this.#kqueue.fd;
  }

  get closed(): boolean {
    return this.#kqueue.closed;
  }

  add(fd: Watchable, options: PollerAddOptions): void {
    const number = fdOf(fd, "add to a poller");
    if (this.#find(number) !== undefined) throw refusal(E.EEXIST, number);
    const type = fileTypeOf(number);
    if (ALWAYS_READY.includes(type)) throw refusal(E.EPERM, number);
    const writingEnd = type === "FIFO" && isWriteOnly(number);
    const wanted = wantedOf(number, writingEnd, options, options.data);
    this.#kqueue.change(additions(fd, wanted));
  }

  modify(fd: Watchable, options: PollerAddOptions): void {
    const number = fdOf(fd, "modify in a poller");
    const before = this.#find(number) ?? absent(number);
    const data = "data" in options ? options.data : before.data;
    const wanted = wantedOf(number, before.writingEnd, options, data);
    this.#kqueue.change([...deletions(before), ...additions(fd, wanted)]);
  }

  delete(fd: Watchable): void {
    const number = fdOf(fd, "delete from a poller");
    this.#kqueue.change(deletions(this.#find(number) ?? absent(number)));
  }

  async wait(options?: EventsOptions & WaitOptions): Promise<PollerEvent[]> {
    for (;;) {
      const events = this.#eventsOf(await this.#kqueue.wait(options));
      if (events.length > 0) return events;
    }
  }

  waitSync(
    { timeout, maxEvents }: EventsOptions & SyncWaitOptions = {},
  ): PollerEvent[] {
    const start = performance.now();
    let left = timeout;
    for (;;) {
      const taken = this.#kqueue.waitSync({ maxEvents, timeout: left });
      const events = this.#eventsOf(taken);
      if (events.length > 0) return events;
      if (timeout === undefined) continue;
      left = Math.max(0, timeout - (performance.now() - start));
    }
  }

  tryWait(options?: EventsOptions): PollerEvent[] | undefined {
    for (;;) {
      const taken = this.#kqueue.tryWait(options);
      if (taken === undefined) return undefined;
      const events = this.#eventsOf(taken);
      if (events.length > 0) return events;
    }
  }

  close(): void {
    this.#kqueue.close();
  }

  /** What was asked for, if it is in the set. */
  #find(number: number): Wanted | undefined {
    this.fd; // Throws if it is closed.
    const wanted = (valueOf(this.#kqueue, "read", number) ??
      valueOf(this.#kqueue, "write", number)) as Wanted | undefined;
    if (wanted === undefined) return undefined;
    // Who closed the number may not have said so, but the kernel knows.
    const [{ error }] = this.#kqueue.change(
      filtersOf(wanted).map((filter) => ({
        filter,
        fd: number,
        action: "enable",
      })),
      { receipts: true },
    );
    return error === undefined ? wanted : undefined;
  }

  /** One for each descriptor; none for what was not asked for. */
  #eventsOf(taken: readonly KqueueEvent[]): PollerEvent[] {
    const events = new Map<Wanted, PollerEvent>();
    for (const event of taken as KqueueDescriptorEvent[]) {
      const wanted = event.data as Wanted;
      if (event.filter === "read") this.#note(event, wanted);
      if (event.filter === "read" && !wanted.read && !event.eof) continue;
      events.set(wanted, merged(event, wanted, events.get(wanted)));
    }
    return [...events].map(([wanted, event]) => completed(event, wanted));
  }

  /** Without reading, the end alone counts, and is told as often as others. */
  #note({ fd, eof }: KqueueDescriptorEvent, wanted: Wanted): void {
    const before = wanted.ended;
    wanted.ended = eof;
    if (wanted.read || before || !eof) return;
    const change = { filter: "read", fd } as const;
    // Refused if it has just been closed; then there is nothing more to tell.
    this.#kqueue.change(
      [{ ...change, action: "delete" }, readAddition(fd, wanted)],
      { receipts: true },
    );
  }
}

function wantedOf(
  number: number,
  writingEnd: boolean,
  { write = false, read = !write }: PollerAddOptions,
  data: unknown,
): Wanted {
  return { number, read, write, data, writingEnd, ended: false };
}

/** Who only waits for room must not be kept busy by a half-closed peer. */
function filtersOf({ read, write }: Wanted): ("read" | "write")[] {
  if (!write) return ["read"];
  return read ? ["read", "write"] : ["write"];
}

function additions(fd: Watchable, wanted: Wanted): KqueueChange[] {
  return filtersOf(wanted).map((filter) =>
    filter === "read" ? readAddition(fd, wanted) : { filter, fd, data: wanted }
  );
}

function readAddition(fd: Watchable, wanted: Wanted): KqueueChange {
  const change = { filter: "read", fd, data: wanted } as const;
  if (wanted.read) return change;
  // Where the buffer is full the mark is reached after all: told once only.
  return { ...change, lowWater: OUT_OF_REACH, clear: !wanted.ended };
}

function deletions(wanted: Wanted): KqueueChange[] {
  return filtersOf(wanted).map((filter) => ({
    filter,
    fd: wanted.number,
    action: "delete",
  }));
}

function merged(
  { filter, fd, eof, error }: KqueueDescriptorEvent,
  wanted: Wanted,
  before?: PollerEvent,
): PollerEvent {
  const broken = error !== undefined || eof && wanted.writingEnd;
  const over = wanted.ended || broken;
  const gone = wanted.ended || eof && filter === "write";
  return {
    fd,
    data: wanted.data,
    read: wanted.read && (filter === "read" || before?.read || over),
    write: wanted.write && (filter === "write" || before?.write || broken),
    hangup: (gone || before?.hangup === true) && !wanted.writingEnd,
    error: broken || before?.error === true,
  };
}

/** The filters do not always report together, as epoll does. */
function completed(event: PollerEvent, wanted: Wanted): PollerEvent {
  const whole = event.read === wanted.read && event.write === wanted.write;
  if (whole) return event;
  const bits = poll(wanted.number, POLLIN | POLLOUT, 0);
  return {
    ...event,
    read: wanted.read && (event.read || (bits & POLLIN) !== 0),
    write: wanted.write && (event.write || (bits & POLLOUT) !== 0),
  };
}

function isWriteOnly(fd: number): boolean {
  const flags = check(libc.fcntl(fd, F_GETFL, 0n), "fcntl", { on: `fd ${fd}` });
  return (flags & O_ACCMODE) === O_WRONLY;
}

function absent(number: number): never {
  fileTypeOf(number); // Throws if it is closed.
  throw refusal(E.ENOENT, number);
}

function refusal(errno: number, number: number): Error {
  return systemError(errno, "kevent", {
    on: `fd ${number}`,
    hint: HINTS[errno],
  });
}

const HINTS: Readonly<Record<number, string>> = {
  [E.EEXIST]: "it is in the poller already: modify it",
  [E.ENOENT]: "it is not in the poller",
  [E.EPERM]: "regular files and directories are always ready, " +
    "and a poller does not take them",
};
