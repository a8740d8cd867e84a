/** The reactor's backend on Linux: epoll(7), woken through an eventfd(2). */

import { libc as base } from "../_internal/_ffi.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  platform,
} from "../_internal/platform.ts";
import { type Backend, type Owner, PRIORITY, READ, WRITE } from "./_backend.ts";
import { EpollQueue } from "./_epoll_queue.ts";
import { libc } from "./_ffi.ts";
import { WatchThread } from "./_watch_thread.ts";

const MAX_EVENTS = 128;

/**
 * What a descriptor was added for. With an owner it stays so until its event
 * has come; on a pool thread even after that: the next wait is usually for the
 * same, and costs no system call.
 */
interface Armed {
  readonly interest: number;
  readonly owner: Owner | undefined;
  /** Tells its events from those of another file that had its number. */
  readonly token: number;
  /** Whether its event has come, and no other will. */
  spent: boolean;
}

/** One epoll instance, watched by a thread of its own or on the pool's. */
export class EpollBackend implements Backend {
  readonly #queue = new EpollQueue(MAX_EVENTS);
  readonly #thread: WatchThread | undefined;
  readonly #wake: number;
  readonly #armed = new Map<number, Armed>();
  #lastToken = 0;

  /** @param onPool Whether to do without a thread of its own. */
  constructor(onPool = false) {
    this.#wake = check(
      libc.eventfd(0, platform.O_CLOEXEC | platform.O_NONBLOCK),
      "eventfd",
    );
    check(this.#control(EPOLL_CTL_ADD, this.#wake, EPOLLIN), "epoll_ctl");
    if (!onPool) {
      this.#thread = WatchThread.for(this.#queue, () => this.#ring());
    }
  }

  /** Whether an event is reported once, and not for as long as it is there. */
  #isOneShot({ owner }: Armed): boolean {
    // Once its number is closed, nobody can end what a copy keeps alive.
    return this.#thread !== undefined || owner === undefined;
  }

  arm(fd: number, interest: number, owner: Owner | undefined): boolean {
    const armed = this.#armed.get(fd);
    const same = armed?.interest === interest && armed.owner === owner;
    if (same && owner !== undefined && !armed.spent) return true;
    if (interest === 0) {
      this.disarm(fd);
      return true;
    }
    this.#lastToken = (this.#lastToken + 1) >>> 0;
    const next = { interest, owner, token: this.#lastToken, spent: false };
    if (this.#add(fd, next, armed !== undefined) < 0) {
      const number = errno();
      this.#armed.delete(fd);
      // Regular files and directories never block, and epoll refuses them.
      if (number === E.EPERM) return false;
      throw systemError(number, "epoll_ctl", { on: `fd ${fd}` });
    }
    this.#armed.set(fd, next);
    return true;
  }

  #add(fd: number, armed: Armed, added: boolean): number {
    const [first, second] = added
      ? [EPOLL_CTL_MOD, EPOLL_CTL_ADD]
      : [EPOLL_CTL_ADD, EPOLL_CTL_MOD];
    const result = this.#control(first, fd, this.#bitsOf(armed), armed.token);
    if (result >= 0) return result;
    // The number may have been closed behind our back and be another's now,
    // or have been added when it was another's.
    const number = errno();
    if (number !== E.ENOENT && number !== E.EEXIST) return result;
    return this.#control(second, fd, this.#bitsOf(armed), armed.token);
  }

  stands(fd: number): boolean {
    const armed = this.#armed.get(fd);
    return armed === undefined ||
      this.#control(EPOLL_CTL_MOD, fd, this.#bitsOf(armed), armed.token) >= 0;
  }

  disarm(fd: number): void {
    // Closing is not enough when a child shares the open file: epoll(7).
    if (this.#armed.delete(fd)) this.#control(EPOLL_CTL_DEL, fd, 0);
  }

  wait(): Promise<number> {
    const thread = this.#thread;
    return thread?.usable ? thread.wait() : this.#queue.park();
  }

  drain(count: number, ready: (key: number, events: number) => void): void {
    if (count < 0) count = this.#again();
    for (let i = 0; i < count; i++) {
      const events = this.#queue.bits(i);
      const fd = this.#queue.data(i);
      if (fd === this.#wake) base.read(fd, new Uint8Array(8), 8n);
      const armed = this.#armed.get(fd);
      // A number that was closed is not forgotten while a copy is open.
      if (armed === undefined || armed.token !== this.#queue.more(i)) continue;
      armed.spent = this.#isOneShot(armed);
      ready(fd, readinessOf(events));
    }
  }

  /** The errno of a parked call stayed on its thread; EINTR is the usual one. */
  #again(): number {
    const count = this.#queue.take(MAX_EVENTS);
    if (count < 0 && errno() === E.EINTR) return 0;
    return check(count, "epoll_wait");
  }

  wake(): void {
    const thread = this.#thread;
    if (thread?.usable) thread.wake();
    else this.#ring();
  }

  close(): void {
    // Or the thread might wait for what has got the number next.
    if (this.#thread?.end() === false) return;
    for (const fd of [this.#wake, this.#queue.fd]) base.close(fd);
  }

  #ring(): void {
    const one = new Uint8Array(new BigUint64Array([1n]).buffer);
    // EAGAIN: the counter is full, so it is readable, which is all we want.
    base.write(this.#wake, one, 8n);
  }

  #control(op: number, fd: number, events: number, token = 0): number {
    return this.#queue.control(op, fd, events, fd, token);
  }

  #bitsOf(armed: Armed): number {
    const { interest } = armed;
    return (interest & READ ? EPOLLIN | EPOLLRDHUP : 0) |
      (interest & WRITE ? EPOLLOUT : 0) |
      (interest & PRIORITY ? EPOLLPRI : 0) |
      (this.#isOneShot(armed) ? EPOLLONESHOT : 0);
  }
}

function readinessOf(events: number): number {
  // These come unasked, and would come again and again.
  if (events & (EPOLLERR | EPOLLHUP)) return READ | WRITE | PRIORITY;
  return (events & (EPOLLIN | EPOLLRDHUP) ? READ : 0) |
    (events & EPOLLOUT ? WRITE : 0) |
    (events & EPOLLPRI ? PRIORITY : 0);
}
