/**
 * Empty messages that a wait has taken. The wait of msgrcv(2) for "any message
 * longer than nothing does not fit" leaves every message in the queue but an
 * empty one, which fits.
 */

import { clearImmediate, setImmediate } from "node:timers";
import { E, errno } from "../_internal/errno.ts";
import { IPC_NOWAIT } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import { chosen, type Selection } from "./_sysv_selection.ts";

/** How long to wait for room to give one back, in milliseconds. */
const PAUSE = 10;

/**
 * Such messages of one queue, which is how many bytes each has and so known by
 * their types, in the order in which they were taken. They are for those who
 * receive here; what nobody has taken when the event loop has gone round once
 * goes back into the queue, as its last.
 */
export class HeldMessages {
  readonly #id: number;
  #types: number[] = [];
  #turn: ReturnType<typeof setImmediate> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param id The queue's id. */
  constructor(id: number) {
    this.#id = id;
  }

  /** Keeps one that was taken. */
  add(type: number): void {
    this.#types.push(type);
    this.#turn ??= setImmediate(() => this.giveBack());
  }

  /** The type of the one that a receive would take; undefined for none. */
  first(selection: Selection): number | undefined {
    return this.#types.length === 0
      ? undefined
      : chosen(this.#types, selection);
  }

  /** Hands one on to a receive. */
  take(type: number): void {
    this.#types.splice(this.#types.indexOf(type), 1);
    if (this.#types.length === 0) this.#rest();
  }

  /** Puts all of them back into the queue, as far as that is possible. */
  giveBack(): void {
    this.#rest();
    const full: number[] = [];
    const kept: number[] = [];
    for (const type of this.#types) {
      const result = this.#send(type);
      if (result === E.EAGAIN || result === E.EINTR) full.push(type);
      // Who may only receive can still receive it here.
      else if (result === E.EACCES) kept.push(type);
    }
    this.#types = [...kept, ...full];
    if (full.length > 0) {
      this.#timer = setTimeout(() => this.giveBack(), PAUSE);
    }
  }

  /** 0, or the error number. */
  #send(type: number): number {
    const message = new BigInt64Array([BigInt(type)]);
    const result = libc.msgsnd(this.#id, message, 0n, IPC_NOWAIT);
    return result === 0 ? 0 : errno();
  }

  #rest(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    clearTimeout(this.#timer);
    this.#turn = undefined;
  }
}
