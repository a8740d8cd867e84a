/** What a Poller is built on: epoll or kqueue. */

import type { EventsOptions } from "./epoll_types.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import type { PollerAddOptions, PollerEvent } from "./poller_types.ts";
import type { Watchable } from "./watchable.ts";

/** The set of descriptors of a Poller. */
export interface Polling {
  /** A descriptor of its own, readable while events are there. */
  readonly fd: number;
  readonly closed: boolean;
  add(fd: Watchable, options: PollerAddOptions): void;
  modify(fd: Watchable, options: PollerAddOptions): void;
  delete(fd: Watchable): void;
  wait(options?: EventsOptions & WaitOptions): Promise<PollerEvent[]>;
  waitSync(options?: EventsOptions & SyncWaitOptions): PollerEvent[];
  tryWait(options?: EventsOptions): PollerEvent[] | undefined;
  close(): void;
}
