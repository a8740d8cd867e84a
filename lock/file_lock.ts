import type { Descriptor } from "../_internal/descriptor.ts";
import { closedError } from "../_internal/errno.ts";
import { identityOf } from "../_internal/file.ts";
import { type LockMode, lockMode } from "../_internal/lock_mode.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import { flockCalls } from "./_flock_calls.ts";
import { findHolder } from "./_holder.ts";
import { inLine, noLines } from "./_line.ts";
import type { LockCalls } from "./_lock_calls.ts";
import { lookAtFile, useFile } from "./_file_use.ts";
import { isOpen } from "./_open.ts";
import { lockRange, type Range } from "./_range.ts";
import { ofdCalls, posixCalls } from "./_record_calls.ts";
import { Taker } from "./_taker.ts";
import type {
  FileLockAcquireOptions,
  FileLockAcquireSyncOptions,
  FileLockOptions,
  Lockable,
  LockKind,
  LockRangeOptions,
} from "./lock_options.ts";

const VERB = "lock a file";

/**
 * A lock on a file, or on a part of it, that is held exactly as long as this
 * object: until it is released, or the program ends, however it ends. Nothing
 * is left to clean up: the file stays, and is better never removed, or two
 * programs might lock two files of the same name.
 *
 * Such locks are advisory: they keep others out who ask for them, not those who
 * just read and write.
 *
 * ## Which kind
 *
 * - `"ofd"`, unless there is a reason for another: it belongs to the open file,
 *   so it keeps out every other object, in this program as well, and ends with
 *   this one. It can be of a part of the file. Programs in C use it by
 *   `F_OFD_SETLK`, and those that lock by `F_SETLK` or lockf(3), such as SQLite
 *   and Python's `fcntl.lockf`, are kept out as well.
 * - `"flock"` to get along with programs that use flock(2), such as flock(1) of
 *   the shell and Python's `fcntl.flock`. It is of whole files, needs no
 *   permission to write, and works on directories, too. It does not keep out
 *   who uses the others.
 * - `"posix"` only where a lock has to be found by its process, by `F_GETLK` of
 *   other programs. It belongs to the process, which has surprising
 *   consequences: two objects in one program do not keep each other out; and
 *   _all_ such locks on a file end as soon as the program closes any descriptor
 *   of that file, even one that was opened just to read it, by
 *   `Deno.readTextFile` for example.
 *
 * Those of one program who {@linkcode FileLock.acquire} the same part in the same
 * mode get it in the order in which they called; between programs there is no
 * order. Up to four waits of a program have a thread on which the kernel tells
 * them at once; more of them, and all on macOS, look again and again, 1 ms apart
 * at first and 50 ms after a second. Those in line behind another do neither.
 *
 * See [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/fcntl_locking.2.html)
 * and [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html).
 *
 * @example One at a time, over all programs
 * ```ts
 * import { FileLock } from "@ipc/core/lock";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `/tmp/backup-${crypto.randomUUID()}.lock`;
 * {
 *   using _lock = await FileLock.acquire(path);
 *   assertEquals(FileLock.tryAcquire(path), undefined);
 * }
 * await Deno.remove(path); // in this example only: yours stays
 * ```
 */
export class FileLock implements Disposable {
  /** To whom it belongs. */
  readonly kind: LockKind;
  /** Where the part that is locked begins, in bytes. */
  readonly start: number;
  /** How many bytes it has; 0 is all that follow. */
  readonly length: number;
  readonly #descriptor: Descriptor;
  readonly #taker: Taker;
  readonly #end: () => void;
  /** Descriptors of this process that share the open file. */
  readonly #own: readonly number[];
  #mode: LockMode;
  #held = true;

  private constructor(file: Lockable, options: FileLockOptions) {
    const { kind = "ofd", mode = "exclusive" } = options;
    lockMode(mode, VERB);
    const range = lockRange(options, VERB);
    const { descriptor, end } = useFile(file, VERB, options);
    this.kind = kind;
    this.start = range.start;
    this.length = range.length;
    this.#mode = mode;
    this.#descriptor = descriptor;
    this.#end = end;
    this.#taker = new Taker(descriptor, lockCalls(kind, range));
    this.#own = sharing(file, descriptor);
  }

