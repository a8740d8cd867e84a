import type { MemoryRegion } from "../_internal/mapped_region.ts";
import { wholeNumber } from "../_internal/arguments.ts";
import { check, closedError } from "../_internal/errno.ts";
import { notSupported, os, platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import { Handle, SEM_SIZE } from "./_handle.ts";
import { nothingThere, placeFor, type Thing } from "./_place.ts";
import { isShared } from "./_sem_parking.ts";
import { PosixSemaphore } from "./posix_semaphore.ts";

const THING: Thing = {
  kind: "UnnamedSemaphore",
  size: SEM_SIZE,
  // Its first word has 64 bits.
  alignment: 8,
};

/**
 * A POSIX semaphore in memory that processes share: a `sem_t`, as C programs
 * have it in theirs. It goes with the memory. Linux only.
 *
 * There is nothing to close: when the memory is closed or resized, acquires
 * that are pending reject with `Deno.errors.BadResource`, and so does every use
 * from then on. What is acquired is given back by releasing it, not by ending
 * the program: see {@linkcode PosixSemaphore}.
 *
 * See [sem_init(3)](https://man7.org/linux/man-pages/man3/sem_init.3.html).
 *
 * @example
 * ```ts
 * import { UnnamedSemaphore } from "@ipc/core/sem";
 * import { SharedMemory } from "@ipc/core/shm";
 *
 * const name = `/table-${crypto.randomUUID()}`;
 * using memory = SharedMemory.create(name, { size: 4096, temporary: true });
 * UnnamedSemaphore.init(memory, 0, 1);
 *
 * // In another program, which has opened the same memory:
 * const semaphore = UnnamedSemaphore.at(memory, 0);
 * {
 *   using _permit = await semaphore.acquire();
 *   memory.bytes[UnnamedSemaphore.byteLength]++;
 * }
 * ```
 */
export class UnnamedSemaphore extends PosixSemaphore {
  /** How many bytes of memory it takes. */
  static readonly byteLength: number = SEM_SIZE;

  readonly #handle: Handle;

  private constructor(handle: Handle) {
    super(handle);
    this.#handle = handle;
  }

  /**
   * Makes a semaphore: sem_init(3). Nobody may be using one there.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 8.
   * @param value How many can be acquired at first.
   * @returns The semaphore.
   * @throws {RangeError} If the offset is misaligned or out of range, or the
   * value cannot be.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example
   * ```ts
   * import { UnnamedSemaphore } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const semaphore = UnnamedSemaphore.init(memory, 64, 3);
   * console.log(semaphore.value); // 3
   * ```
   */
  static init(
    memory: MemoryRegion,
    offset: number,
    value: number,
  ): UnnamedSemaphore {
    const handle = place(memory, offset);
    wholeNumber(
      value,
      "initialise a semaphore",
      "the value",
      0,
      platform.SEM_VALUE_MAX,
    );
    check(libc.sem_init(handle.words, 1, value), "sem_init");
    return new UnnamedSemaphore(handle);
  }

  /**
   * Finds a semaphore that was made for several processes, by
   * {@linkcode init} or by a C program.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 8.
   * @returns The semaphore.
   * @throws {IpcError} `EINVAL` if there is none.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example
   * ```ts
   * import { UnnamedSemaphore } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * UnnamedSemaphore.init(memory, 0, 1);
   * using _permit = await UnnamedSemaphore.at(memory, 0).acquire();
   * ```
   */
  static at(memory: MemoryRegion, offset: number): UnnamedSemaphore {
    const handle = place(memory, offset);
    if (!isShared(handle.words)) throw nothingThere(THING.kind, offset);
    return new UnnamedSemaphore(handle);
  }

  /**
   * Ends the semaphore: sem_destroy(3). Acquires that are pending on this
   * object reject with `Deno.errors.BadResource`. No other may be used any
   * more, here or in other programs, nor be waiting.
   *
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { UnnamedSemaphore } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const semaphore = UnnamedSemaphore.init(memory, 0, 1);
   * semaphore.destroy();
   * ```
   */
  destroy(): void {
    const { words, open, name } = this.#handle;
    if (!open) throw closedError("destroy", name);
    this.#handle.end();
    check(libc.sem_destroy(words), "sem_destroy", { on: name });
    // Its place is memory like any other again.
    words.fill(0);
  }
}

function place(memory: MemoryRegion, offset: number): Handle {
  if (os === "darwin") {
    notSupported("UnnamedSemaphore", "use Semaphore, or a Mutex");
  }
  const bytes = placeFor(memory, offset, THING);
  return new Handle(bytes, offset, `offset ${offset}`);
}
