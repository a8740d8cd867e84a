/**
 * Arrays of `struct kevent`, which is laid out alike on all 64-bit systems that
 * have it: kqueue(2).
 *
 *     struct kevent {
 *       uintptr_t ident;   // 0
 *       int16_t   filter;  // 8
 *       uint16_t  flags;   // 10
 *       uint32_t  fflags;  // 12
 *       intptr_t  data;    // 16
 *       void     *udata;   // 24
 *     };
 */

import { KEVENT_SIZE } from "../_internal/platform.ts";

/** One of them. What is left out is 0. */
export interface Kevent {
  /** The descriptor, process, signal or number that it is about. */
  readonly ident: number;
  /** EVFILT_READ and so on. */
  readonly filter: number;
  /** EV_ADD and so on. */
  readonly flags?: number;
  /** NOTE_EXIT and so on. */
  readonly fflags?: number;
  /** What it means depends on the filter. */
  readonly data?: number;
  /** What the kernel hands back with the events. */
  readonly udata?: number;
}

/** Room for some of them. */
export class Kevents {
  /** How many there is room for. */
  readonly room: number;
  /** As `kevent` takes it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(room: number) {
    this.room = room;
    this.bytes = new Uint8Array(room * KEVENT_SIZE);
    this.#view = new DataView(this.bytes.buffer);
  }

  set(index: number, event: Kevent): void {
    const { ident, filter, flags = 0, fflags = 0, data = 0, udata = 0 } = event;
    const at = index * KEVENT_SIZE;
    this.#view.setBigUint64(at, BigInt(ident), true);
    this.#view.setInt16(at + 8, filter, true);
    this.#view.setUint16(at + 10, flags, true);
    this.#view.setUint32(at + 12, fflags, true);
    this.#view.setBigInt64(at + 16, BigInt(data), true);
    this.#view.setBigUint64(at + 24, BigInt(udata), true);
  }

  ident(index: number): number {
    return Number(this.#view.getBigUint64(index * KEVENT_SIZE, true));
  }

  filter(index: number): number {
    return this.#view.getInt16(index * KEVENT_SIZE + 8, true);
  }

  flags(index: number): number {
    return this.#view.getUint16(index * KEVENT_SIZE + 10, true);
  }

  fflags(index: number): number {
    return this.#view.getUint32(index * KEVENT_SIZE + 12, true);
  }

  data(index: number): number {
    return Number(this.#view.getBigInt64(index * KEVENT_SIZE + 16, true));
  }

  udata(index: number): number {
    return Number(this.#view.getBigUint64(index * KEVENT_SIZE + 24, true));
  }
}
