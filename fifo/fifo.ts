import { fileMode, toPath } from "../_internal/arguments.ts";
import { backoff } from "../_internal/backoff.ts";
import { ensure } from "../_internal/ensure.ts";
import {
  check,
  closedError,
  E,
  errno,
  systemError,
} from "../_internal/errno.ts";
import { lookAt, unlinkFile } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import { ownFile } from "../_internal/own_file.ts";
import type { TemporaryName } from "../_internal/temporary_name.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import type { PipeReader } from "../pipe/reader.ts";
import type { PipeWriter } from "../pipe/writer.ts";
import { KIND, openReader, requireFifo, tryOpenWriter } from "./_ends.ts";
import { libc } from "./_ffi.ts";

/** Options of {@linkcode Fifo.create} and {@linkcode Fifo.ensure}. */
export interface FifoOptions {
  /**
   * Permission bits, exactly as given: the umask does not apply.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode Fifo.close} also removes the FIFO, if it is still the one
   * that is there.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/** Options of opening a FIFO's reading end. */
export interface FifoReaderOptions {
  /**
   * Whether reading goes on when all writers have gone: there is no end then,
   * only a wait for the next writer.
   *
   * @default {false}
   */
  readonly persistent?: boolean;
}

/**
 * Pauses between two looks for a reader, in milliseconds. The longest is
 * reached after a second; a timer costs more than the look.
 */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 50;

/**
 * A named pipe: a name in the file system under which two programs that know
 * nothing else of each other can meet.
 *
 * Bytes flow one way, and there is one stream of them: several readers would
 * each get some of it. For answers use a second FIFO; for many clients at once
 * use a Unix socket.
 *
 * See [fifo(7)](https://man7.org/linux/man-pages/man7/fifo.7.html).
 *
 * @example Two ends; usually each is in a program of its own
 * ```ts
 * import { Fifo } from "@ipc/core/fifo";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `/tmp/jobs-${crypto.randomUUID()}`;
 * using fifo = Fifo.create(path, { temporary: true });
 * using reader = await fifo.openReader();
 * using writer = await fifo.openWriter();
 *
 * await writer.writeAll(new TextEncoder().encode("ping"));
 * writer.close();
 * assertEquals(await new Response(reader.readable).text(), "ping");
 * ```
 */
export class Fifo implements Disposable {
  /** Where it is. */
  readonly path: string;
  /** What closing removes, if it is temporary. */
  readonly #file: TemporaryName | undefined;
  /** Aborted by closing. */
  readonly #closed = new AbortController();

  private constructor(path: string, file?: TemporaryName) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Makes a new FIFO: mkfifo(3).
   *
   * @param path Where.
   * @param options Its permissions, and whether closing removes it.
   * @returns The FIFO; none of its ends is open yet.
   * @throws {Deno.errors.AlreadyExists} If there is anything under that path.
   * @throws {Deno.errors.NotFound} If the directory is not there.
   * @throws {Deno.errors.PermissionDenied} If nothing may be made there.
   * @throws {TypeError} If the path is empty or contains NUL.
   * @throws {RangeError} If the mode is not a set of permission bits.
   *
   * @example
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using fifo = Fifo.create(path, { mode: 0o660, temporary: true });
   * console.log(fifo.path);
   * ```
   */
  static create(path: string | URL, options: FifoOptions = {}): Fifo {
    const { mode = 0o600, temporary = false } = options;
    const name = toPath(path, "create a FIFO");
    fileMode(mode, "create a FIFO");
    const result = libc.mkfifo(cString(name), mode);
    if (result < 0) throw notMade(errno(), name);
    // The umask has only taken permissions away, so nobody got in meanwhile.
    check(libc.chmod(cString(name), mode), "chmod", { on: name, ...KIND });
    const look = temporary ? lookAt(name) : undefined;
    return new Fifo(name, look && ownFile(name, look, "FIFO"));
  }

  /**
   * Finds a FIFO that is there.
   *
   * @param path Where.
   * @returns The FIFO; none of its ends is open yet.
   * @throws {Deno.errors.NotFound} If there is nothing under that path.
   * @throws {Deno.errors.IsADirectory} If a directory is there.
   * @throws {IpcError} `EINVAL` if something else is there that is no FIFO.
   * @throws {Deno.errors.PermissionDenied} If its directory may not be searched.
   * @throws {TypeError} If the path is empty or contains NUL.
   *
   * @example
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using _made = Fifo.create(path, { temporary: true });
   *
   * using found = Fifo.open(path);
   * using reader = await found.openReader();
   * console.log(reader.fd);
   * ```
   */
  static open(path: string | URL): Fifo {
    const name = toPath(path, "open a FIFO");
    requireFifo(name);
    return new Fifo(name);
  }

