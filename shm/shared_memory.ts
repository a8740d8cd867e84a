import { fdNumber, fileMode } from "../_internal/arguments.ts";
import {
  adopt,
  Descriptor,
  requireAdoptable,
} from "../_internal/descriptor.ts";
import { ensure } from "../_internal/ensure.ts";
import { E, systemError } from "../_internal/errno.ts";
import { fileLengthOf } from "../_internal/file.ts";
import { TemporaryName } from "../_internal/temporary_name.ts";
import { mapObject, resizeObject } from "./_mapping.ts";
import {
  createObject,
  growObject,
  listObjects,
  memoryName,
  memorySize,
  openObject,
  pathOf,
  requireMemory,
  unlinkObject,
} from "./_object.ts";
import { Region } from "./_region.ts";
import { addSeals, getSeals, requireSeals } from "./_seals.ts";
import { createMemfd, createUnnamed } from "./_unnamed.ts";
import { MappedMemory } from "./mapped_memory.ts";
import type { MemfdOptions } from "./memfd_options.ts";
import type { Seal } from "./seal.ts";

/** Options of {@linkcode SharedMemory.create} and {@linkcode SharedMemory.ensure}. */
export interface SharedMemoryOptions {
  /** How many bytes. macOS rounds it up to whole pages. */
  readonly size: number;
  /**
   * Permission bits, exactly as given; on macOS the umask applies.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode SharedMemory.close} also removes the name.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/** Options of opening shared memory that is there. */
export interface SharedMemoryOpenOptions {
  /**
   * Whether only to read it. What is written none the less is seen by nobody
   * else, see {@linkcode MappedMemory.writable}.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
}

/**
 * POSIX shared memory: the same bytes in several processes, under a name, or
 * under none and passed on as a descriptor.
 *
 * The room is reserved when it is made, so that writing to it cannot fail later.
 * It begins as zeros and stays until its name is removed and the last process
 * has closed it, or until the system is started anew.
 *
 * See [shm_overview(7)](https://man7.org/linux/man-pages/man7/shm_overview.7.html).
 *
 * @example Two programs, here in one
 * ```ts
 * import { SharedMemory } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/example-${crypto.randomUUID()}`;
 * using mine = SharedMemory.create(name, { size: 4096, temporary: true });
 * using theirs = SharedMemory.open(name); // usually in another program
 *
 * new Int32Array(mine.buffer)[0] = 7;
 * assertEquals(Atomics.add(new Int32Array(theirs.buffer), 0, 1), 7);
 * assertEquals(mine.bytes[0], 8);
 * ```
 */
export class SharedMemory extends MappedMemory {
  /** Its name, if it has one. */
  readonly name: string | undefined;
  readonly #descriptor: Descriptor;
  readonly #region: Region;
  #temporary: TemporaryName | undefined;

  private constructor(
    descriptor: Descriptor,
    region: Region,
    name: string | undefined,
    temporary: boolean,
  ) {
    super(region);
    this.name = name;
    this.#descriptor = descriptor;
    this.#region = region;
    this.#temporary = temporary && name !== undefined
      ? TemporaryName.ofFile(pathOf(name), () => unlinkObject(name))
      : undefined;
  }

  /**
   * Makes new shared memory, all zeros: shm_open(3).
   *
   * @param name A slash and up to 255 bytes more, 30 on macOS.
   * @param options How large, with which permissions, and whether closing
   * removes the name.
   * @returns The memory; close it when done.
   * @throws {Deno.errors.AlreadyExists} If there is some of that name.
   * @throws {IpcError} `ENOSPC` if there is not enough room for it.
   * @throws {TypeError} If the name is none.
   * @throws {RangeError} If the name is too long, or the size or mode is none.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * using memory = SharedMemory.create(name, { size: 4096, temporary: true });
   * memory.bytes[0] = 1;
   * ```
   */
  static create(name: string, options: SharedMemoryOptions): SharedMemory {
    const { size, mode = 0o600, temporary = false } = options;
    const verb = "create shared memory";
    memoryName(name, verb);
    memorySize(size, verb);
    fileMode(mode, verb);
    const fd = createObject(name, size, mode);
    try {
      return SharedMemory.#own(fd, { name, temporary });
    } catch (error) {
      unlinkObject(name);
      throw error;
    }
  }

  /**
   * Opens shared memory that is there.
   *
   * @param name Its name.
   * @param options Whether only to read it.
   * @returns The memory, all of it; close it when done.
   * @throws {Deno.errors.NotFound} If there is none of that name.
   * @throws {Deno.errors.PermissionDenied} If it may not be used.
   * @throws {IpcError} `EINVAL` if nobody has given it a size, or it is no
   * memory.
   * @throws {TypeError} If the name is none.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * using _made = SharedMemory.create(name, { size: 4096, temporary: true });
   *
   * using found = SharedMemory.open(name, { readOnly: true });
   * console.log(found.size, found.bytes[0]);
   * ```
   */
  static open(
    name: string,
    options: SharedMemoryOpenOptions = {},
  ): SharedMemory {
    const { readOnly = false } = options;
    memoryName(name, "open shared memory");
    return SharedMemory.#own(openObject(name, readOnly), { name, readOnly });
  }

