import {
  closedError,
  E,
  errno,
  type ErrorContext,
} from "../_internal/errno.ts";
import { canInterrupt, interrupt } from "../_internal/interrupt.ts";
import { address } from "../_internal/memory.ts";
import { os } from "../_internal/platform.ts";
import { sysvError } from "../_internal/sysv.ts";
import {
  pausesOfLooks,
  type ThreadCall,
  ThreadParking,
} from "../_internal/thread.ts";
import { timespec } from "../_internal/timespec.ts";
import { WaitQueue } from "../_internal/wait.ts";
import { libc } from "./_ffi.ts";
import {
  MOST_OPERATIONS,
  MOST_VALUE,
  type Operations,
  type Sembufs,
} from "./_operations.ts";

const SIZE = 3;

/**
 * Those who wait for the same operations on one set. A thread that waits makes
 * all the operations and then, in the same call, their opposites: it comes back
 * when they are possible and has changed nothing.
 */
export class Operator {
  readonly queue: WaitQueue;
  readonly #id: number;
  readonly #context: ErrorContext;
  readonly #operations: Operations;
  readonly #count: bigint;
  readonly #parking: ThreadParking;
  readonly #looks = pausesOfLooks();
  #closed = false;

  constructor(id: number, context: ErrorContext, operations: Operations) {
    this.#id = id;
    this.#context = context;
    this.#operations = operations;
    this.#count = countOf(operations.attempt);
    const { wait } = operations;
    const canBegin = wait.length <= SIZE * MOST_OPERATIONS && canInterrupt();
    this.#parking = new ThreadParking({
      begin: canBegin ? () => this.#begin() : undefined,
      blockSync: (milliseconds) => this.#block(milliseconds),
    });
    this.queue = new WaitQueue(this.#parking, "semop", context.on);
  }

  /** Carries the operations out; undefined if they would have to wait. */
  readonly attempt = (): true | undefined => {
    if (this.#closed) throw closedError("semop", this.#context.on);
    const { attempt } = this.#operations;
    if (libc.semop(this.#id, attempt, this.#count) >= 0) {
      this.#parking.restart();
      this.#looks.restart();
      return true;
    }
    const number = errno();
    if (number === E.EAGAIN || number === E.EINTR) return undefined;
    throw sysvError(number, "semop", {
      ...this.#context,
      hint: hintFor(number),
    });
  };

  /** Wakes all who wait with an error. */
  close(): void {
    this.#closed = true;
    this.#parking.close(closedError("semop", this.#context.on));
  }

  #begin(): ThreadCall {
    const { wait } = this.#operations;
    // Of its own, by which the thread is found.
    const sembufs = wait.slice();
    const where = address(new Uint8Array(sembufs.buffer));
    const back = libc.parked_semop(this.#id, sembufs, countOf(sembufs));
    return { back, interrupt: () => interrupt({ address: where }) };
  }

  #block(milliseconds: number): void {
    const { wait } = this.#operations;
    const tooMany = wait.length > SIZE * MOST_OPERATIONS;
    // macOS has no semtimedop.
    if (os !== "linux" || tooMany) return this.#looks.parkSync(milliseconds);
    // What fails here fails again when it is attempted.
    const limit = timespec(milliseconds);
    libc.semtimedop(this.#id, wait, countOf(wait), limit);
  }
}

function hintFor(number: number): string | undefined {
  switch (number) {
    case E.ERANGE:
      return `a value cannot be more than ${MOST_VALUE}`;
    case E.EFBIG:
      return "the set does not have that many semaphores";
    case E.E2BIG:
      return "these are more operations than /proc/sys/kernel/sem allows";
    default:
      return undefined;
  }
}

function countOf(sembufs: Sembufs): bigint {
  return BigInt(sembufs.length / SIZE);
}
