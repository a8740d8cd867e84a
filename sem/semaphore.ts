import { ensure } from "../_internal/ensure.ts";
import type { MappedRegion } from "../_internal/mapped_region.ts";
import { TemporaryName } from "../_internal/temporary_name.ts";
import { Handle } from "./_handle.ts";
import {
  createNamed,
  listNamed,
  openNamed,
  pathOf,
  unlinkNamed,
} from "./_named.ts";
import { PosixSemaphore } from "./posix_semaphore.ts";

/** Options of {@linkcode Semaphore.create} and {@linkcode Semaphore.ensure}. */
export interface SemaphoreOptions {
  /**
   * How many can be acquired at first.
   *
   * @default {1}
   */
  readonly value?: number;
  /**
   * Permission bits, exactly as given: the umask does not apply, but on macOS
   * it does. Whoever is to use the semaphore needs to read and to write.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode Semaphore.close} also removes the name.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/**
 * A POSIX semaphore under a name, by which any program can open it. It stays,
 * with its value, until its name is removed and nobody has it open any more, or
 * the system is restarted.
 *
 * What is acquired is given back by releasing it, not by closing the semaphore
 * nor by ending the program: see {@linkcode PosixSemaphore}.
 *
 * On macOS the kernel does not tell when a semaphore is released: those who
 * wait look for it, 1 ms apart at first and 50 ms after a second.
 *
 * See [sem_overview(7)](https://man7.org/linux/man-pages/man7/sem_overview.7.html).
 *
 * @example At most three at a time
 * ```ts
 * import { Semaphore } from "@ipc/core/sem";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/downloads-${crypto.randomUUID()}`;
 * using downloads = Semaphore.create(name, { value: 3, temporary: true });
 *
 * // In any number of programs: using downloads = Semaphore.open(name);
 * {
 *   using _permit = await downloads.acquire();
 *   assertEquals(downloads.value, 2);
 * }
 * assertEquals(downloads.value, 3);
 * ```
 */
export class Semaphore extends PosixSemaphore implements Disposable {
  /** Its name, which begins with a slash. */
  readonly name: string;
  readonly #mapping: MappedRegion;
  readonly #temporary: TemporaryName | undefined;

  private constructor(mapping: MappedRegion, name: string, temporary: boolean) {
    super(new Handle(mapping.bytes, 0, name));
    this.name = name;
    this.#mapping = mapping;
    this.#temporary = temporary
      ? TemporaryName.ofFile(pathOf(name), () => unlinkNamed(name))
      : undefined;
  }

  /**
   * Makes a new semaphore: sem_open(3).
   *
   * @param name A slash and up to 251 bytes of UTF-8 without another; 30 on
   * macOS.
   * @param options Its value, its permissions, and whether closing removes it.
   * @returns The semaphore; close it when done.
   * @throws {Deno.errors.AlreadyExists} If there is one of that name.
   * @throws {TypeError} If it is no name for a semaphore.
   * @throws {RangeError} If the name is too long, or the value or the mode
   * cannot be.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * using semaphore = Semaphore.create(name, {
   *   value: 2,
   *   mode: 0o660,
   *   temporary: true,
   * });
   * console.log(semaphore.value); // 2
   * ```
   */
  static create(name: string, options: SemaphoreOptions = {}): Semaphore {
    const { value = 1, mode = 0o600, temporary = false } = options;
    return new Semaphore(createNamed(name, value, mode), name, temporary);
  }

  /**
   * Opens a semaphore that is there.
   *
   * @param name Its name.
   * @returns The semaphore; close it when done.
   * @throws {Deno.errors.NotFound} If there is none of that name.
   * @throws {Deno.errors.PermissionDenied} If this user may not both read and
   * write it.
   * @throws {IpcError} `EINVAL` if something else is there.
   * @throws {TypeError} If it is no name for a semaphore.
   * @throws {RangeError} If the name is too long.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * using _made = Semaphore.create(name, { temporary: true });
   *
   * using found = Semaphore.open(name);
   * using _permit = await found.acquire();
   * ```
   */
  static open(name: string): Semaphore {
    return new Semaphore(openNamed(name), name, false);
  }

  /**
   * Opens a semaphore, or makes it if it is not there; the options apply only
   * if it is made.
   *
   * @param name Its name.
   * @param options As for {@linkcode create}.
   * @returns The semaphore; close it when done.
   * @throws {Deno.errors.PermissionDenied} If this user may not both read and
   * write it.
   * @throws {IpcError} `EINVAL` if something else is there.
   * @throws {TypeError} If it is no name for a semaphore.
   * @throws {RangeError} If the name is too long, or the value or the mode
   * cannot be.
   *
   * @example Whichever program comes first
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * using semaphore = Semaphore.ensure(name);
   * using same = Semaphore.ensure(name);
   * semaphore.unlink();
   * ```
   */
  static ensure(name: string, options: SemaphoreOptions = {}): Semaphore {
    return ensure(
      () => Semaphore.create(name, options),
      () => Semaphore.open(name),
    );
  }

  /**
   * Removes a semaphore's name. Those who have it open go on using it.
   *
   * @param name Its name.
   * @throws {Deno.errors.NotFound} If there is none of that name.
   * @throws {Deno.errors.PermissionDenied} If it belongs to another user.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * Semaphore.create(name).close();
   * Semaphore.unlink(name);
   * ```
   */
  static unlink(name: string): void {
    unlinkNamed(name);
  }

  /**
   * The names of all semaphores of this system, or of this container, in order.
   *
   * @returns The names, each with its slash.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example
   * ```ts ignore
   * import { Semaphore } from "@ipc/core/sem";
   *
   * console.log(Semaphore.list()); // [ "/downloads", "/printer" ]
   * ```
   */
  static list(): string[] {
    return listNamed();
  }

  /**
   * Removes its name. Those who have it open go on using it.
   *
   * @throws {Deno.errors.NotFound} If it has been removed already.
   * @throws {Deno.errors.PermissionDenied} If it belongs to another user.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * using semaphore = Semaphore.create(name);
   * semaphore.unlink();
   * ```
   */
  unlink(): void {
    Semaphore.unlink(this.name);
  }

  /**
   * Ends the use of this object, and removes the name if it is temporary.
   * Acquires that are pending reject with `Deno.errors.BadResource`. What was
   * acquired stays acquired. A second call does nothing.
   *
   * @throws {Deno.errors.PermissionDenied} If the name may not be removed.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * const semaphore = Semaphore.create(name, { temporary: true });
   * semaphore.close(); // and it is gone
   * ```
   */
  close(): void {
    if (this.#mapping.closed) return;
    this.#mapping.close();
    this.#temporary?.remove();
  }

  /**
   * Ends the use of this object at the end of a block.
   *
   * @example
   * ```ts
   * import { Semaphore } from "@ipc/core/sem";
   *
   * const name = `/printer-${crypto.randomUUID()}`;
   * using semaphore = Semaphore.create(name, { temporary: true });
   * console.log(semaphore.name);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}