  /**
   * Opens shared memory, or makes it if it is not there. All options apply only
   * if it is made: what was there has the size it has.
   *
   * @param name Its name.
   * @param options How large, with which permissions, and whether closing
   * removes the name.
   * @returns The memory; close it when done.
   * @throws {Deno.errors.PermissionDenied} If it may not be used.
   * @throws {IpcError} `ENOSPC` if there is not enough room for it.
   * @throws {TypeError} If the name is none.
   * @throws {RangeError} If the name is too long, or the size or mode is none.
   *
   * @example Whichever program comes first
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * using memory = SharedMemory.ensure(name, { size: 4096 });
   * using same = SharedMemory.ensure(name, { size: 4096 });
   * memory.unlink();
   * ```
   */
  static ensure(name: string, options: SharedMemoryOptions): SharedMemory {
    return ensure(
      () => SharedMemory.create(name, options),
      () => SharedMemory.open(name),
    );
  }

  /**
   * Removes a name. Who has the memory keeps it.
   *
   * @param name Its name.
   * @throws {Deno.errors.NotFound} If there is none of that name.
   * @throws {Deno.errors.PermissionDenied} If it is somebody else's.
   * @throws {TypeError} If the name is none.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * SharedMemory.create(name, { size: 4096 }).close();
   * SharedMemory.unlink(name);
   * ```
   */
  static unlink(name: string): void {
    unlinkObject(memoryName(name, "unlink shared memory"));
  }

  /**
   * The names of all shared memory of this system. Linux only.
   *
   * @returns The names, in order.
   * @throws {Deno.errors.NotSupported} On macOS, which keeps no list.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * for (const name of SharedMemory.list()) console.log(name);
   * ```
   */
  static list(): string[] {
    return listObjects();
  }

  /**
   * Makes memory without a name, for whom its descriptor is given to: a child,
   * or the other side of a Unix socket.
   *
   * @param size How many bytes. macOS rounds it up to whole pages.
   * @returns The memory, all zeros; close it when done.
   * @throws {IpcError} `ENOSPC` or `ENOMEM` if there is not enough of it.
   * @throws {RangeError} If that is no size.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   * import { spawn } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const child = spawn("sh", {
   *   args: ["-c", "printf 7 > /dev/fd/3"],
   *   fds: { 3: memory },
   * });
   * await child.status;
   * assertEquals(memory.bytes[0], "7".charCodeAt(0));
   * ```
   */
  static anonymous(size: number): SharedMemory {
    return SharedMemory.#own(createUnnamed(size), {});
  }

  /**
   * Makes a memory file, which can be sealed and can be of huge pages:
   * memfd_create(2). Linux only.
   *
   * @param options How large, and which of these.
   * @returns The memory, all zeros; close it when done.
   * @throws {IpcError} `ENOSPC` or `ENOMEM` if there is not enough memory, or
   * there are not enough huge pages.
   * @throws {TypeError} If the name is none.
   * @throws {RangeError} If the name is too long, the size is none, or no
   * multiple of a huge page.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example Memory that the receiver can rely on
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   * import { assertThrows } from "@std/assert";
   *
   * using memory = SharedMemory.memfd({ size: 4096, sealable: true });
   * memory.seal("shrink", "grow", "seal");
   * assertThrows(() => memory.resize(1), Deno.errors.PermissionDenied);
   * ```
   */
  static memfd(options: MemfdOptions): SharedMemory {
    return SharedMemory.#own(createMemfd(options), {});
  }

  /**
   * Takes over a descriptor of shared memory that this process was started
   * with or has received, and maps all of it. A file will do as well.
   *
   * @param fd Its number; this object closes it.
   * @param options Whether only to read it; it has to be for a descriptor that
   * was opened for reading only.
   * @returns The memory; close it when done.
   * @throws {Deno.errors.BadResource} If it is not open for that.
   * @throws {Deno.errors.Busy} If an open object here owns it.
   * @throws {Deno.errors.PermissionDenied} If it is sealed against writing, and
   * not only to be read.
   * @throws {IpcError} `EINVAL` if it is of no memory, or of none at all.
   * @throws {RangeError} If that is no number of a descriptor. It stays open
   * after any error, and is not taken over.
   *
   * @example A child that was given memory as its descriptor 3
   * ```ts no-assert ignore
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.fromFd(3);
   * memory.bytes[0]++;
   * ```
   */
  static fromFd(
    fd: number,
    options: SharedMemoryOpenOptions = {},
  ): SharedMemory {
    const { readOnly = false } = options;
    fdNumber(fd, "take over a descriptor");
    requireMemory(fd, `fd ${fd}`);
    const use = readOnly ? "read" : "read and write";
    requireAdoptable(fd, use);
    const region = regionOf(fd, `fd ${fd}`, readOnly);
    return new SharedMemory(adopt(fd, use), region, undefined, false);
  }

