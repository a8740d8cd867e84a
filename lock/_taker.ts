import { timeout } from "../_internal/arguments.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { closedError, E, errno, systemError } from "../_internal/errno.ts";
import { canInterrupt } from "../_internal/interrupt.ts";
import type { LockMode } from "../_internal/lock_mode.ts";
import { sliceIsOver } from "../_internal/slice.ts";
import {
  type ThreadCall,
  ThreadParking,
  type ThreadWait,
} from "../_internal/thread.ts";
import { callFor } from "../_internal/time_limit.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import type { LockCalls } from "./_lock_calls.ts";

/** Those who wait for one lock, and how. */
interface Waiting {
  readonly parking: ThreadParking;
  readonly queue: WaitQueue;
}

function newWaiting(
  { begin, canBegin, blockSync }: {
    readonly begin: () => ThreadCall;
    readonly canBegin: () => boolean;
    readonly blockSync: (milliseconds: number) => void;
  },
  syscall: string,
  on: string,
): Waiting {
  const wait: ThreadWait = {
    get begin() {
      return canBegin() ? begin : undefined;
    },
    blockSync,
  };
  const parking = new ThreadParking(wait);
  return { parking, queue: new WaitQueue(parking, syscall, on) };
}

/** Has one lock of one descriptor, or waits for it. */
export class Taker {
  readonly #descriptor: Descriptor;
  readonly #calls: LockCalls;
  /** Made when it is needed: most locks are had at once. */
  #waiting: Waiting | undefined;
  /** What was attempted last, and is waited for then. */
  #mode: LockMode = "exclusive";
  /** Resolves when no thread is in a call with the descriptor any more. */
  #idle: Promise<void> | undefined;
  /** Whether a thread has locked what no attempt has asked for since. */
  #took = false;
  /** Whether a thread came back for nothing, as it would again. */
  #inVain = false;

  /**
   * @param descriptor What is locked; its owner closes it.
   * @param calls How.
   */
  constructor(descriptor: Descriptor, calls: LockCalls) {
    this.#descriptor = descriptor;
    this.#calls = calls;
  }

  /** Takes it, or converts it, if that is possible at once. */
  try(mode: LockMode): boolean {
    const waits = this.#waiting !== undefined && !this.#waiting.queue.idle;
    return !waits && this.#attempt(mode) === true;
  }

  /** The same; not either if the event loop is due a turn. */
  eager(mode: LockMode): boolean {
    return !sliceIsOver() && this.try(mode);
  }

  /** Takes it or converts it, blocking the thread. */
  takeSync(mode: LockMode, options?: SyncWaitOptions): void {
    timeout(options?.timeout, this.#calls.syscall);
    if (this.try(mode)) return;
    this.#wait().queue.runSync(() => this.#attempt(mode), options);
  }

  /** Takes it or converts it. */
  async take(mode: LockMode, options?: WaitOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (this.eager(mode)) return;
    await this.#wait().queue.run(() => this.#attempt(mode), options);
  }

  /** Gives it up. */
  unlock(): void {
    // What goes wrong here goes right when the descriptor is closed.
    this.#calls.unlock(this.#descriptor.fd);
  }

  /** Wakes who waits for it with an error. */
  close(): void {
    if (this.#waiting === undefined || this.#waiting.queue.idle) return;
    const { syscall } = this.#calls;
    this.#waiting.parking.close(closedError(syscall, this.#descriptor.name));
  }

  /**
   * Calls `action` as soon as no thread can lock the descriptor any more, or by
   * its number what has that after it.
   *
   * @param action Told whether a thread has locked it for nobody.
   */
  whenIdle(action: (took: boolean) => void): void {
    const settle = () => {
      const took = this.#took;
      this.#took = false;
      action(took);
    };
    if (this.#idle === undefined) settle();
    else void this.#idle.then(settle);
  }

  #wait(): Waiting {
    return this.#waiting ??= newWaiting(
      {
        begin: () => this.#begin(),
        canBegin: () => !this.#inVain && canInterrupt(),
        blockSync: (milliseconds) => this.#block(milliseconds),
      },
      this.#calls.syscall,
      this.#descriptor.name,
    );
  }

  #attempt(mode: LockMode): true | undefined {
    const { fd, name } = this.#descriptor;
    this.#mode = mode;
    this.#took = false;
    if (this.#calls.attempt(fd, mode) >= 0) return true;
    const number = errno();
    // fcntl(2) may say either when others are in the way.
    const usual = [E.EAGAIN, E.EACCES, E.EINTR].includes(number);
    if (usual) return undefined;
    throw systemError(number, this.#calls.syscall, {
      on: name,
      hint: number === E.EBADF
        ? `it has to be open to ${mode === "shared" ? "read" : "write"}`
        : undefined,
    });
  }

  #begin(): ThreadCall {
    const call = this.#calls.begin(this.#descriptor.fd, this.#mode);
    let interrupted = false;
    const idle = call.back.then((result) => {
      if (this.#idle === idle) this.#idle = undefined;
      this.#took = result >= 0;
      if (result < 0 && !interrupted) this.#inVain = true;
    });
    this.#idle = idle;
    return {
      back: idle,
      interrupt() {
        interrupted = true;
        call.interrupt();
      },
    };
  }

  #block(milliseconds: number): void {
    const { fd, name } = this.#descriptor;
    callFor(milliseconds, () => {
      if (this.#calls.block(fd, this.#mode) >= 0) return;
      const number = errno();
      if (number !== E.EDEADLK) return;
      throw systemError(number, this.#calls.syscall, {
        on: name,
        hint: "whoever has it waits for what this process has",
      });
    }, true);
  }
}
