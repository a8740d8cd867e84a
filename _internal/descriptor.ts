/** Owned descriptors: closed exactly once, never inherited, never blocking. */

import { fdNumber } from "./arguments.ts";
import { libc } from "./_ffi.ts";
import { check, closedError, E, systemError } from "./errno.ts";
import {
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  O_ACCMODE,
  O_RDONLY,
  O_WRONLY,
  platform,
} from "./platform.ts";

/** A descriptor without its object, which may have been collected. */
interface Holding {
  /** -1 when it has been closed or given away. */
  fd: number;
  /** Called before it is closed; must not hold on to the object. */
  readonly onClose: Set<() => void>;
  readonly transferable: boolean;
  /** Whether O_NONBLOCK was taken away here, for a child that shares it. */
  blocking: boolean;
}

/** The descriptors that some object here will close. */
const owned = new Map<number, Holding>();

/** Whether an open object here owns `fd`. */
export function isOwned(fd: number): boolean {
  return owned.has(fd);
}

/**
 * Has `callback` called just before the object here that owns `fd` closes it,
 * if there is such an object. The callback must not refer to that object, or
 * it would never be collected.
 *
 * @returns Calls it off.
 */
export function whenClosed(fd: number, callback: () => void): () => void {
  const holding = owned.get(fd);
  holding?.onClose.add(callback);
  return () => holding?.onClose.delete(callback);
}

/** Options of owning a descriptor. */
export interface OwnerOptions {
  /** Whether {@linkcode adopt} may take it away from this owner. */
  readonly transferable?: boolean;
}

/** Closes what was forgotten, when its owner has been collected. */
const forgotten = new FinalizationRegistry(closeNow);

function closeNow(holding: Holding): void {
  for (const callback of holding.onClose) callback();
  // Never repeated, not even after EINTR: the number is free by then and may
  // already belong to someone else. close(2).
  libc.close(giveUp(holding));
}

/** Answers the number, which nobody here owns any more. */
function giveUp(holding: Holding): number {
  const { fd } = holding;
  holding.fd = -1;
  forgotten.unregister(holding);
  owned.delete(fd);
  return fd;
}

/** One descriptor and the duty to close it. */
export class Descriptor implements Disposable {
  readonly #holding: Holding;

  /** Tells this descriptor from others that had or will have its number. */
  readonly identity: symbol = Symbol();
  /** What the descriptor is of, for errors: a path, or "fd 5". */
  readonly name: string;

  /**
   * Takes over `fd`, which was opened with O_CLOEXEC and O_NONBLOCK.
   *
   * @param fd The descriptor.
   * @param name The path of what it is of, if it has one.
   * @param options Whether it may be taken away.
   */
  constructor(
    fd: number,
    name: string = `fd ${fd}`,
    { transferable = false }: OwnerOptions = {},
  ) {
    this.name = name;
    this.#holding = { fd, onClose: new Set(), transferable, blocking: false };
    owned.set(fd, this.#holding);
    forgotten.register(this, this.#holding, this.#holding);
  }

  /** The number, while it is open. */
  get fd(): number {
    const { fd } = this.#holding;
    if (fd < 0) throw closedError("use", this.name);
    return fd;
  }

  /** Whether it has been closed or given away. */
  get closed(): boolean {
    return this.#holding.fd < 0;
  }

  /**
   * Whether O_NONBLOCK has been taken away from it: reading and writing may
   * block the thread then.
   */
  get blocking(): boolean {
    return this.#holding.blocking;
  }

  /**
   * Has `callback` called just before the descriptor is closed. It must not
   * refer to this object, or that would never be collected.
   */
  onClose(callback: () => void): void {
    this.#holding.onClose.add(callback);
  }

  /**
   * Gives up the duty to close it and answers the number, for somebody else to
   * own. Only for a descriptor that nothing here waits for.
   */
  release(): number {
    const { fd } = this;
    giveUp(this.#holding);
    return fd;
  }

  /** Closes it; a second call does nothing. */
  close(): void {
    if (!this.closed) closeNow(this.#holding);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Takes over a descriptor that came from elsewhere: checks that it is open for
 * what it will be used for and that nobody here owns it, and sets O_CLOEXEC
 * and O_NONBLOCK.
 */
export function adopt(
  fd: number,
  use: "read" | "write" | "read and write",
): Descriptor {
  fdNumber(fd, "take over a descriptor");
  const owner = owned.get(fd);
  const on = `fd ${fd}`;
  if (owner !== undefined && !owner.transferable) {
    const hint = "it already belongs to an open object, which will close it";
    throw systemError(E.EBUSY, "fcntl", { on, hint });
  }
  const flags = check(libc.fcntl(fd, F_GETFL, 0n), "fcntl", { on });
  const mode = flags & O_ACCMODE;
  const refused = mode === O_RDONLY && use !== "read" ||
    mode === O_WRONLY && use !== "write";
  if (refused) {
    throw systemError(E.EBADF, "fcntl", {
      on,
      hint: `it is not open to ${use}`,
    });
  }
  setNonblocking(fd, true);
  setCloseOnExec(fd);
  if (owner !== undefined) giveUp(owner);
  return new Descriptor(fd);
}

/** Sets FD_CLOEXEC, where it could not be asked for from the beginning. */
export function setCloseOnExec(fd: number): void {
  const context = { on: `fd ${fd}` };
  const flags = check(libc.fcntl(fd, F_GETFD, 0n), "fcntl", context);
  const wanted = BigInt(flags | FD_CLOEXEC);
  check(libc.fcntl(fd, F_SETFD, wanted), "fcntl", context);
}

/** Sets or clears O_NONBLOCK, for everyone who shares the open file. */
export function setNonblocking(fd: number, on: boolean): void {
  const context = { on: `fd ${fd}` };
  const flags = check(libc.fcntl(fd, F_GETFL, 0n), "fcntl", context);
  const wanted = on
    ? flags | platform.O_NONBLOCK
    : flags & ~platform.O_NONBLOCK;
  if (wanted === flags) return;
  check(libc.fcntl(fd, F_SETFL, BigInt(wanted)), "fcntl", context);
  const holding = owned.get(fd);
  if (holding !== undefined) holding.blocking = !on;
}
