/** The reactor's backend on Linux: epoll(7), woken through an eventfd(2). */

import { libc as base } from "../_internal/_ffi.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import { platform } from "../_internal/platform.ts";
import { type Backend, type Owner, READ, WRITE } from "./_backend.ts";
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
/** `struct epoll_event`, counted in words of 32 bits. */
const SIZE = platform.epollEvent.size / 4;
const DATA = platform.epollEvent.data / 4;

/**
 * What a descriptor was added for. With an owner it stays so after its event
 * has come: the next wait is usually for the same, and costs no system call.
 */
interface Armed {
  readonly interest: number;
  readonly owner: Owner | undefined;
}

/** One epoll instance. */
export class EpollBackend implements Backend {
  readonly #epoll: number;
  readonly #wake: number;
  readonly #event = new Int32Array(SIZE);
  readonly #events = new Int32Array(SIZE * MAX_EVENTS);
  readonly #armed = new Map<number, Armed>();

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

  arm(fd: number, interest: number, owner: Owner | undefined): boolean {
    const armed = this.#armed.get(fd);
    const same = armed?.interest === interest && armed.owner === owner;
    if (same && owner !== undefined) return true;
    if (interest === 0) this.disarm(fd);
    else if (this.#add(fd, { interest, owner }, armed !== undefined) < 0) {
      const number = errno();
      this.#armed.delete(fd);
      // Regular files and directories never block, and epoll refuses them.
      if (number === E.EPERM) return false;
      throw systemError(number, "epoll_ctl", { on: `fd ${fd}` });
    } else this.#armed.set(fd, { interest, owner });
    return true;
  }

  #add(fd: number, { interest, owner }: Armed, added: boolean): number {
    const events = (interest & READ ? EPOLLIN | EPOLLRDHUP : 0) |
      (interest & WRITE ? EPOLLOUT : 0) |
      // Once its number is closed, nobody can end what a copy keeps alive.
      (owner === undefined ? EPOLLONESHOT : 0);
    const [first, second] = added
      ? [EPOLL_CTL_MOD, EPOLL_CTL_ADD]
      : [EPOLL_CTL_ADD, EPOLL_CTL_MOD];
    const result = this.#control(first, fd, events);
    if (result >= 0) return result;
    // The number may have been closed behind our back and be another's now,
    // or have been added when it was another's.
    const number = errno();
    if (number !== E.ENOENT && number !== E.EEXIST) return result;
    return this.#control(second, fd, events);
  }

  disarm(fd: number): void {
    // Closing is not enough when a child shares the open file: epoll(7).
    if (this.#armed.delete(fd)) this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  wait(): Promise<number> {
    return libc.parked_epoll_wait(this.#epoll, this.#events, MAX_EVENTS, -1);
  }

  drain(count: number, ready: (key: number, events: number) => void): void {
    if (count < 0) count = this.#again();
    for (let i = 0; i < count; i++) {
      const events = this.#events[i * SIZE];
      const fd = this.#events[i * SIZE + DATA];
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

  /** The errno of a parked call stayed on its thread; EINTR is the usual one. */
  #again(): number {
    const count = libc.epoll_wait(this.#epoll, this.#events, MAX_EVENTS, 0);
    if (count < 0 && errno() === E.EINTR) return 0;
    return check(count, "epoll_wait");
  }

  wake(): void {
    const one = new Uint8Array(new BigUint64Array([1n]).buffer);
    // EAGAIN: the counter is full, so it is readable, which is all we want.
    base.write(this.#wake, one, 8n);
  }

  #control(operation: number, fd: number, events: number): number {
    this.#event[0] = events;
    this.#event[DATA] = fd;
    return libc.epoll_ctl(this.#epoll, operation, fd, this.#event);
  }
}
