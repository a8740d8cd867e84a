/** One epoll(7) instance: its system calls, and nothing of what they are for. */

import { check, E, errno } from "../_internal/errno.ts";
import { platform } from "../_internal/platform.ts";
import { pollTimeout } from "../_internal/poll.ts";
import { LONGEST_PARK } from "../_internal/worker.ts";
import { libc } from "./_ffi.ts";

/** `struct epoll_event`, counted in words of 32 bits. */
const SIZE = platform.epollEvent.size / 4;
const DATA = platform.epollEvent.data / 4;

/** The instance's descriptor, which somebody else closes, and its events. */
export class EpollQueue {
  /** The descriptor. */
  readonly fd: number;
  readonly #event = new Int32Array(SIZE);
  #events: Int32Array<ArrayBuffer>;
  #room: number;
  /** How many were asked for last, and got by blocking. */
  #most: number;
  #got = 0;

  /** @param room How many events to have room for at first. */
  constructor(room: number) {
    this.fd = check(
      libc.epoll_create1(platform.O_CLOEXEC),
      "epoll_create1",
    );
    this.#room = room;
    this.#most = room;
    this.#events = new Int32Array(SIZE * room);
  }

  /**
   * epoll_ctl(2).
   *
   * @param operation EPOLL_CTL_ADD and so on.
   * @param fd The descriptor.
   * @param events EPOLLIN and so on.
   * @param data What comes with the events, 32 bits.
   * @param more What comes with them, too, as many.
   * @returns Negative if it failed.
   */
  control(
    operation: number,
    fd: number,
    events: number,
    data: number,
    more: number = 0,
  ): number {
    this.#event[0] = events;
    this.#event[DATA] = data;
    this.#event[DATA + 1] = more;
    return libc.epoll_ctl(this.fd, operation, fd, this.#event);
  }

  /** Takes up to `most` events, without waiting; answers how many. */
  take(most: number): number {
    if (this.#got > 0) {
      const count = this.#got;
      this.#got = 0;
      return count;
    }
    this.#most = most;
    if (most > this.#room) {
      this.#room = most;
      this.#events = new Int32Array(SIZE * most);
    }
    return libc.epoll_wait(this.fd, this.#events, most, 0);
  }

  /**
   * Blocks the thread until events are there, which are the next to be taken.
   * Only who waits in epoll_wait(2) itself is woken alone for what is
   * exclusive.
   */
  block(milliseconds: number): void {
    const timeout = pollTimeout(milliseconds);
    const count = libc.epoll_wait(this.fd, this.#events, this.#most, timeout);
    if (count < 0 && errno() !== E.EINTR) check(count, "epoll_wait");
    this.#got = Math.max(0, count);
  }

  /** Takes events on a pool thread, which waits for the first, for a while. */
  park(): Promise<number> {
    const timeout = pollTimeout(LONGEST_PARK);
    return libc.parked_epoll_wait(this.fd, this.#events, this.#room, timeout);
  }

  /** How many events there is room for. */
  get room(): number {
    return this.#room;
  }

  /** Takes over events that somebody else has got from the kernel. */
  put(events: Int32Array, count: number): void {
    const words = SIZE * count;
    for (let i = 0; i < words; i++) this.#events[i] = events[i];
  }

  /** The bits of the event at `index` of those taken last. */
  bits(index: number): number {
    return this.#events[index * SIZE];
  }

  /** What came with it. */
  data(index: number): number {
    return this.#events[index * SIZE + DATA] >>> 0;
  }

  /** What came with it, too. */
  more(index: number): number {
    return this.#events[index * SIZE + DATA + 1] >>> 0;
  }
}
