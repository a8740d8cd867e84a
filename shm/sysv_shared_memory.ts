import { E, systemError } from "../_internal/errno.ts";
import {
  createPrivateSysv,
  createSysv,
  ensureSysv,
  openSysv,
  sysvId,
} from "../_internal/sysv.ts";
import { memorySize } from "./_object.ts";
import { Region } from "./_region.ts";
import {
  attach,
  contextOf,
  listSegments,
  removeSegment,
  segmentExists,
  segments,
  statSegment,
} from "./_segment.ts";
import { MappedMemory } from "./mapped_memory.ts";
import type {
  SysvSharedMemoryEntry,
  SysvSharedMemoryStat,
} from "./sysv_stat.ts";

/** Options of making System V shared memory. */
export interface SysvSharedMemoryOptions {
  /** How many bytes. */
  readonly size: number;
  /**
   * Permission bits, as of a file. The umask does not apply.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode SysvSharedMemory.close} also removes the memory.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/** Options of finding System V shared memory. */
export interface SysvSharedMemoryOpenOptions {
  /**
   * Whether only to read it, for which reading has to be permitted only.
   * **Writing to it then kills the program**, by SIGSEGV: unlike POSIX shared
   * memory, a segment cannot be mapped as a copy.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
}

/**
 * System V shared memory: the same bytes in several processes, under a numeric
 * key. It stays until somebody removes it or the system is restarted. Linux and
 * macOS, which allows 32 segments of 4 MiB.
 *
 * It is for programs that have it. Between programs of your own
 * {@linkcode SharedMemory} does the same and more: it has a descriptor, can be
 * resized, and can be read without risk.
 *
 * See [shmget(2)](https://man7.org/linux/man-pages/man2/shmget.2.html) and
 * [shmop(2)](https://man7.org/linux/man-pages/man2/shmop.2.html).
 *
 * @example Two programs, here in one
 * ```ts
 * import { SysvSharedMemory } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * using mine = SysvSharedMemory.createPrivate({ size: 4096, temporary: true });
 * using theirs = SysvSharedMemory.fromId(mine.id); // in another program
 *
 * mine.bytes[0] = 7;
 * assertEquals(theirs.bytes[0], 7);
 * ```
 */
export class SysvSharedMemory extends MappedMemory {
  /** The number by which the kernel knows it; the same for all processes. */
  readonly id: number;
  #temporary: boolean;

  private constructor(id: number, readOnly: boolean, temporary = false) {
    const mapping = attach(id, readOnly);
    super(new Region(mapping, `shared memory ${id}`, !readOnly));
    this.id = id;
    this.#temporary = temporary;
  }

  /**
   * Makes new shared memory, all zeros: shmget(2).
   *
   * @param key A number that the programs have agreed on, such as `ftok` of
   * `@ipc/core/mq`; 32 bits, and not 0.
   * @param options How large, with which permissions, and whether closing
   * removes it.
   * @returns The memory; close it when done.
   * @throws {Deno.errors.AlreadyExists} If there is some under that key.
   * @throws {IpcError} `ENOSPC` or `ENOMEM` if there is no room, `EINVAL` if it
   * is larger than the system allows.
   * @throws {RangeError} If the key is not a whole number of 32 bits, or 0, or
   * the size or mode is none.
   *
   * @example
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * const key = crypto.getRandomValues(new Uint32Array(1))[0];
   * const options = { size: 4096, temporary: true };
   * using memory = SysvSharedMemory.create(key, options);
   * memory.bytes[0] = 1;
   * ```
   */
  static create(
    key: number,
    options: SysvSharedMemoryOptions,
  ): SysvSharedMemory {
    const { size, mode = 0o600, temporary } = options;
    memorySize(size, "create System V shared memory");
    return SysvSharedMemory.#make(
      createSysv(segments(size), key, mode),
      temporary,
    );
  }

  /**
   * Finds shared memory that is there.
   *
   * @param key Its key.
   * @param options Whether only to read it.
   * @returns The memory, all of it; close it when done.
   * @throws {Deno.errors.NotFound} If there is none under that key.
   * @throws {Deno.errors.PermissionDenied} If it may not be used.
   * @throws {RangeError} If the key is not a whole number of 32 bits, or 0.
   *
   * @example
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * const key = crypto.getRandomValues(new Uint32Array(1))[0];
   * const options = { size: 4096, temporary: true };
   * using _made = SysvSharedMemory.create(key, options);
   *
   * using found = SysvSharedMemory.open(key);
   * console.log(found.size);
   * ```
   */
  static open(
    key: number,
    options: SysvSharedMemoryOpenOptions = {},
  ): SysvSharedMemory {
    const { readOnly = false } = options;
    return new SysvSharedMemory(openSysv(segments(), key), readOnly);
  }

