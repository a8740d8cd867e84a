import { fileMode, toPath, wholeNumber } from "../_internal/arguments.ts";
import { Descriptor } from "../_internal/descriptor.ts";
import { E, systemError } from "../_internal/errno.ts";
import { fileLengthOf, fileTypeOf, openFile } from "../_internal/file.ts";
import type { MappedRegion } from "../_internal/mapped_region.ts";
import { pageSize } from "../_internal/mapping.ts";
import { O_RDONLY, O_RDWR, platform } from "../_internal/platform.ts";
import { mapObject, type Part, resizeObject } from "./_mapping.ts";
import { grow, memorySize } from "./_object.ts";
import { Region } from "./_region.ts";
import { MappedMemory } from "./mapped_memory.ts";

/** Options of {@linkcode MappedFile.open}. */
export interface MappedFileOptions {
  /**
   * How many bytes to map. A file that has fewer is made longer, unless it is
   * only read. All that follow the offset, unless given.
   */
  readonly size?: number;
  /**
   * Where in the file to begin, in bytes: a multiple of the page size.
   *
   * @default {0}
   */
  readonly offset?: number;
  /**
   * Whether only to read the file. What is written none the less does not reach
   * it, see {@linkcode MappedMemory.writable}.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
  /**
   * Whether what is written stays in this program and does not reach the file,
   * for which reading has to be permitted only.
   *
   * @default {false}
   */
  readonly private?: boolean;
  /**
   * Whether to make the file if it is not there; needs a size.
   *
   * @default {false}
   */
  readonly create?: boolean;
  /**
   * Permission bits of a file that is made, less the umask.
   *
   * @default {0o666}
   */
  readonly mode?: number;
}

/**
 * A file as memory: what is written to the bytes is in the file, and in every
 * other program that has it mapped, at once; on the disk when the system likes
 * to, or after {@linkcode MappedMemory.sync}.
 *
 * Nobody else should make the file shorter while it is mapped. Where that can
 * happen, see `docs/safety.md`.
 *
 * See [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html).
 *
 * @example A counter that outlives the program
 * ```ts
 * import { MappedFile } from "@ipc/core/shm";
 *
 * const path = `/tmp/counter-${crypto.randomUUID()}`;
 * using file = MappedFile.open(path, { create: true, size: 8 });
 * const count = new BigUint64Array(file.buffer);
 * console.log(Atomics.add(count, 0, 1n)); // 0, then 1, then 2 …
 * file.sync();
 * Deno.removeSync(path);
 * ```
 */
export class MappedFile extends MappedMemory {
  /** Where it is. */
  readonly path: string;
  /** Where in the file the memory begins, in bytes. */
  readonly offset: number;
  readonly #descriptor: Descriptor;
  readonly #region: Region;

  private constructor(
    descriptor: Descriptor,
    region: Region,
    path: string,
    offset: number,
  ) {
    super(region);
    this.path = path;
    this.offset = offset;
    this.#descriptor = descriptor;
    this.#region = region;
  }

