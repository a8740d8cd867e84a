import { wholeNumber } from "../_internal/arguments.ts";
import { libc as base } from "../_internal/_ffi.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { check, closedError, errno } from "../_internal/errno.ts";
import { notSupported, os, POLLIN } from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";
import { type SignalName, signalNumber } from "../_internal/signals.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { readParking } from "../mux/parking.ts";
import { sendToPidfd } from "../mux/_pidfd.ts";
import { processDescriptor, processExit } from "../mux/process_exit.ts";
import { libc } from "./_ffi.ts";
import { encode } from "./_siginfo.ts";
import { queueError, signalValue } from "./send.ts";

const MOST_PID = 0x7fffffff;

/**
 * A process, whichever it is: a descriptor that stays with it, where its
 * number may be another's after it has ended.
 *
 * macOS has no such thing: there the number is used, and whoever has it by
 * then gets the signal.
 *
 * See [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html).
 *
 * @example Wait for a process that is no child
 * ```ts
 * import { PidFd } from "@ipc/core/signal";
 *
 * const other = new Deno.Command("sleep", { args: ["0.1"] }).spawn();
 * using process = PidFd.open(other.pid);
 * await process.exited({ signal: AbortSignal.timeout(10_000) });
 * await other.status;
 * ```
 */
export class PidFd implements Disposable {
  /** The process id. */
  readonly pid: number;
  readonly #descriptor: Descriptor | undefined;
  readonly #queue: WaitQueue | undefined;
  /** Aborted by closing. */
  readonly #closed = new AbortController();

  private constructor(pid: number) {
    this.pid = pid;
    if (os === "darwin") return;
    this.#descriptor = processDescriptor(pid);
    this.#queue = new WaitQueue(
      readParking(this.#descriptor),
      "wait",
      `process ${pid}`,
    );
  }

  /**
   * Finds a process.
   *
   * @param pid Its id, of which it may be a thread's no more.
   * @returns The process; close it when done.
   * @throws {RangeError} If `pid` is no process id.
   * @throws {Deno.errors.NotFound} If there is no such process, or, since Linux
   * 6.9, if it is the id of a thread.
   * @throws {IpcError} `EINVAL` if it is the id of a thread, before.
   * @throws {Deno.errors.NotSupported} On Linux before 5.3.
   *
   * @example
   * ```ts
   * import { PidFd } from "@ipc/core/signal";
   *
   * using process = PidFd.open(Deno.pid);
   * process.send(0); // nothing, but it could
   * ```
   */
  static open(pid: number): PidFd {
    wholeNumber(pid, "open a process", "its id", 1, MOST_PID);
    const process = new PidFd(pid);
    if (os === "darwin") process.send(0);
    return process;
  }

  /**
   * The descriptor's number, for `select`, `poll` and the like: it is readable
   * when the process has ended.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.NotSupported} On macOS.
   */
  get fd(): number {
    return this.#open("the descriptor of a process").fd;
  }

  /**
   * Sends it a signal.
   *
   * @param signal The signal's name or number; 0 sends none, but fails as if.
   * @throws {TypeError} If there is no such signal.
   * @throws {Deno.errors.NotFound} If it has ended and been waited for.
   * @throws {Deno.errors.PermissionDenied} If it belongs to another user.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { PidFd } from "@ipc/core/signal";
   *
   * const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
   * using process = PidFd.open(child.pid);
   * process.send("SIGTERM");
   * await child.status;
   * ```
   */
  send(signal: SignalName | number): void {
    const number = signalNumber(signal, "send a signal");
    this.#requireOpen();
    const on = `process ${this.pid}`;
    if (os === "darwin") {
      check(base.kill(this.pid, number), "kill", { on });
    } else {
      const result = sendToPidfd(this.fd, number);
      check(result, "pidfd_send_signal", { on });
    }
  }

