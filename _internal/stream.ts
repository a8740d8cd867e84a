/** Reading and writing bytes, for pipes, FIFOs, stream sockets and terminals. */

import { libc } from "./_ffi.ts";
import { bytes, timeout as checkTimeout } from "./arguments.ts";
import type { Descriptor } from "./descriptor.ts";
import { errno, type ErrorContext, wouldBlock } from "./errno.ts";
import { sliceIsOver } from "./slice.ts";
import {
  type Parking,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "./wait.ts";

/** The most that one call moves: the kernel's own limit, read(2). */
const MOST = 0x7ffff000;

const CHUNK = 65_536;

/**
 * Where chunks are read into before they are copied out at their true size.
 * One for all: an attempt fills it and empties it in one go.
 */
const scratch = new Uint8Array(CHUNK);

/** The system call that moves bytes: read(2), write(2) or one like them. */
type Move = (
  fd: number,
  p: Uint8Array<ArrayBuffer>,
  length: bigint,
) => number;

/** How one kind of stream to read from differs from others. */
export interface StreamOptions {
  /** read(2) by default. */
  readonly read?: Move;
  /** Whether a read that answered nothing means the end; it does by default. */
  readonly atEnd?: (fd: number) => boolean;
  /** An error number that means the end too, where there is one. */
  readonly endError?: number;
  /** What the Web Stream does when it ends; closes the descriptor by default. */
  readonly close?: () => void;
}

/** How one kind of stream to write to differs from others. */
export interface WriterOptions {
  /** write(2) by default. */
  readonly write?: Move;
  /** What the Web Stream does when it ends; closes the descriptor by default. */
  readonly close?: () => void | Promise<void>;
  /** What it does when it is aborted; closes the descriptor by default. */
  readonly abort?: () => void;
  /** What it does when a write has failed; nothing by default. */
  readonly fail?: () => void;
}

/** The reading half of a byte stream. */
export class ByteReader {
  readonly #descriptor: Descriptor;
  readonly #queue: WaitQueue;
  readonly #context: ErrorContext;
  readonly #options: StreamOptions;
  readonly #read: Move;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;

  /**
   * @param descriptor What to read from; its owner closes it.
   * @param waiting How to wait for it, or with whom, if others read as well.
   * @param options How this stream differs.
   */
  constructor(
    descriptor: Descriptor,
    waiting: Parking | WaitQueue,
    options: StreamOptions = {},
  ) {
    this.#descriptor = descriptor;
    this.#queue = toQueue(waiting, "read", descriptor.name);
    this.#context = { on: descriptor.name };
    this.#options = options;
    this.#read = options.read ?? libc.read;
  }

  tryRead(p: Uint8Array): number | null | undefined {
    return this.#queue.try(() => this.#attempt(p));
  }

  readSync(p: Uint8Array, options?: SyncWaitOptions): number | null {
    return this.#queue.runSync(() => this.#attempt(p), options);
  }

  read(p: Uint8Array, options?: WaitOptions): Promise<number | null> {
    return this.#queue.run(() => this.#attempt(p), options);
  }

  /** Chunks of their own memory, each as large as what was there to read. */
  async *chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const chunk = await this.#queue.run(() => this.#attemptChunk());
      if (chunk === null) return;
      yield chunk;
    }
  }

  /**
   * The same as a Web Stream. It takes nothing from the kernel before it is
   * asked to, and closes the descriptor when it ends, fails or is cancelled.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        const chunk = await this.#pull();
        if (chunk !== null) return controller.enqueue(chunk);
        this.#end();
        controller.close();
        // A reader with a buffer of its own is still owed an answer.
        controller.byobRequest?.respond(0);
      },
      cancel: () => this.#end(),
    });
  }

  async #pull(): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      return await this.#queue.run(() => this.#attemptChunk());
    } catch (error) {
      // Nobody is told to cancel a stream that has failed.
      this.#end();
      throw error;
    }
  }

  #attemptChunk(): Uint8Array<ArrayBuffer> | null | undefined {
    const count = this.#attempt(scratch);
    return typeof count === "number" ? scratch.slice(0, count) : count;
  }

  #attempt(p: Uint8Array): number | null | undefined {
    const buffer = bytes(p, "read");
    const fd = this.#descriptor.fd;
    if (p.length === 0) return 0;
    const count = this.#read(fd, buffer, BigInt(Math.min(p.length, MOST)));
    if (count > 0) return count;
    const { atEnd, endError } = this.#options;
    if (count < 0) {
      return errno() === endError ? null : wouldBlock("read", this.#context);
    }
    return atEnd === undefined || atEnd(fd) ? null : undefined;
  }

  #end(): void {
    if (this.#options.close) this.#options.close();
    else this.#descriptor.close();
  }
}

/** The writing half of a byte stream. */
export class ByteWriter {
  readonly #descriptor: Descriptor;
  readonly #queue: WaitQueue;
  readonly #context: ErrorContext;
  readonly #options: WriterOptions;
  readonly #write: Move;
  #writable: WritableStream<Uint8Array> | undefined;

