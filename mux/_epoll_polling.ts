/** A Poller's set on Linux: an epoll, all of it level-triggered. */

import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import type { Polling } from "./_polling.ts";
import { dataOf, Epoll } from "./epoll.ts";
import type {
  EpollAddOptions,
  EpollEvent,
  EventsOptions,
} from "./epoll_types.ts";
import type { PollerAddOptions, PollerEvent } from "./poller_types.ts";
import { fdOf, type Watchable } from "./watchable.ts";

/** What was asked for; travels as the epoll's data. */
interface Wanted {
  readonly read: boolean;
  readonly write: boolean;
  readonly data: unknown;
}

/** The set. */
export class EpollPolling implements Polling {
  readonly #epoll = new Epoll();

  get fd(): number {
    return this.#epoll.fd;
  }

  get closed(): boolean {
    return this.#epoll.closed;
  }

  add(fd: Watchable, options: PollerAddOptions): void {
    this.#epoll.add(fd, interestOf(wantedOf(options, options.data)));
  }

  modify(fd: Watchable, options: PollerAddOptions): void {
    const before = dataOf(this.#epoll, fdOf(fd, "modify in a poller"));
    const data = "data" in options
      ? wantedOf(options, options.data)
      : wantedOf(options, (before as Wanted | undefined)?.data);
    this.#epoll.modify(fd, interestOf(data));
  }

  delete(fd: Watchable): void {
    this.#epoll.delete(fd);
  }

  async wait(
    options?: EventsOptions & WaitOptions,
  ): Promise<PollerEvent[]> {
    return (await this.#epoll.wait(options)).map(toPollerEvent);
  }

  waitSync(options?: EventsOptions & SyncWaitOptions): PollerEvent[] {
    return this.#epoll.waitSync(options).map(toPollerEvent);
  }

  tryWait(options?: EventsOptions): PollerEvent[] | undefined {
    return this.#epoll.tryWait(options)?.map(toPollerEvent);
  }

  close(): void {
    this.#epoll.close();
  }
}

function wantedOf(
  { write = false, read = !write }: PollerAddOptions,
  data: unknown,
): Wanted {
  return { read, write, data };
}

/** Who only waits for room must not be kept busy by a half-closed peer. */
function interestOf(data: Wanted): EpollAddOptions {
  const { read, write } = data;
  return { read, write, readHangup: read || !write, data };
}

function toPollerEvent(event: EpollEvent): PollerEvent {
  const { hangup, readHangup, error } = event;
  const { read, write, data } = event.data as Wanted;
  return {
    fd: event.fd,
    data,
    read: read && (event.read || readHangup || hangup || error),
    write: write && (event.write || hangup || error),
    hangup: hangup || readHangup,
    error,
  };
}
