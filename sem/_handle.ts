import { closedError, E, errno, systemError } from "../_internal/errno.ts";
import { futexWake } from "../_internal/futex.ts";
import { address } from "../_internal/memory.ts";
import { platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import { mirroredWords, mirrorOf, NOWHERE } from "./_mirror.ts";
import { quickAtomics } from "./_quick_atomics.ts";
import { layoutIsKnown, SemaphoreParking } from "./_sem_parking.ts";

// As constants they are called without being looked for.
const { sem_trywait, sem_post } = libc;
const { takeOne, addOne } = quickAtomics;

/** sizeof(sem_t) of Linux. */
export const SEM_SIZE = 32;

/** A `sem_t`, as the C library's functions and the wait loop use it. */
export class Handle {
  /** Where it is: what the functions take, while it is open. */
  readonly address: bigint;
  /** What it is called in errors. */
  readonly name: string;
  /** How to wait for it. */
  readonly parking: SemaphoreParking;
  #words: Int32Array<ArrayBuffer>;
  /** Where the words are for quick operations, if they are anywhere. */
  #mirror: number;

  /**
   * @param bytes Mapped memory.
   * @param offset Where in it the semaphore is.
   * @param name What to call it in errors.
   */
  constructor(bytes: Uint8Array<ArrayBuffer>, offset: number, name: string) {
    const { buffer, byteOffset } = bytes;
    const words = new Int32Array(buffer, byteOffset + offset, SEM_SIZE / 4);
    this.address = address(new Uint8Array(buffer, words.byteOffset));
    this.name = name;
    this.parking = new SemaphoreParking(words, name);
    this.#words = words;
    this.#mirror = layoutIsKnown() ? mirrorOf(words) : NOWHERE;
  }

  /** Whether it is neither ended nor in memory that has gone. */
  get open(): boolean {
    return this.#words.length > 0;
  }

  /** Its memory by words; nothing if it is not open. */
  get words(): Int32Array<ArrayBuffer> {
    return this.#words;
  }

  /** Takes one; if that fails, errno says why, unless it is closed. */
  take(): boolean {
    return takeOne(this.#mirror) !== 0 ||
      this.#words.length > 0 && sem_trywait(this.address) >= 0;
  }

  /** Adds one. */
  add(): void {
    const added = addOne(this.#mirror);
    if (added !== 0) this.#finishAdding(added > 0);
  }

  /** Wakes one who sleeps, or adds by the function if that is still to do. */
  #finishAdding(added: boolean): void {
    // Where it was added, as the buffer may have been transferred.
    if (added) return futexWake(mirroredWords(this.#mirror, 1), 1);
    this.requireOpen("release");
    if (sem_post(this.address) < 0) throw this.refused(errno());
  }

  /** Throws if it cannot be used any more. */
  requireOpen(syscall: string): void {
    if (this.#words.length === 0) throw closedError(syscall, this.name);
  }

  /** The error for what cannot be added. */
  refused(number: number): Error {
    return systemError(number, "sem_post", {
      on: this.name,
      hint: number === E.EOVERFLOW
        ? `its value cannot be more than ${platform.SEM_VALUE_MAX}`
        : undefined,
    });
  }

  /** Wakes those who wait; it is not open from then on. */
  end(): void {
    this.#words = new Int32Array(0);
    this.#mirror = NOWHERE;
    this.parking.end();
  }
}
