import { closedError, E, errno, systemError } from "../_internal/errno.ts";
import { address } from "../_internal/memory.ts";
import { platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import { SemaphoreParking } from "./_sem_parking.ts";

// As constants they are called without being looked for.
const { sem_trywait, sem_post } = libc;

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
    return this.#words.length > 0 && sem_trywait(this.address) >= 0;
  }

  /** Adds one. */
  add(): void {
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
    this.parking.end();
  }
}
