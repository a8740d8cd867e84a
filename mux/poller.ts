import { os } from "../_internal/platform.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import { EpollPolling } from "./_epoll_polling.ts";
import { oneByOne } from "./_one_by_one.ts";
import { KqueuePolling } from "./_kqueue_polling.ts";
import type { Polling } from "./_polling.ts";
import type { EventsOptions } from "./epoll_types.ts";
import type { PollerAddOptions, PollerEvent } from "./poller_types.ts";
import type { Watchable } from "./watchable.ts";

/**
 * A set of descriptors, and what has become ready of them: epoll on Linux,
 * kqueue on macOS, with the same events. Adding, waiting and removing cost the
 * same however many there are.
 *
 * Events come for as long as what they tell of is there. An object of this
 * package that is closed leaves the set; {@linkcode Poller.delete} a number
 * before it is closed. On macOS the end of a FIFO is no event: its reader's
 * `read` tells.
 *
 * See [epoll(7)](https://man7.org/linux/man-pages/man7/epoll.7.html) and
 * [kqueue(2)](https://keith.github.io/xcode-man-pages/kqueue.2.html).
 *
 * @example
 * ```ts
 * import { Poller } from "@ipc/core/mux";
 * import { Pipe } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using poller = new Poller();
 * using one = Pipe.open();
 * using other = Pipe.open();
 * poller.add(one.reader, { data: "one" });
 * poller.add(other.reader, { data: "other" });
 *
 * other.writer.writeSync(new Uint8Array(1));
 * for await (const event of poller) {
 *   assertEquals(event.data, "other");
 *   break;
 * }
 * ```
 */
export class Poller implements Disposable {
  readonly #polling: Polling;

  /**
   * Makes an empty set.
   *
   * @throws {IpcError} `EMFILE` or `ENFILE` if no descriptor is left.
   */
  constructor() {
    this.#polling = os === "darwin" ? new KqueuePolling() : new EpollPolling();
  }

  /** A descriptor of its own, readable while events are there. */
  get fd(): number {
    return this.#polling.fd;
  }

  /**
   * Adds a descriptor to the set.
   *
   * @param fd The descriptor. Events name it as it was given here.
   * @param options What to report; reading if nothing is said.
   * @throws {Deno.errors.AlreadyExists} If it is in the set.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.PermissionDenied} `EPERM` for a regular file or a
   * directory: those are always ready.
   */
  add(fd: Watchable, options: PollerAddOptions = {}): void {
    this.#polling.add(fd, options);
  }

  /**
   * Replaces what is reported of a descriptor.
   *
   * @param fd The descriptor.
   * @param options What to report; `data` stays unless it is given.
   * @throws {Deno.errors.NotFound} If it is not in the set.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  modify(fd: Watchable, options: PollerAddOptions): void {
    this.#polling.modify(fd, options);
  }

  /**
   * Removes a descriptor from the set.
   *
   * @param fd The descriptor.
   * @throws {Deno.errors.NotFound} If it is not in the set.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  delete(fd: Watchable): void {
    this.#polling.delete(fd);
  }

  /**
   * Waits for events.
   *
   * @param options How many to take, and a signal that ends the wait.
   * @returns One for each descriptor that is ready.
   * @throws {Deno.errors.BadResource} If the poller is closed, now or
   * meanwhile.
   */
  wait(options?: EventsOptions & WaitOptions): Promise<PollerEvent[]> {
    return this.#polling.wait(options);
  }

  /**
   * Waits for events, blocking the thread.
   *
   * @param options How many to take, and how long to wait at the most.
   * @returns One for each descriptor that is ready.
   * @throws {Deno.errors.TimedOut} If nothing became ready in time.
   * @throws {Deno.errors.Busy} If an asynchronous wait is pending.
   * @throws {Deno.errors.BadResource} If the poller is closed.
   */
  waitSync(options?: EventsOptions & SyncWaitOptions): PollerEvent[] {
    return this.#polling.waitSync(options);
  }

  /**
   * Takes the events that are there.
   *
   * @param options How many.
   * @returns One for each descriptor that is ready; undefined if none is.
   * @throws {Deno.errors.BadResource} If the poller is closed.
   */
  tryWait(options?: EventsOptions): PollerEvent[] | undefined {
    return this.#polling.tryWait(options);
  }

  /**
   * Events one after the other, each true at the time it is handed out, until
   * the poller is closed.
   */
  [Symbol.asyncIterator](): AsyncGenerator<PollerEvent> {
    return oneByOne(
      () => this.wait({ maxEvents: 1 }),
      () => this.#polling.closed,
    );
  }

  /** Closes the poller, not what is in it. A second call does nothing. */
  close(): void {
    this.#polling.close();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }
}