  /**
   * Locks a file if nobody is in the way at this moment.
   *
   * @param file Its path, or something with a descriptor of it. The path is
   * opened to read and write; to lock it `"shared"` or by `"flock"` it is
   * enough that it may be read.
   * @param options How; and whether to make the file.
   * @returns The lock; undefined if others are in the way.
   * @throws {Deno.errors.NotFound} If its directory is not there, or the file
   * is not and is not to be made.
   * @throws {Deno.errors.PermissionDenied} If it may not be opened or made.
   * @throws {Deno.errors.BadResource} If the descriptor is closed, or not open
   * to write for an exclusive lock, or to read for a shared one, unless the
   * kind is `"flock"`.
   * @throws {TypeError} If the path is empty or contains NUL, there is no such
   * mode or kind, or a part is to be locked by `"flock"`.
   * @throws {RangeError} If the part or the permission bits cannot be.
   *
   * @example Only one at a time may run
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/backup-${crypto.randomUUID()}.lock`;
   * using lock = FileLock.tryAcquire(path);
   * if (lock === undefined) console.error("it is running already");
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  static tryAcquire(
    file: Lockable,
    options: FileLockOptions = {},
  ): FileLock | undefined {
    const lock = new FileLock(file, options);
    let taken = false;
    try {
      taken = lock.#taker.try(lock.#mode);
      return taken ? lock : undefined;
    } finally {
      if (!taken) lock.#discard();
    }
  }

  /**
   * Locks a file, blocking the thread while others are in the way.
   *
   * @param file Its path, or something with a descriptor of it.
   * @param options How, and the longest to wait.
   * @returns The lock.
   * @throws {Deno.errors.TimedOut} If somebody was in the way all the time.
   * @throws {IpcError} `EDEADLK` if whoever is in the way waits for a lock of
   * this process; the kernel finds that out for kind `"posix"` only.
   * @throws {Error} As for {@linkcode tryAcquire}.
   *
   * @example
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/backup-${crypto.randomUUID()}.lock`;
   * using _lock = FileLock.acquireSync(path, { timeout: 1000 });
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  static acquireSync(
    file: Lockable,
    options: FileLockAcquireSyncOptions = {},
  ): FileLock {
    const lock = new FileLock(file, options);
    try {
      lock.#taker.takeSync(lock.#mode, options);
      return lock;
    } catch (error) {
      lock.#discard();
      throw error;
    }
  }

  /**
   * Locks a file, waiting while others are in the way.
   *
   * @param file Its path, or something with a descriptor of it.
   * @param options How, and a signal that ends the wait; then it is not locked.
   * @returns The lock.
   * @throws {Error} As for {@linkcode tryAcquire}.
   *
   * @example One of many readers of a part
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/table-${crypto.randomUUID()}`;
   * using _lock = await FileLock.acquire(path, {
   *   mode: "shared",
   *   start: 4096,
   *   length: 512,
   *   signal: AbortSignal.timeout(1000),
   * });
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  static async acquire(
    file: Lockable,
    options: FileLockAcquireOptions = {},
  ): Promise<FileLock> {
    options.signal?.throwIfAborted();
    const lock = new FileLock(file, options);
    try {
      const taken = noLines() && lock.#taker.eager(lock.#mode);
      if (!taken) await lock.#lineUp(file, options);
      return lock;
    } catch (error) {
      lock.#discard();
      throw error;
    }
  }

  /**
   * Finds out who is in the way of an exclusive lock, without waiting and
   * without locking anything.
   *
   * @param file Its path, or something with a descriptor of it.
   * @param options Which part, and to whom the lock would belong.
   * @returns The id of a process, which may be this one; undefined if nobody
   * is, or nobody that this user may know of. On macOS, who has an open file is
   * never known: only locks of kind `"posix"` are found.
   * @throws {Deno.errors.NotFound} If there is no such file.
   * @throws {Deno.errors.PermissionDenied} If it may not be read.
   * @throws {TypeError} As for {@linkcode tryAcquire}.
   *
   * @example
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/backup-${crypto.randomUUID()}.lock`;
   * using _lock = await FileLock.acquire(path);
   * console.log(FileLock.holder(path)); // Deno.pid
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  static holder(
    file: Lockable,
    options: LockRangeOptions = {},
  ): number | undefined {
    const range = lockRange(options, VERB);
    const { kind = "ofd" } = options;
    const { descriptor, end } = lookAtFile(file, VERB, options);
    try {
      const wanted = { ...range, kind, mode: "exclusive" } as const;
      return findHolder(descriptor.fd, wanted, sharing(file, descriptor));
    } finally {
      end();
    }
  }

  /** Whether others are kept out, or only those who would keep others out. */
  get mode(): LockMode {
    return this.#mode;
  }

