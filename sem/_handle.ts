import { SemaphoreParking } from "./_sem_parking.ts";

/** sizeof(sem_t) of Linux. */
export const SEM_SIZE = 32;

/** A `sem_t`, as the C library's functions and the wait loop use it. */
export class Handle {
  /** What the functions take, while it is open. */
  readonly pointer: Deno.PointerObject;
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
    this.pointer = Deno.UnsafePointer.of(words)!;
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

  /** Wakes those who wait; it is not open from then on. */
  end(): void {
    this.#words = new Int32Array(0);
    this.parking.end();
  }
}