  /**
   * Finds shared memory, or makes it if it is not there. All options apply only
   * if it is made: what was there has the size it has.
   *
   * @param key Its key.
   * @param options As for {@linkcode create}.
   * @returns The memory; close it when done.
   * @throws {Deno.errors.PermissionDenied} If it may not be used.
   * @throws {IpcError} `ENOSPC` or `ENOMEM` if there is no room, `EINVAL` if it
   * is larger than the system allows.
   * @throws {RangeError} If the key is not a whole number of 32 bits, or 0, or
   * the size or mode is none.
   *
   * @example Whichever program comes first
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * const key = crypto.getRandomValues(new Uint32Array(1))[0];
   * using memory = SysvSharedMemory.ensure(key, { size: 4096 });
   * using same = SysvSharedMemory.ensure(key, { size: 4096 });
   * memory.remove();
   * ```
   */
  static ensure(
    key: number,
    options: SysvSharedMemoryOptions,
  ): SysvSharedMemory {
    const { size, mode = 0o600, temporary = false } = options;
    memorySize(size, "create System V shared memory");
    const { id, made } = ensureSysv(segments(size), key, mode);
    return made
      ? SysvSharedMemory.#make(id, temporary)
      : new SysvSharedMemory(id, false);
  }

  /**
   * Makes shared memory that has no key: other programs find it by its id. No
   * key can be taken by somebody else, so prefer this where you can.
   *
   * @param options How large, with which permissions, and whether closing
   * removes it.
   * @returns The memory, all zeros; close it when done.
   * @throws {IpcError} `ENOSPC` or `ENOMEM` if there is no room, `EINVAL` if it
   * is larger than the system allows.
   * @throws {RangeError} If the size or mode is none.
   *
   * @example
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * const options = { size: 4096, temporary: true };
   * using memory = SysvSharedMemory.createPrivate(options);
   * console.log(memory.id);
   * ```
   */
  static createPrivate(options: SysvSharedMemoryOptions): SysvSharedMemory {
    const { size, mode = 0o600, temporary } = options;
    memorySize(size, "create System V shared memory");
    return SysvSharedMemory.#make(
      createPrivateSysv(segments(size), mode),
      temporary,
    );
  }

  /**
   * Finds shared memory by its id.
   *
   * @param id Its id.
   * @param options Whether only to read it.
   * @returns The memory, all of it; close it when done.
   * @throws {Deno.errors.NotFound} If there is none with that id.
   * @throws {Deno.errors.PermissionDenied} If it may not be used.
   * @throws {RangeError} If it is no number that an id can be.
   *
   * @example
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * const options = { size: 4096, temporary: true };
   * using made = SysvSharedMemory.createPrivate(options);
   * using found = SysvSharedMemory.fromId(made.id);
   * found.bytes[0] = 1;
   * ```
   */
  static fromId(
    id: number,
    options: SysvSharedMemoryOpenOptions = {},
  ): SysvSharedMemory {
    const { readOnly = false } = options;
    sysvId(id, "find System V shared memory");
    if (segmentExists(id)) return new SysvSharedMemory(id, readOnly);
    throw systemError(E.ENOENT, "shmctl", contextOf(id));
  }

  /**
   * All segments of this system, or of this container. Linux only.
   *
   * @returns What is known of each, in the kernel's order.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * for (const { key, id, size } of SysvSharedMemory.list()) {
   *   console.log(`key ${key}, id ${id}: ${size} bytes`);
   * }
   * ```
   */
  static list(): SysvSharedMemoryEntry[] {
    return listSegments();
  }

  /**
   * What the kernel knows of it: shmctl(2), IPC_STAT.
   *
   * @returns Who may use it, and who has.
   * @throws {IpcError} `EIDRM` if it has been removed.
   *
   * @example
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * const options = { size: 4096, temporary: true };
   * using memory = SysvSharedMemory.createPrivate(options);
   * console.log(memory.stat().attached); // 1
   * ```
   */
  stat(): SysvSharedMemoryStat {
    return statSegment(this.id);
  }

  /**
   * Removes it: it cannot be found by its key any more, and is gone when the
   * last process has closed it.
   *
   * @throws {Deno.errors.PermissionDenied} If it is somebody else's.
   * @throws {IpcError} `EIDRM` if it is gone already.
   *
   * @example
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * using memory = SysvSharedMemory.createPrivate({ size: 4096 });
   * memory.remove();
   * memory.bytes[0] = 1; // it is still there
   * ```
   */
  remove(): void {
    removeSegment(this.id);
  }

  /**
   * Detaches the memory and every view of it, and removes it if it is
   * temporary. A second call does nothing.
   *
   * @example
   * ```ts
   * import { SysvSharedMemory } from "@ipc/core/shm";
   *
   * const options = { size: 4096, temporary: true };
   * const memory = SysvSharedMemory.createPrivate(options);
   * memory.close(); // and it is gone
   * ```
   */
  override close(): void {
    super.close();
    const { id } = this;
    const temporary = this.#temporary;
    this.#temporary = false;
    if (temporary && segmentExists(id)) removeSegment(id);
  }

  /** Attaches what was just made. */
  static #make(id: number, temporary?: boolean): SysvSharedMemory {
    try {
      return new SysvSharedMemory(id, false, temporary);
    } catch (error) {
      removeSegment(id);
      throw error;
    }
  }
}
