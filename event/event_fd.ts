import { libc as base } from "../_internal/_ffi.ts";
import { adopt, Descriptor } from "../_internal/descriptor.ts";
import {
  check,
  E,
  errno,
  systemError,
  wouldBlock,
} from "../_internal/errno.ts";
import { address } from "../_internal/memory.ts";
import {
  EFD_SEMAPHORE,
  notSupported,
  os,
  platform,
  POLLIN,
  RWF_NOWAIT,
} from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { readParking } from "../mux/parking.ts";
import { MOST, wouldWait } from "./_room.ts";
import { libc } from "./_ffi.ts";

/** Options of making an event counter. */
export interface EventFdOptions {
  /**
   * What it starts with.
   *
   * @default {0}
   */
  readonly value?: number | bigint;
  /**
   * Whether each wait takes 1 and leaves the rest, as of a semaphore, rather
   * than all of it.
   *
   * @default {false}
   */
  readonly semaphore?: boolean;
}

/** What is written most. */
const ONE = toBytes(1n);
/** `initval` has 32 bits. */
const MOST_AT_FIRST = 0xffff_ffffn;

/**
 * A counter in the kernel that can be waited for. Linux only.
 *
 * Everyone who has the descriptor has the same counter: a child that it was
 * given to under any number, a process that it was sent to through a socket.
 *
 * See [eventfd(2)](https://man7.org/linux/man-pages/man2/eventfd.2.html).
 *
 * @example Hand it to a child
 * ```ts
 * import { EventFd } from "@ipc/core/event";
 * import { spawn } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using event = EventFd.create();
 * // Eight bytes of a native-endian number: here, 1.
 * await using child = spawn("sh", {
 *   args: ["-c", "printf '\\001\\0\\0\\0\\0\\0\\0\\0' >&3"],
 *   fds: { 3: event },
 * });
 * assertEquals(await event.wait(), 1n);
 * assertEquals((await child.status).code, 0);
 * ```
 */
export class EventFd implements Disposable {
  readonly #descriptor: Descriptor;
  /** Whether others had it before, who may switch O_NONBLOCK off again. */
  readonly #adopted: boolean;
  readonly #waits: WaitQueue;
  readonly #word = new BigUint64Array(1);
  readonly #bytes = new Uint8Array(this.#word.buffer);
  /** struct iovec { void *iov_base; size_t iov_len; } of the word. */
  readonly #iovec = new BigUint64Array([address(this.#bytes), 8n]);