  /**
   * Finds a FIFO, or makes it if it is not there; the mode and `temporary`
   * apply only if it is made.
   *
   * @param path Where.
   * @param options Its permissions, and whether closing removes it.
   * @returns The FIFO; none of its ends is open yet.
   * @throws {Deno.errors.NotFound} If the directory is not there.
   * @throws {Deno.errors.IsADirectory} If a directory is there.
   * @throws {IpcError} `EINVAL` if something else is there that is no FIFO.
   * @throws {Deno.errors.PermissionDenied} If nothing may be made there.
   * @throws {TypeError} If the path is empty or contains NUL.
   * @throws {RangeError} If the mode is not a set of permission bits.
   *
   * @example Whichever program comes first
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using fifo = Fifo.ensure(path);
   * using same = Fifo.ensure(path);
   * fifo.unlink();
   * ```
   */
  static ensure(path: string | URL, options: FifoOptions = {}): Fifo {
    return ensure(() => Fifo.create(path, options), () => Fifo.open(path));
  }

  /**
   * Removes a FIFO's name. Ends that are open stay as they are.
   *
   * @param path Where.
   * @throws {Deno.errors.NotFound} If there is nothing under that path.
   * @throws {IpcError} `EINVAL` if something is there that is no FIFO.
   * @throws {Deno.errors.IsADirectory} If a directory is there.
   * @throws {Deno.errors.PermissionDenied} If it may not be removed.
   *
   * @example
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * Fifo.create(path).close();
   * Fifo.unlink(path);
   * ```
   */
  static unlink(path: string | URL): void {
    const name = toPath(path, "unlink a FIFO");
    requireFifo(name);
    unlinkFile(name, { kind: "FIFO" });
  }

  /**
   * Opens the end to read from. It is ready at once, whether or not there is a
   * writer yet: reading waits for the first one, and comes to the end when all
   * that have come have gone.
   *
   * @param options Whether the end never comes, and a signal.
   * @returns The reading end; close it when done.
   * @throws {Deno.errors.NotFound} If the FIFO is not there any more.
   * @throws {Deno.errors.PermissionDenied} If it may not be read; with
   * `persistent`, if it may not be written.
   * @throws {Deno.errors.BadResource} If this object is closed.
   *
   * @example A server that outlives its clients
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using fifo = Fifo.create(path, { temporary: true });
   * using reader = await fifo.openReader({ persistent: true });
   *
   * for (const client of ["one", "two"]) {
   *   using writer = await fifo.openWriter();
   *   await writer.writeAll(new TextEncoder().encode(client));
   *   assertEquals(await reader.read(new Uint8Array(16)), 3);
   * }
   * ```
   */
  async openReader(
    options: FifoReaderOptions & WaitOptions = {},
  ): Promise<PipeReader> {
    options.signal?.throwIfAborted();
    return await this.openReaderSync(options);
  }

  /**
   * Opens the end to read from, as {@linkcode openReader} does; it never
   * blocks.
   *
   * @param options Whether the end never comes.
   * @returns The reading end; close it when done.
   *
   * @example
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using fifo = Fifo.create(path, { temporary: true });
   * using reader = fifo.openReaderSync();
   * console.log(reader.fd);
   * ```
   */
  openReaderSync(options: FifoReaderOptions = {}): PipeReader {
    this.#requireOpen();
    return openReader(this.path, options.persistent ?? false);
  }