  /** Whether it has not been released. */
  get held(): boolean {
    return this.#held;
  }

  /**
   * The descriptor by which it is held, which is its own.
   *
   * @throws {Deno.errors.BadResource} If it has been released.
   */
  get fd(): number {
    return this.#open("fd").fd;
  }

  /**
   * Changes the mode if nobody is in the way of that at this moment.
   *
   * In one step, so that nobody gets in between; only of kind `"flock"` it is
   * given up first, and acquired anew. If it cannot be had again in the old
   * mode either, as somebody was faster, it is not {@linkcode held} any more.
   *
   * @param mode The new mode.
   * @returns Whether it was changed.
   * @throws {TypeError} If there is no such mode.
   * @throws {Deno.errors.BadResource} If it has been released, or the
   * descriptor is not open to write for an exclusive lock.
   *
   * @example Write, if nobody else reads
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/table-${crypto.randomUUID()}`;
   * using lock = await FileLock.acquire(path, { mode: "shared" });
   * if (lock.tryConvert("exclusive")) console.log(lock.mode);
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  tryConvert(mode: LockMode): boolean {
    this.#checkConversion(mode);
    const converted = this.#taker.try(mode);
    if (converted) this.#mode = mode;
    else this.#restore(false);
    return converted;
  }

  /**
   * Changes the mode, blocking the thread while others are in the way, as
   * {@linkcode convert} does.
   *
   * @param mode The new mode.
   * @param options The longest to wait.
   * @throws {Deno.errors.TimedOut} If somebody was in the way all the time.
   * @throws {TypeError} If there is no such mode.
   * @throws {Deno.errors.BadResource} As for {@linkcode tryConvert}.
   *
   * @example
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/table-${crypto.randomUUID()}`;
   * using lock = FileLock.acquireSync(path);
   * lock.convertSync("shared");
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  convertSync(mode: LockMode, options?: SyncWaitOptions): void {
    this.#checkConversion(mode);
    try {
      this.#taker.takeSync(mode, options);
      this.#mode = mode;
    } catch (error) {
      this.#restore(false);
      throw error;
    }
  }

  /**
   * Changes the mode, waiting while others are in the way. To be `"shared"`
   * never waits.
   *
   * In one step, so that nobody gets in between: it is held in the old mode
   * while it waits, and if two wait to become exclusive, each waits for the
   * other. Only of kind `"flock"` it is given up first, and acquired anew. If
   * the wait is aborted and it cannot be had again in the old mode either, it is
   * not {@linkcode held} any more.
   *
   * @param mode The new mode.
   * @param options A signal that ends the wait; then it has the old mode.
   * @throws {TypeError} If there is no such mode.
   * @throws {Deno.errors.BadResource} If it is released, now or meanwhile, or
   * the descriptor is not open to write for an exclusive lock.
   *
   * @example
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `/tmp/table-${crypto.randomUUID()}`;
   * using lock = await FileLock.acquire(path, { mode: "shared" });
   * await lock.convert("exclusive", { signal: AbortSignal.timeout(1000) });
   * assertEquals(lock.mode, "exclusive");
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  async convert(mode: LockMode, options?: WaitOptions): Promise<void> {
    this.#checkConversion(mode);
    options?.signal?.throwIfAborted();
    try {
      await this.#taker.take(mode, options);
      this.#mode = mode;
    } catch (error) {
      this.#taker.whenIdle((took) => this.#restore(took));
      throw error;
    }
  }

  /**
   * Finds out who else has a lock that is in the way of an exclusive one: whom
   * {@linkcode convert} waits for.
   *
   * @returns The id of a process; undefined if nobody is in the way, or nobody
   * that this user may know of. As for macOS, see the static method.
   * @throws {Deno.errors.BadResource} If it has been released.
   *
   * @example
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/table-${crypto.randomUUID()}`;
   * using lock = await FileLock.acquire(path, { mode: "shared" });
   * if (!lock.tryConvert("exclusive")) console.log(lock.holder());
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  holder(): number | undefined {
    const { fd } = this.#open("holder");
    const { kind, start, length } = this;
    return findHolder(
      fd,
      { kind, start, length, mode: "exclusive" },
      this.#own,
    );
  }

  /**
   * Unlocks the file. A {@linkcode convert} that waits rejects with
   * `Deno.errors.BadResource`. A second call does nothing.
   *
   * @example
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/backup-${crypto.randomUUID()}.lock`;
   * const lock = await FileLock.acquire(path);
   * lock.release();
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  release(): void {
    if (!this.#held) return;
    this.#taker.unlock();
    this.#discard();
  }

  /**
   * Unlocks the file at the end of a block.
   *
   * @example
   * ```ts
   * import { FileLock } from "@ipc/core/lock";
   *
   * const path = `/tmp/backup-${crypto.randomUUID()}.lock`;
   * using lock = await FileLock.acquire(path);
   * console.log(lock.held);
   * await Deno.remove(path); // in this example only: yours stays
   * ```
   */
  [Symbol.dispose](): void {
    this.release();
  }

