import type { Descriptor } from "../_internal/descriptor.ts";
import { closedError, E, errno, systemError } from "../_internal/errno.ts";
import { canInterrupt } from "../_internal/interrupt.ts";
import type { LockMode } from "../_internal/lock_mode.ts";
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

/** Has one lock of one descriptor, or waits for it. */
export class Taker {
  readonly #descriptor: Descriptor;
  readonly #calls: LockCalls;
  readonly #queue: WaitQueue;
  readonly #parking: ThreadParking;
  /** What is waited for. */
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
    const begin = () => this.#begin();
    const wait: ThreadWait = {
      get begin() {
        return canBegin() ? begin : undefined;
      },
      blockSync: (milliseconds) => this.#block(milliseconds),
    };
    const canBegin = () => !this.#inVain && canInterrupt();
    this.#parking = new ThreadParking(wait);
    this.#queue = new WaitQueue(this.#parking, calls.syscall);
  }

  /** Takes it, or converts it, if that is possible at once. */
  try(mode: LockMode): boolean {
    return this.#queue.try(() => this.#attempt(mode)) ?? false;
  }

  /** Takes it or converts it, blocking the thread. */
  takeSync(mode: LockMode, options?: SyncWaitOptions): void {
    this.#mode = mode;
    this.#queue.runSync(() => this.#attempt(mode), options);
  }

  /** Takes it or converts it. */
  async take(mode: LockMode, options?: WaitOptions): Promise<void> {
    this.#mode = mode;
    await this.#queue.run(() => this.#attempt(mode), options);
  }

  /** Gives it up. */
  unlock(): void {
    // What goes wrong here goes right when the descriptor is closed.
    this.#calls.unlock(this.#descriptor.fd);
  }

  /** Wakes who waits for it with an error. */
  close(): void {
    const { syscall } = this.#calls;
    this.#parking.close(closedError(syscall, this.#descriptor.name));
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

  #attempt(mode: LockMode): true | undefined {
    const { fd, name } = this.#descriptor;
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