  /**
   * Sends it a signal with a value, as {@linkcode queue} does. Linux only.
   *
   * @param signal The signal's name or number.
   * @param value A whole number of 32 bits, from -2,147,483,648 on.
   * @throws {TypeError} If there is no such signal.
   * @throws {RangeError} If `value` is out of range.
   * @throws {Deno.errors.NotFound} If it has ended and been waited for.
   * @throws {Deno.errors.PermissionDenied} If it belongs to another user.
   * @throws {Deno.errors.WouldBlock} If its user has as many signals queued as
   * `ulimit -i` allows; nothing was sent.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example
   * ```ts
   * import { PidFd, realtime, SignalStream } from "@ipc/core/signal";
   * import { assertEquals } from "@std/assert";
   *
   * using stream = SignalStream.open([realtime(8)]);
   * using process = PidFd.open(Deno.pid);
   * process.queue(realtime(8), -1);
   * assertEquals((await stream.receive()).value, -1);
   * ```
   */
  queue(signal: SignalName | number, value: number): void {
    const number = signalNumber(signal, "queue a signal");
    signalValue(value, "queue a signal");
    if (os === "darwin") notSupported("queue()", "send() has no value");
    this.#requireOpen();
    const info = encode({
      number,
      pid: Deno.pid,
      uid: libc.getuid(),
      value: BigInt(value),
    });
    if (sendToPidfd(this.fd, number, info) >= 0) return;
    throw queueError(errno(), "pidfd_send_signal", this.pid);
  }

  /**
   * Waits until it has ended, whether or not its parent has looked at its
   * status. It need not be a child.
   *
   * @param options A signal that ends the wait.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { PidFd } from "@ipc/core/signal";
   *
   * const child = new Deno.Command("true").spawn();
   * using process = PidFd.open(child.pid);
   * await Promise.all([process.exited(), child.status]);
   * ```
   */
  async exited(options: WaitOptions = {}): Promise<void> {
    this.#requireOpen();
    if (this.#queue !== undefined) {
      await this.#queue.run(() => this.#attempt(), options);
      return;
    }
    const closed = this.#closed.signal;
    const { signal } = options;
    const either = signal ? AbortSignal.any([signal, closed]) : closed;
    await processExit(this.pid, { signal: either });
  }

  /**
   * Waits until it has ended, blocking the thread. Linux only.
   *
   * @param options The longest to wait.
   * @throws {Deno.errors.TimedOut} If it has not ended in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous wait is pending.
   * @throws {Deno.errors.NotSupported} On macOS: await `exited()` instead.
   *
   * @example
   * ```ts
   * import { PidFd } from "@ipc/core/signal";
   *
   * const child = new Deno.Command("true").spawn();
   * using process = PidFd.open(child.pid);
   * process.exitedSync({ timeout: 10_000 });
   * await child.status;
   * ```
   */
  exitedSync(options?: SyncWaitOptions): void {
    this.#open("exitedSync()");
    this.#queue!.runSync(() => this.#attempt(), options);
  }

  /**
   * Whether it has ended. Linux only.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.NotSupported} On macOS: await `exited()` instead.
   *
   * @example
   * ```ts
   * import { PidFd } from "@ipc/core/signal";
   * import { assertEquals } from "@std/assert";
   *
   * using process = PidFd.open(Deno.pid);
   * assertEquals(process.tryExited(), false);
   * ```
   */
  tryExited(): boolean {
    this.#open("tryExited()");
    return this.#attempt() ?? false;
  }

  #attempt(): true | undefined {
    return poll(this.fd, POLLIN, 0) === 0 ? undefined : true;
  }

  #open(what: string): Descriptor {
    return this.#descriptor ?? notSupported(what, "await exited() instead");
  }

  #requireOpen(): void {
    if (this.#closed.signal.aborted) throw this.#closed.signal.reason;
  }

  /**
   * Ends the use of this object; the process goes on. A wait that is pending
   * rejects with `Deno.errors.BadResource`. A second call does nothing.
   *
   * @example
   * ```ts
   * import { PidFd } from "@ipc/core/signal";
   *
   * const process = PidFd.open(Deno.pid);
   * process.close();
   * ```
   */
  close(): void {
    this.#closed.abort(closedError("use", `process ${this.pid}`));
    this.#descriptor?.close();
  }

  /**
   * Closes it at the end of a block.
   *
   * @example
   * ```ts
   * import { PidFd } from "@ipc/core/signal";
   *
   * using process = PidFd.open(Deno.pid);
   * console.log(process.fd);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}