  /**
   * Opens a file and maps it: mmap(2).
   *
   * @param path Where it is.
   * @param options Which part of it, and what for.
   * @returns The file; close it when done.
   * @throws {Deno.errors.NotFound} If it is not there and is not to be made.
   * @throws {Deno.errors.PermissionDenied} If it may not be used like that.
   * @throws {IpcError} `EINVAL` if it has fewer bytes than are to be read, or
   * none, or is no regular file; `ENOSPC` if there is no room to make it longer.
   * @throws {TypeError} If the path is empty or contains NUL, or a file is to be
   * made without a size.
   * @throws {RangeError} If the size, the offset or the mode is none.
   *
   * @example Look for a byte in a large file
   * ```ts
   * import { MappedFile } from "@ipc/core/shm";
   *
   * using file = MappedFile.open("/etc/passwd", { readOnly: true });
   * console.log(file.bytes.indexOf(10));
   * ```
   */
  static open(path: string | URL, options: MappedFileOptions = {}): MappedFile {
    const verb = "map a file";
    const { size, offset = 0, readOnly = false, create = false } = options;
    const { mode = 0o666 } = options;
    const name = toPath(path, verb);
    if (size !== undefined) memorySize(size, verb);
    requirePages(offset, verb);
    fileMode(mode, verb);
    const writable = !readOnly && !options.private;
    if (create && (size === undefined || !writable)) {
      throw new TypeError(
        `Cannot ${verb}: to be made, it must have a size and be written to`,
      );
    }
    // Without O_NONBLOCK a FIFO would have us wait for its writer.
    const flags = platform.O_NONBLOCK |
      (writable ? O_RDWR : O_RDONLY) | (create ? platform.O_CREAT : 0);
    const fd = openFile(name, flags, { kind: "file" }, mode);
    const descriptor = new Descriptor(fd, name);
    try {
      const mapping = map(descriptor, { size, offset, writable });
      const region = new Region(mapping, name, writable);
      return new MappedFile(descriptor, region, name, offset);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /**
   * The descriptor of the file.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Makes the file so long that the memory has this size and ends with it, and
   * maps it anew: every view from before is detached, on this side. What the
   * file has behind that is cut off, also if it never was mapped. Others keep
   * what they have mapped, and must not touch what is not there any more.
   *
   * @param size How many bytes; as many as the file has now if not given, which
   * is for when somebody else has changed that.
   * @throws {RangeError} If that is no size.
   * @throws {IpcError} `ENOSPC` or `EFBIG` if there is not enough room; `EINVAL`
   * if the file has come to end before the memory begins. Nothing has changed
   * then.
   * @throws {Deno.errors.PermissionDenied} If it is only read.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { MappedFile } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * const path = await Deno.makeTempFile();
   * using file = MappedFile.open(path, { size: 10 });
   * file.resize(20);
   * assertEquals(file.size, 20);
   * assertEquals((await Deno.stat(path)).size, 20);
   * await Deno.remove(path);
   * ```
   */
  resize(size?: number): void {
    resizeObject(this.#region, this.fd, size, grow, this.offset);
  }

  /**
   * Unmaps the file, detaches every view of it and closes its descriptor. A
   * second call does nothing. What was written reaches the file all the same.
   *
   * @example
   * ```ts
   * import { MappedFile } from "@ipc/core/shm";
   *
   * const file = MappedFile.open("/etc/passwd", { readOnly: true });
   * file.close();
   * ```
   */
  override close(): void {
    super.close();
    this.#descriptor.close();
  }
}

function requirePages(offset: number, verb: string): void {
  const page = pageSize();
  const most = Number.MAX_SAFE_INTEGER;
  wholeNumber(offset, verb, "the offset in bytes", 0, most);
  if (offset % page === 0) return;
  throw new RangeError(
    `Cannot ${verb}: the offset in bytes must be a multiple of ${page}, ` +
      `the size of a page: current value is ${offset}`,
  );
}

/** Maps a part of a file, to its end unless a size is given. */
function map(
  { fd, name }: Descriptor,
  { size, offset, writable }: Partial<Part> & Omit<Required<Part>, "size">,
): MappedRegion {
  const type = fileTypeOf(fd);
  if (type !== "regular file") {
    throw systemError(E.EINVAL, "mmap", {
      on: name,
      hint: `not a regular file but a ${type}`,
    });
  }
  const length = fileLengthOf(fd);
  if (size === undefined && length <= offset) {
    throw systemError(E.EINVAL, "mmap", {
      on: name,
      hint: `it has ${length} bytes, so there is nothing to map: give a size`,
    });
  }
  const count = size ?? length - offset;
  if (writable && offset + count > length) grow(fd, offset + count, name);
  return mapObject(fd, { size: count, offset, writable }, name);
}
