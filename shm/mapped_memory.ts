import { wholeNumber } from "../_internal/arguments.ts";
import { check } from "../_internal/errno.ts";
import type { MemoryRegion } from "../_internal/mapped_region.ts";
import { pageSize } from "../_internal/mapping.ts";
import { MS_ASYNC, notSupported, os, platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import { lockPages } from "./_locked_pages.ts";
import type { Region } from "./_region.ts";

/** Options of {@linkcode MappedMemory.sync}. */
export interface SyncOptions {
  /**
   * Whether only to begin with writing, and not to wait until it is done.
   *
   * @default {false}
   */
  readonly async?: boolean;
  /**
   * Where to begin, in bytes.
   *
   * @default {0}
   */
  readonly offset?: number;
  /** How many bytes; all that follow, unless given. */
  readonly length?: number;
}

/**
 * How memory will be used: `"normal"`; in `"random"` or `"sequential"` order;
 * soon (`"willneed"`) or not for a while (`"dontneed"`); in huge pages or not
 * (`"hugepage"`, `"nohugepage"`, Linux).
 */
export type Advice =
  | "normal"
  | "random"
  | "sequential"
  | "willneed"
  | "dontneed"
  | "hugepage"
  | "nohugepage";

/** The same on Linux and macOS, as far as macOS has them: madvise(2). */
const ADVICE: Readonly<Record<Advice, number>> = {
  normal: 0,
  random: 1,
  sequential: 2,
  willneed: 3,
  dontneed: 4,
  hugepage: 14,
  nohugepage: 15,
};

/**
 * What all kinds of mapped memory have in common.
 *
 * The memory is used through {@linkcode bytes}, or through any other view of
 * {@linkcode buffer}: both are live. When it is closed or resized, every view
 * is detached: it reads as empty from then on, or throws, but never crashes the
 * program.
 *
 * @example
 * ```ts
 * import { type MappedMemory, SharedMemory } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * function fill(memory: MappedMemory): void {
 *   memory.bytes.fill(7);
 * }
 *
 * const memory = SharedMemory.anonymous(4096);
 * fill(memory);
 * const { bytes } = memory;
 * assertEquals(bytes[4095], 7);
 * memory.close();
 * assertEquals(bytes.length, 0);
 * ```
 */
export abstract class MappedMemory implements MemoryRegion, Disposable {
  readonly #region: Region;

  /** Made by the kinds of memory. */
  protected constructor(region: Region) {
    this.#region = region;
  }

  /**
   * All of it, live, for views other than bytes.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get buffer(): ArrayBuffer {
    return this.#region.mapping.buffer;
  }

  /**
   * All of it, live.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#region.mapping.bytes;
  }

  /**
   * How many bytes there are.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get size(): number {
    return this.bytes.length;
  }

  /**
   * Whether what is written is seen by others. Of POSIX shared memory and files
   * that are only to be read, a page that is written to becomes a copy, which
   * does not follow the changes of others from then on.
   */
  get writable(): boolean {
    return this.#region.writable;
  }

  /**
   * How many of its pages were used although they were not there any more,
   * since it was mapped: because somebody else has made the object shorter, or
   * there was no room on the disk for what was written to a file with holes.
   * What is read from them are zeros, and what is written is lost.
   *
   * Only where that can be noticed is it more than 0, and the program goes on:
   * on Linux, unless the system forbids memory to be executed. Elsewhere the
   * first such use ends the program, by SIGBUS.
   */
  get missingPages(): number {
    return this.#region.missingPages;
  }

  /**
   * Writes changes back to the file that the memory is of: msync(2). Others
   * that have it mapped see them without this; it is for what has to outlast a
   * crash of the system.
   *
   * @param options Which part, and whether to wait.
   * @throws {RangeError} If the part is not within the memory.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { MappedFile } from "@ipc/core/shm";
   *
   * const path = await Deno.makeTempFile();
   * using file = MappedFile.open(path, { size: 4096 });
   * file.bytes[0] = 7;
   * file.sync();
   * await Deno.remove(path);
   * ```
   */
  sync(options: SyncOptions = {}): void {
    const { async = false, offset = 0, length } = options;
    const { size } = this;
    wholeNumber(offset, "sync", "the offset in bytes", 0, size);
    const rest = size - offset;
    const count = length ?? rest;
    wholeNumber(count, "sync", "the length in bytes", 0, rest);
    const before = offset % pageSize();
    const result = libc.msync(
      this.#region.mapping.address + BigInt(offset - before),
      BigInt(before + count),
      async ? MS_ASYNC : platform.MS_SYNC,
    );
    check(result, "msync", { on: this.#region.name });
  }

  /**
   * Keeps the memory from being swapped out: mlock(2). Without privileges only
   * so much of it as RLIMIT_MEMLOCK allows. What is mapped anew, by resizing or
   * sealing it, has to be locked anew.
   *
   * @throws {IpcError} `ENOMEM` if that is more than is allowed.
   * @throws {Deno.errors.PermissionDenied} If nothing at all is allowed.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * memory.lock();
   * ```
   */
  lock(): void {
    lockPages(this.#region, this.bytes);
  }

  /**
   * Undoes {@linkcode lock}: munlock(2).
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * memory.lock();
   * memory.unlock();
   * ```
   */
  unlock(): void {
    const result = libc.munlock(...this.#range());
    check(result, "munlock", { on: this.#region.name });
  }

  /**
   * Tells the kernel how the memory will be used: madvise(2). Of memory that is
   * not {@linkcode writable}, `"dontneed"` drops the pages that have become
   * copies: they are what everybody else sees again.
   *
   * @param advice How.
   * @throws {TypeError} If there is no such advice.
   * @throws {Deno.errors.NotSupported} If this system does not know it.
   * @throws {IpcError} `EINVAL` if it cannot be done, as with what is locked.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * memory.advise("sequential");
   * ```
   */
  advise(advice: Advice): void {
    const number = Object.hasOwn(ADVICE, advice) ? ADVICE[advice] : undefined;
    if (number === undefined) {
      const known = Object.keys(ADVICE).join(", ");
      throw new TypeError(
        `Cannot advise: the advice must be one of ${known}: ` +
          `current value is ${advice}`,
      );
    }
    if (os !== "linux" && advice.endsWith("hugepage")) {
      notSupported(`advising "${advice}"`);
    }
    const result = libc.madvise(...this.#range(), number);
    check(result, "madvise", {
      on: this.#region.name,
      hint: advice === "dontneed"
        ? "what is locked has to be unlocked before"
        : `this system does not know "${advice}" for it`,
    });
  }

  /**
   * Unmaps the memory and detaches every view of it. A second call does
   * nothing.
   *
   * Asynchronous operations of Deno that were given the bytes, such as reading
   * a file into them, have to be over by then.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const memory = SharedMemory.anonymous(4096);
   * const words = new Int32Array(memory.buffer);
   * memory.close();
   * console.log(words.length); // 0
   * ```
   */
  close(): void {
    this.#region.mapping.close();
  }

  /**
   * Closes it at the end of a block.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * console.log(memory.size);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }

  #range(): [bigint, bigint] {
    return [this.#region.mapping.address, BigInt(this.size)];
  }
}