  /** Takes it behind those of this program who wait for the same. */
  #lineUp(file: Lockable, options: WaitOptions): Promise<void> {
    const take = () => this.#taker.take(this.#mode, options);
    // Whoever shares the open file might get what those before it cannot.
    if (isOpen(file)) return take();
    const { kind, mode, start, length } = this;
    const identity = identityOf(this.#descriptor.fd);
    const key = [identity, kind, mode, start, length].join();
    return inLine(key, take, options.signal);
  }

  /** Ends the use of what is not locked, as soon as no thread can lock it any more. */
  #discard(): void {
    this.#held = false;
    this.#taker.close();
    this.#taker.whenIdle((took) => {
      // Others may share the open file, and with it what is locked.
      if (took) this.#taker.unlock();
      this.#end();
    });
  }

  /**
   * Sees to it that it is held in its mode after a conversion in vain.
   *
   * @param took Whether a thread has converted it meanwhile.
   */
  #restore(took: boolean): void {
    // Of the other kinds it has never been anything else.
    if (!this.#held || !took && this.kind !== "flock") return;
    if (!this.#taker.try(this.#mode)) this.#discard();
  }

  #checkConversion(mode: LockMode): void {
    lockMode(mode, "convert a lock");
    this.#open("convert");
  }

  #open(syscall: string): Descriptor {
    if (this.#held) return this.#descriptor;
    throw closedError(syscall, this.#descriptor.name);
  }
}

function lockCalls(kind: LockKind, range: Range): LockCalls {
  switch (kind) {
    case "flock":
      return flockCalls;
    case "posix":
      return posixCalls(range);
    default:
      return ofdCalls(range);
  }
}

/** The descriptors of this process that share the open file, as far as known. */
function sharing(file: Lockable, { fd }: Descriptor): readonly number[] {
  return isOpen(file) ? [fd, file.fd] : [fd];
}
