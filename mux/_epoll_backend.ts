/** The reactor's backend on Linux: epoll(7), woken through an eventfd(2). */

import { libc as base } from "../_internal/_ffi.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import { platform } from "../_internal/platform.ts";
import { type Backend, READ, WRITE } from "./_backend.ts";
import { libc } from "./_ffi.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 0x1;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;
const EPOLLRDHUP = 0x2000;
const EPOLLONESHOT = 1 << 30;

const MAX_EVENTS = 128;
const { size, data } = platform.epollEvent;

/** One epoll instance. */
export class EpollBackend implements Backend {
  readonly #epoll: number;
  readonly #wake: number;
  readonly #event = new DataView(new ArrayBuffer(size));
  readonly #events = new DataView(new ArrayBuffer(size * MAX_EVENTS));
  #count = 0;
  /** Descriptors that were added and, for all we know, still are. */
  readonly #added = new Set<number>();

  constructor() {
    this.#epoll = check(
      libc.epoll_create1(platform.O_CLOEXEC),
      "epoll_create1",
    );
    this.#wake = check(
      libc.eventfd(0, platform.O_CLOEXEC | platform.O_NONBLOCK),
      "eventfd",
    );
    check(this.#control(EPOLL_CTL_ADD, this.#wake, EPOLLIN), "epoll_ctl");
  }

  arm(fd: number, interest: number): boolean {
    const events = (interest & READ ? EPOLLIN | EPOLLRDHUP : 0) |
      (interest & WRITE ? EPOLLOUT : 0) | EPOLLONESHOT;
    const added = this.#added.has(fd);
    let result = this.#control(
      added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
      fd,
      events,
    );
    if (result < 0) {
      // The number may have been closed behind our back and be another's now,
      // or be added by way of another object with the same number.
      const number = errno();
      if (number === E.ENOENT) {
        result = this.#control(EPOLL_CTL_ADD, fd, events);
      } else if (number === E.EEXIST) {
        result = this.#control(EPOLL_CTL_MOD, fd, events);
      }
    }
    if (result < 0) {
      const number = errno();
      this.#added.delete(fd);
      // Regular files and directories never block, and epoll refuses them.
      if (number === E.EPERM) return false;
      throw systemError(number, "epoll_ctl", { on: `fd ${fd}` });
    }
    this.#added.add(fd);
    return true;
  }

  disarm(fd: number): void {
    // Closing is not enough when a child shares the open file: epoll(7).
    if (this.#added.delete(fd)) this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  async wait(): Promise<void> {
    const events = new Uint8Array(this.#events.buffer);
    let count = await libc.parked_epoll_wait(
      this.#epoll,
      events,
      MAX_EVENTS,
      -1,
    );
    // The errno of that call stayed on its thread. EINTR is the usual one.
    if (count < 0) count = libc.epoll_wait(this.#epoll, events, MAX_EVENTS, 0);
    if (count < 0 && errno() === E.EINTR) count = 0;
    this.#count = check(count, "epoll_wait");
  }

  drain(ready: (key: number, events: number) => void): void {
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const events = this.#events.getUint32(i * size, true);
      const fd = this.#events.getInt32(i * size + data, true);
      if (fd === this.#wake) {
        base.read(fd, new Uint8Array(8), 8n);
        continue;
      }
      const both = events & (EPOLLERR | EPOLLHUP) ? READ | WRITE : 0;
      ready(
        fd,
        both | (events & (EPOLLIN | EPOLLRDHUP) ? READ : 0) |
          (events & EPOLLOUT ? WRITE : 0),
      );
    }
  }

  wake(): void {
    const one = new Uint8Array(new BigUint64Array([1n]).buffer);
    // EAGAIN: the counter is full, so it is readable, which is all we want.
    base.write(this.#wake, one, 8n);
  }

  #control(operation: number, fd: number, events: number): number {
    this.#event.setUint32(0, events, true);
    this.#event.setInt32(data, fd, true);
    return libc.epoll_ctl(this.#epoll, operation, fd, this.#event);
  }
}