  private constructor(descriptor: Descriptor, adopted: boolean) {
    this.#descriptor = descriptor;
    this.#adopted = adopted;
    this.#waits = new WaitQueue(
      readParking(descriptor),
      "read",
      descriptor.name,
    );
  }

  /**
   * Makes a counter.
   *
   * @param options What it starts with and how waits take from it.
   * @throws {RangeError} If the value is negative, more than 2⁶⁴ − 2 or not
   * whole.
   * @throws {TypeError} If the value is no number.
   * @throws {Deno.errors.NotSupported} On macOS.
   * @throws {IpcError} `EMFILE` or `ENFILE` if no descriptor is left.
   */
  static create(options: EventFdOptions = {}): EventFd {
    requireLinux();
    const { value = 0, semaphore = false } = options;
    const count = counted(value, 0n, "create an eventfd", "the value");
    const first = count > MOST_AT_FIRST ? 0n : count;
    const flags = platform.O_CLOEXEC | platform.O_NONBLOCK |
      (semaphore ? EFD_SEMAPHORE : 0);
    const fd = check(libc.eventfd(Number(first), flags), "eventfd");
    const event = new EventFd(new Descriptor(fd, "eventfd"), false);
    if (count > first) event.signal(count - first);
    return event;
  }

  /**
   * Takes over a counter that came from elsewhere: one that this process was
   * started with, or that was received through a socket. A Worker may take over
   * what `duplicate` of `@ipc/core/pipe` answered, but not the number of a
   * counter that another Worker has: both would close it.
   *
   * @param fd The number of its descriptor.
   * @throws {RangeError} If it is not a number that a descriptor can have.
   * @throws {Deno.errors.Busy} If an object of this package has it already.
   * @throws {Deno.errors.BadResource} If it is not open to read and write.
   * @throws {Deno.errors.NotSupported} On macOS.
   */
  static fromFd(fd: number): EventFd {
    requireLinux();
    return new EventFd(adopt(fd, "read and write"), true);
  }

  /** The descriptor: readable while the counter is not 0. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Adds to the counter, and so wakes those who wait. Never waits itself.
   *
   * @param n How much, from 1 to 2⁶⁴ − 2.
   * @throws {RangeError} If `n` is out of range or not whole.
   * @throws {TypeError} If `n` is no number.
   * @throws {Deno.errors.WouldBlock} If the counter would exceed 2⁶⁴ − 2; it
   * stays as it is then. `writable` tells when there is room for 1.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  signal(n: number | bigint = 1): void {
    const { fd, blocking } = this.#descriptor;
    const count = n === 1 ? 1n : counted(n, 1n, "signal", "n");
    const data = count === 1n ? ONE : toBytes(count);
    const number = (blocking || this.#adopted) && wouldWait(fd, count)
      ? E.EAGAIN
      : base.write(fd, data, 8n) < 0
      ? errno()
      : 0;
    if (number === 0) return;
    throw systemError(number, "write", {
      on: "eventfd",
      hint: number === E.EAGAIN
        ? `the counter has no room for ${count} more`
        : undefined,
    });
  }

  /**
   * Waits until the counter is not 0, and takes it: all of it, or 1 if it is a
   * semaphore.
   *
   * @param options A signal that ends the wait.
   * @returns What was taken.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   */
  wait(options?: WaitOptions): Promise<bigint> {
    return this.#waits.run(() => this.#attempt(), options);
  }

  /**
   * Like {@linkcode EventFd.wait}, blocking the thread.
   *
   * @param options How long to wait at the most, in milliseconds.
   * @returns What was taken.
   * @throws {Deno.errors.TimedOut} If it stayed 0.
   * @throws {Deno.errors.Busy} If an asynchronous wait is pending.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  waitSync(options?: SyncWaitOptions): bigint {
    return this.#waits.runSync(() => this.#attempt(), options);
  }

  /**
   * Takes what is there, without waiting.
   *
   * @returns What was taken; undefined if the counter is 0.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  tryWait(): bigint | undefined {
    return this.#waits.try(() => this.#attempt());
  }

  /** Closes the descriptor. A second call does nothing. */
  close(): void {
    this.#descriptor.close();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #attempt(): bigint | undefined {
    const { fd } = this.#descriptor;
    // Somebody who shares it may have switched O_NONBLOCK off.
    let count = libc.preadv2(fd, this.#iovec, 1, -1n, RWF_NOWAIT);
    if (count < 0 && errno() === E.ENOTSUP) {
      // Before Linux 5.7.
      if ((poll(fd, POLLIN, 0) & POLLIN) === 0) return undefined;
      count = base.read(fd, this.#bytes, 8n);
    }
    if (count === 8) return this.#word[0];
    if (count < 0) return wouldBlock("read", { on: "eventfd" });
    throw systemError(E.EINVAL, "read", {
      on: `fd ${fd}`,
      hint: "it is no eventfd",
    });
  }
}

function toBytes(count: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([count]).buffer);
}

function requireLinux(): void {
  if (os === "linux") return;
  notSupported("eventfd", "a pipe of @ipc/core/pipe does the same");
}

function counted(
  value: number | bigint,
  least: bigint,
  verb: string,
  what: string,
): bigint {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (whole && value >= least && value <= MOST) return BigInt(value);
  const problem = `Cannot ${verb}: ${what} must be a whole number ` +
    `from ${least} to 2 ** 64 - 2: current value is ${value}`;
  throw typeof value === "bigint" || typeof value === "number"
    ? new RangeError(problem)
    : new TypeError(problem);
}