  /**
   * Opens the end to write to, when there is a reader: waits until then, with
   * looks that are 1 ms apart at first and 50 ms after a second. The kernel
   * announces a reader only when its open completes, and most readers wait in
   * it for a writer.
   *
   * @param options A signal that ends the wait.
   * @returns The writing end; close it when done.
   * @throws {Deno.errors.NotFound} If the FIFO is not there any more.
   * @throws {Deno.errors.PermissionDenied} If it may not be written.
   * @throws {Deno.errors.BadResource} If this object is closed, now or
   * meanwhile.
   *
   * @example Give up after a while
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   * import { assertRejects } from "@std/assert";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using fifo = Fifo.create(path, { temporary: true });
   * const signal = AbortSignal.timeout(10);
   * await assertRejects(() => fifo.openWriter({ signal }));
   * ```
   */
  async openWriter({ signal }: WaitOptions = {}): Promise<PipeWriter> {
    this.#requireOpen();
    const either = signal
      ? AbortSignal.any([signal, this.#closed.signal])
      : this.#closed.signal;
    return await newQueue(this.path).run(() => tryOpenWriter(this.path), {
      signal: either,
    });
  }

  /**
   * Opens the end to write to, blocking the thread until there is a reader.
   *
   * @param options The longest to wait.
   * @returns The writing end; close it when done.
   * @throws {Deno.errors.TimedOut} If no reader came in time.
   *
   * @example
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using fifo = Fifo.create(path, { temporary: true });
   * using reader = fifo.openReaderSync();
   * using writer = fifo.openWriterSync({ timeout: 1000 });
   * writer.writeSync(new TextEncoder().encode("ping"));
   * ```
   */
  openWriterSync(options?: SyncWaitOptions): PipeWriter {
    this.#requireOpen();
    return newQueue(this.path).runSync(() => tryOpenWriter(this.path), options);
  }

  /**
   * Removes its name. Ends that are open stay as they are.
   *
   * @throws {Deno.errors.NotFound} If it has been removed already.
   * @throws {Deno.errors.PermissionDenied} If it may not be removed.
   *
   * @example
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using fifo = Fifo.create(path);
   * fifo.unlink();
   * ```
   */
  unlink(): void {
    Fifo.unlink(this.path);
  }

  /**
   * Ends the use of this object, and removes the FIFO if it is temporary. Ends
   * that are open stay as they are; an {@linkcode openWriter} that waits
   * rejects with `Deno.errors.BadResource`. A second call does nothing.
   *
   * @throws {Deno.errors.PermissionDenied} If the name may not be removed.
   *
   * @example
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * const fifo = Fifo.create(path, { temporary: true });
   * fifo.close(); // and it is gone
   * ```
   */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(closedError("open", this.path));
    this.#file?.remove();
  }

  /**
   * Ends the use of this object at the end of a block.
   *
   * @example
   * ```ts
   * import { Fifo } from "@ipc/core/fifo";
   *
   * const path = `/tmp/jobs-${crypto.randomUUID()}`;
   * using fifo = Fifo.create(path, { temporary: true });
   * console.log(fifo.path);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(): void {
    if (this.#closed.signal.aborted) throw closedError("open", this.path);
  }
}

function notMade(number: number, on: string): Error {
  // What is missing when a name cannot be made is the directory.
  if (number === E.ENOENT) {
    const hint = "its directory is missing";
    return systemError(number, "mkfifo", { on, hint });
  }
  // Whatever is there is in the way, and need not be a FIFO.
  const isFifo = number === E.EEXIST && lookAt(on)?.type === "FIFO";
  return systemError(number, "mkfifo", isFifo ? { on, ...KIND } : { on });
}

function newQueue(path: string): WaitQueue {
  return new WaitQueue(backoff(FIRST_PAUSE, LONGEST_PAUSE), "open", path);
}
