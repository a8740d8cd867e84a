/**
 * Signal handlers in machine code. Those of one signal are a chain: each goes
 * on with the one that was there before, whoever had put it there, so that
 * streams, Workers and Deno's own listeners all hear of it.
 */

import { libc as base } from "../_internal/_ffi.ts";
import { assemble, CODE_DATA, mapCode } from "../_internal/executable.ts";
import type { Address } from "../_internal/mapping.ts";
import {
  getAction,
  getStruct,
  SA_RESTART,
  SA_SIGINFO,
  setAction,
  setStruct,
  SIGACTION_SIZE,
} from "../_internal/sigaction.ts";
import { isRealtime } from "../_internal/signals.ts";
import { bit } from "../_internal/threads.ts";
import { ENTRY, type MachineCode, MARK } from "./_machine_code.ts";

/** Where in a handler's data the struct is, and what comes after it. */
const PREVIOUS = 16;
const OWN = PREVIOUS + SIGACTION_SIZE;
const DATA_SIZE = OWN + 8;

const NO_PIPE = -1;
/** Every page begins at a multiple of this, the smallest there is. */
const SMALLEST_PAGE = 4096n;

/** The memory of one handler: a link of a chain. It is never unmapped. */
export class Handler {
  /** Where it is called. */
  readonly #entry: bigint;
  /** The pipe, and how many threads use it. */
  readonly #words: Int32Array;
  readonly #dropped: BigInt64Array;
  /** `struct sigaction` of what is called next. */
  readonly #previous: Uint8Array<ArrayBuffer>;
  readonly #next: BigInt64Array;
  /** What threads are to block that come here, except for the collector. */
  readonly #own: BigUint64Array;

  private constructor(address: Address) {
    const start = Deno.UnsafePointer.value(address);
    this.#entry = start + BigInt(ENTRY);
    const data = Deno.UnsafePointerView.getArrayBuffer(
      Deno.UnsafePointer.create(start + BigInt(CODE_DATA))!,
      DATA_SIZE,
    );
    this.#words = new Int32Array(data, 0, 2);
    this.#dropped = new BigInt64Array(data, 8, 1);
    this.#previous = new Uint8Array(data, PREVIOUS, SIGACTION_SIZE);
    this.#next = new BigInt64Array(data, PREVIOUS, 1);
    this.#own = new BigUint64Array(data, OWN, 1);
  }

  /** A new one, in no chain yet. */
  static make(code: MachineCode): Handler {
    const mark = new TextEncoder().encode(MARK);
    const bytes = [...mark, ...assemble(code.handler)];
    return new Handler(mapCode(new Uint8Array(bytes)));
  }

  /** The one that is called at `entry`, if it is one, of whichever Worker. */
  static #at(entry: bigint): Handler | undefined {
    const start = entry - BigInt(ENTRY);
    if (start <= 0n || start % SMALLEST_PAGE !== 0n) return undefined;
    const address = Deno.UnsafePointer.create(start)!;
    const mark = Deno.UnsafePointerView.getArrayBuffer(address, MARK.length);
    return new TextDecoder().decode(mark) === MARK
      ? new Handler(address)
      : undefined;
  }

  /** What a signal's chain comes to that is none of these. */
  static other(signal: number): bigint {
    let handler = getAction(signal).handler;
    for (let it = Handler.#at(handler); it; it = Handler.#at(handler)) {
      handler = it.#next[0];
    }
    return handler;
  }

  /** Puts it first in a signal's chain, to write to a pipe. */
  install(signal: number, pipe: number): void {
    this.#dropped[0] = 0n;
    this.#own[0] = isRealtime(signal) ? bit(signal) : 0n;
    Atomics.store(this.#words, 0, pipe);
    getStruct(signal, this.#previous);
    const handler = this.#entry;
    // One at a time: or of two signals that are there already, the second
    // would interrupt the handler of the first before it has done anything.
    setAction(signal, { handler, flags: SA_SIGINFO | SA_RESTART }, true);
  }

  /** How many signals found the pipe full since it was installed. */
  get dropped(): number {
    return Number(Atomics.load(this.#dropped, 0));
  }

  /** Has it write no more; when this returns it does not any longer. */
  mute(): void {
    Atomics.store(this.#words, 0, NO_PIPE);
    while (Atomics.load(this.#words, 1) !== 0) base.sched_yield();
  }

  /**
   * Takes it out of a signal's chain, so that what was there before it is
   * there again.
   *
   * @returns False if it had to stay: another's handler, of which nobody knows
   * how it goes on, was put before it.
   */
  uninstall(signal: number): boolean {
    const first = getAction(signal).handler;
    if (first === this.#entry) {
      setStruct(signal, this.#previous);
      return true;
    }
    for (let it = Handler.#at(first); it; it = Handler.#at(it.#next[0])) {
      if (it.#next[0] !== this.#entry) continue;
      // In one go, as a signal may be handled right now.
      Atomics.store(it.#next, 0, this.#next[0]);
      it.#previous.set(this.#previous);
      return true;
    }
    return false;
  }
}

/** Handlers that are in no chain, kept for the signal that they were for. */
const spare = new Map<number, Handler[]>();

/**
 * A handler for a signal, made anew unless there is one.
 *
 * @param code What it runs.
 * @param used Whether it may be one that was in use before: only if no thread
 * can still be running that.
 */
export function takeHandler(
  signal: number,
  code: MachineCode,
  used: boolean,
): Handler {
  const kept = used ? spare.get(signal)?.pop() : undefined;
  return kept ?? Handler.make(code);
}

/** Keeps a handler that was uninstalled. */
export function keepHandler(signal: number, handler: Handler): void {
  const kept = spare.get(signal);
  if (kept === undefined) spare.set(signal, [handler]);
  else kept.push(handler);
}