  /**
   * @param descriptor What to write to; its owner closes it.
   * @param waiting How to wait for it, or with whom, if others write as well.
   * @param options How this stream differs.
   */
  constructor(
    descriptor: Descriptor,
    waiting: Parking | WaitQueue,
    options: WriterOptions = {},
  ) {
    this.#descriptor = descriptor;
    this.#queue = toQueue(waiting, "write", descriptor.name);
    this.#context = { on: descriptor.name };
    this.#options = options;
    this.#write = options.write ?? libc.write;
  }

  tryWrite(p: Uint8Array): number | undefined {
    return this.#queue.try(() => this.#attempt(p));
  }

  writeSync(p: Uint8Array, options?: SyncWaitOptions): number {
    return this.#queue.runSync(() => this.#attempt(p), options);
  }

  write(p: Uint8Array, options?: WaitOptions): Promise<number> {
    return this.#queue.run(() => this.#attempt(p), options);
  }

  /**
   * Writes all of `p`; nothing of another write comes between its parts.
   *
   * @param p What to write.
   * @param options How to follow it.
   * @param begin Attempts to write the first part, if not like the others.
   */
  async writeAll(
    p: Uint8Array,
    options: WriteAllOptions = {},
    begin: (p: Uint8Array) => number | undefined = (p) => this.#attempt(p),
  ): Promise<void> {
    options.signal?.throwIfAborted();
    const { length } = bytes(p, "write");
    // Most writes fit, and then there is nothing to wait for.
    const all = () => begin(p);
    const first = sliceIsOver() ? undefined : this.#queue.briefly(all);
    let written = first ?? 0;
    if (written > 0) options.onProgress?.(written);
    if (first === length) return;
    const { signal, onProgress } = options;
    await this.#queue.hold(async () => {
      do {
        const rest = bytes(p, "write").subarray(written);
        const attempt = () => written === 0 ? begin(p) : this.#attempt(rest);
        written += await this.#queue.run(attempt, { signal }, true);
        onProgress?.(written);
      } while (written < length);
    }, options);
  }

  /** Like {@linkcode writeAll}, blocking the thread. */
  writeAllSync(
    p: Uint8Array,
    options: WriteAllSyncOptions = {},
    begin: (p: Uint8Array) => number | undefined = (p) => this.#attempt(p),
  ): void {
    const { onProgress } = options;
    const timeout = checkTimeout(options.timeout, "write");
    const deadline = performance.now() + timeout;
    let written = 0;
    do {
      const rest = written === 0 ? p : p.subarray(written);
      const left = written === 0 ? timeout : deadline - performance.now();
      const attempt = () => written === 0 ? begin(p) : this.#attempt(rest);
      const limit = { timeout: Math.max(0, left) };
      written += this.#queue.runSync(attempt, limit);
      onProgress?.(written);
    } while (written < p.length);
  }

  /** The same as a Web Stream, which closes the descriptor when it ends. */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream({
      write: (chunk, { signal }) => this.#writeChunk(chunk, signal),
      close: this.#options.close ?? (() => this.#descriptor.close()),
      abort: this.#options.abort ?? (() => this.#descriptor.close()),
    });
  }

  async #writeChunk(chunk: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      // Aborting waits for what is under way, which may wait for ever.
      await this.writeAll(chunk, { signal });
    } catch (error) {
      // Nobody is told to abort or to close a stream that has failed.
      if (!signal.aborted) this.#options.fail?.();
      throw error;
    }
  }

  #attempt(p: Uint8Array): number | undefined {
    const data = bytes(p, "write");
    const fd = this.#descriptor.fd;
    if (p.length === 0) return 0;
    const count = this.#write(fd, data, BigInt(Math.min(p.length, MOST)));
    return count >= 0 ? count : wouldBlock("write", this.#context);
  }
}

function toQueue(
  waiting: Parking | WaitQueue,
  syscall: string,
  on: string,
): WaitQueue {
  return waiting instanceof WaitQueue
    ? waiting
    : new WaitQueue(waiting, syscall, on);
}

/** How to follow a write that goes out in parts. */
export interface WriteProgress {
  /**
   * Called with the number of bytes written so far, after each part: what has
   * gone out when the rest was aborted or failed.
   */
  readonly onProgress?: (written: number) => void;
}

/** Options of writing something completely. */
export interface WriteAllOptions extends WaitOptions, WriteProgress {}

/** Options of writing something completely, blocking the thread. */
export interface WriteAllSyncOptions extends SyncWaitOptions, WriteProgress {}