  /**
   * The descriptor of the memory, to be passed on.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Gives the memory another size and maps it anew: every view from before is
   * detached, on this side. Others keep what they have mapped, and must not
   * touch what is not there any more.
   *
   * @param size How many bytes; as many as there are now if not given, which is
   * for when somebody else has resized it.
   * @throws {RangeError} If that is no size.
   * @throws {IpcError} `ENOSPC` or `EFBIG` if there is not enough room; `EINVAL`
   * if nothing is left of it, or on macOS, where memory has one size all its
   * life. Nothing has changed then.
   * @throws {Deno.errors.PermissionDenied} If it is sealed or read-only.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const before = memory.bytes;
   * memory.resize(8192);
   * assertEquals([before.length, memory.bytes.length], [0, 8192]);
   * ```
   */
  resize(size?: number): void {
    resizeObject(this.#region, this.fd, size, growObject);
  }

  /**
   * Has nobody ever do certain things with the memory again, this program
   * included. For memory that was made with {@linkcode SharedMemory.memfd} and
   * `sealable`. Linux only.
   *
   * To be sealed against writing it must not be mapped for it: it is mapped
   * anew as read-only, and every view from before is detached.
   *
   * @param seals What cannot be done from now on.
   * @throws {Deno.errors.PermissionDenied} If it takes no seals, or no more.
   * @throws {Deno.errors.Busy} If others may write to it who have it mapped.
   * @throws {TypeError} If there is no such seal.
   * @throws {Deno.errors.NotSupported} On macOS.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.memfd({ size: 4096, sealable: true });
   * memory.bytes.fill(7);
   * memory.seal("shrink", "grow", "write", "seal");
   * console.log(memory.seals, memory.writable); // … false
   * ```
   */
  seal(...seals: Seal[]): void {
    requireSeals(seals);
    const { fd, writable } = this;
    const { name } = this.#region;
    if (!seals.includes("write") || !writable) {
      return addSeals(fd, seals, name);
    }
    this.#remap(false);
    try {
      addSeals(fd, seals, name);
    } catch (error) {
      this.#remap(true);
      throw error;
    }
  }

  /**
   * The seals that are set. Memory that takes none is sealed against that from
   * the beginning: `"seal"` is all there is then. Linux only.
   *
   * @throws {Deno.errors.NotSupported} On macOS.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get seals(): Seal[] {
    return getSeals(this.fd);
  }

  /**
   * Removes the name. Who has the memory keeps it.
   *
   * @throws {TypeError} If it has no name.
   * @throws {Deno.errors.NotFound} If somebody has removed it.
   * @throws {Deno.errors.PermissionDenied} If it is somebody else's.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * using memory = SharedMemory.create(name, { size: 4096 });
   * memory.unlink();
   * memory.bytes[0] = 1; // it is still there
   * ```
   */
  unlink(): void {
    if (this.name === undefined) {
      throw new TypeError("Cannot unlink shared memory: it has no name");
    }
    unlinkObject(this.name);
  }

  /**
   * Unmaps the memory, detaches every view of it, closes its descriptor, and
   * removes its name if it is temporary. A second call does nothing.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * const memory = SharedMemory.create(name, { size: 4096, temporary: true });
   * memory.close(); // and it is gone
   * ```
   */
  override close(): void {
    super.close();
    this.#descriptor.close();
    const temporary = this.#temporary;
    this.#temporary = undefined;
    temporary?.remove();
  }

  #remap(writable: boolean): void {
    const { size } = this;
    const mapping = mapObject(this.fd, { size, writable }, this.#region.name);
    this.#region.replace(mapping, writable);
  }

  /** Takes over a descriptor that was opened here, and maps all of it. */
  static #own(fd: number, how: How): SharedMemory {
    const { name, readOnly = false, temporary = false } = how;
    const descriptor = new Descriptor(fd, name ?? "anonymous memory");
    try {
      const region = regionOf(fd, descriptor.name, readOnly);
      return new SharedMemory(descriptor, region, name, temporary);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }
}

/** What is to be known of an object that was opened. */
interface How {
  readonly name?: string;
  readonly readOnly?: boolean;
  readonly temporary?: boolean;
}

/** Maps all of an object. */
function regionOf(fd: number, on: string, readOnly: boolean): Region {
  const writable = !readOnly;
  const size = requireBytes(fd, on);
  return new Region(mapObject(fd, { size, writable }, on), on, writable);
}

/** The size of an object, which has to have one. */
function requireBytes(fd: number, on: string): number {
  const size = fileLengthOf(fd);
  if (size > 0) return size;
  throw systemError(E.EINVAL, "mmap", {
    on,
    hint: "it has no size: whoever makes it has to give it one",
  });
}
