import { timeout as checkTimeout } from "../_internal/arguments.ts";
import { backoff } from "../_internal/backoff.ts";
import { closedError } from "../_internal/errno.ts";
import { firstOf } from "../_internal/first_of.ts";
import { Spin } from "../_internal/spin.ts";
import {
  type Parking,
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import {
  BroadcastCursor,
  type BroadcastStart,
  type CopyRecord,
} from "./_broadcast_cursor.ts";
import { AT_PRODUCER, AT_READERS } from "./_broadcast_layout.ts";
import { intoOf } from "./_into.ts";
import type { Records } from "./_layout.ts";
import type { OwnedSide } from "./_owner.ts";
import { Peer } from "./_peer.ts";
import { CLOSED, Sleeper, TIGHT } from "./_sleeper.ts";
import type { RingReceiveOptions } from "./ring_receive_options.ts";

/** Pauses between looks of who may not write to the memory, in milliseconds. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 10;

/** Once in so many attempts in vain, it is asked whether the producer lives. */
const LOOK_EVERY = 256;

/** One message of a {@linkcode Broadcast}. */
export interface BroadcastMessage {
  /** What was sent, as a copy: of its own memory unless `into` was given. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** How many messages were missed between the last one and this. */
  readonly missed: number;
}

/** What a reader needs. */
export interface BroadcastReading {
  readonly records: Records;
  readonly start: BroadcastStart;
  readonly producer: OwnedSide;
  /** Whether the memory may be written to, to say that somebody sleeps. */
  readonly writable: boolean;
  readonly onClose: (reader: BroadcastReader) => void;
}

/** Makes a reader. */
export let newBroadcastReader: (reading: BroadcastReading) => BroadcastReader;

/**
 * One reader of a {@linkcode Broadcast}, at its own pace. Made by
 * {@linkcode Broadcast.subscribe}.
 *
 * @example
 * ```ts
 * import { Broadcast, SharedMemory } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * using broadcast = Broadcast.create(memory);
 * using reader = broadcast.subscribe();
 * broadcast.send("hello");
 * const message = await reader.receive();
 * assertEquals(new TextDecoder().decode(message?.data), "hello");
 * ```
 */
export class BroadcastReader
  implements Disposable, AsyncIterable<BroadcastMessage> {
  readonly #records: Records;
  readonly #cursor: BroadcastCursor;
  readonly #peer: Peer;
  readonly #sleeper: Sleeper | undefined;
  readonly #queue: WaitQueue;
  readonly #onClose: (reader: BroadcastReader) => void;
  #missed = 0;
  #inVain = 0;
  #closed = false;

  static {
    newBroadcastReader = (reading) => new BroadcastReader(reading);
  }

  private constructor(reading: BroadcastReading) {
    const { records, start, producer, writable, onClose } = reading;
    const { words, name } = records;
    const cursor = new BroadcastCursor(records, start);
    const peer = new Peer(producer);
    this.#records = records;
    this.#cursor = cursor;
    this.#peer = peer;
    this.#onClose = onClose;
    if (writable) {
      this.#sleeper = new Sleeper({
        word: words.subarray(AT_READERS, AT_READERS + 1),
        peer,
        ready: () => this.#producerClosed || cursor.find(),
        name,
      });
    }
    const parking = this.#sleeper ?? looking(peer);
    this.#queue = new WaitQueue(parking, "receive", name, new Spin(TIGHT));
  }

  /** How many messages this reader has missed in all. */
  get missed(): number {
    return this.#missed;
  }

  /**
   * Receives without waiting.
   *
   * @param options Where the message goes.
   * @returns The message, and how many were missed before it; null at the end,
   * which is when the producer has closed the broadcast; undefined if there is
   * none now, or others wait already.
   * @throws {RangeError} If there is not enough room; it is still there then.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended; once.
   * @throws {IpcError} `EBADMSG` if the broadcast makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using broadcast = Broadcast.create(memory);
   * using reader = broadcast.subscribe();
   * assertEquals(reader.tryReceive(), undefined);
   * broadcast.send(new Uint8Array([7]));
   * const data = new Uint8Array([7]);
   * assertEquals(reader.tryReceive(), { data, missed: 0 });
   * ```
   */
  tryReceive(
    options?: RingReceiveOptions,
  ): BroadcastMessage | null | undefined {
    return !this.#queue.idle ? undefined : this.#attempt(options);
  }

  /**
   * Receives, blocking the thread until there is a message.
   *
   * @param options Where the message goes, and the longest to wait.
   * @returns The message, and how many were missed before it; null at the end.
   * @throws {RangeError} If there is not enough room; it is still there then.
   * @throws {Deno.errors.TimedOut} If none came in time.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended; once.
   * @throws {Deno.errors.Busy} If an asynchronous receive is pending.
   * @throws {IpcError} `EBADMSG` if the broadcast makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using broadcast = Broadcast.create(memory);
   * using reader = broadcast.subscribe();
   * broadcast.send("hello");
   * console.log(reader.receiveSync({ timeout: 1000 })?.data);
   * ```
   */
  receiveSync(
    options?: RingReceiveOptions & SyncWaitOptions,
  ): BroadcastMessage | null {
    if (options?.timeout !== undefined) {
      checkTimeout(options.timeout, "receive");
    }
    if (this.#queue.idle) {
      const message = this.#attempt(options);
      if (message !== undefined) return message;
    }
    return this.#queue.runSync(() => this.#attempt(options), options);
  }

  /**
   * Receives, waiting until there is a message. Receives that are pending at
   * the same time are served in the order in which they were called.
   *
   * @param options Where the message goes, and a signal that ends the wait; then
   * no message has been taken.
   * @returns The message, and how many were missed before it; null at the end.
   * @throws {RangeError} If there is not enough room; it is still there then.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended; once.
   * @throws {IpcError} `EBADMSG` if the broadcast makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using broadcast = Broadcast.create(memory);
   * using reader = broadcast.subscribe();
   * const receiving = reader.receive({ signal: AbortSignal.timeout(1000) });
   * broadcast.send("hello");
   * console.log((await receiving)?.data.length);
   * ```
   */
  receive(
    options?: RingReceiveOptions & WaitOptions,
  ): Promise<BroadcastMessage | null> {
    return this.#queue.run(() => this.#attempt(options), options);
  }

  /**
   * The messages as they come, to the end. Leaving the loop early leaves the
   * reader open.
   *
   * @returns The messages, and how many were missed before each.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using producer = Broadcast.create(memory);
   * using reader = Broadcast.open(memory).subscribe();
   * producer.send("hello");
   * producer.close();
   * for await (const { data, missed } of reader) {
   *   console.log(data.length, missed);
   * }
   * ```
   */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<BroadcastMessage> {
    for (;;) {
      const message = await this.receive();
      if (message === null) return;
      yield message;
    }
  }

  /**
   * Ends reading; a receive that is pending rejects with
   * `Deno.errors.BadResource`. A second call does nothing.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using broadcast = Broadcast.create(memory);
   * const reader = broadcast.subscribe();
   * reader.close();
   * ```
   */
  close(): void {
    this.#closed = true;
    this.#peer.close();
    this.#sleeper?.close();
    this.#onClose(this);
  }

  /**
   * Ends reading at the end of a block.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using broadcast = Broadcast.create(memory);
   * using reader = broadcast.subscribe();
   * console.log(reader.missed);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }

  #attempt(options?: RingReceiveOptions): BroadcastMessage | null | undefined {
    const into = intoOf(options);
    const data = this.#take(
      (at, length) => this.#copy(at, length, into ?? new Uint8Array(length)),
      into?.length,
    );
    return data && { data, missed: this.#cursor.missed };
  }

  /** Takes a message; null at the end, undefined if there is none now. */
  #take<T>(copy: CopyRecord<T>, room?: number): T | null | undefined {
    if (this.#closed) throw closedError("receive", this.#records.name);
    const taken = this.#cursor.tryTake(copy, room) ??
      this.#takeLast(copy, room);
    if (taken != null) this.#missed += this.#cursor.missed;
    return taken;
  }

  /** There was none: finds out why, and whether there is one after all. */
  #takeLast<T>(copy: CopyRecord<T>, room?: number): T | null | undefined {
    if (++this.#inVain % LOOK_EVERY === 0) this.#peer.look();
    const closed = this.#producerClosed;
    const ended = closed ? undefined : this.#peer.takeEnd("receive");
    if (!closed && ended === undefined) return undefined;
    // Its last messages came before it closed or ended.
    const taken = this.#cursor.tryTake(copy, room);
    if (taken !== undefined) return taken;
    if (ended !== undefined) throw ended;
    return null;
  }

  get #producerClosed(): boolean {
    return Atomics.load(this.#records.words, AT_PRODUCER) === CLOSED;
  }

  #copy(
    at: number,
    length: number,
    into: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer> {
    const { data } = this.#records;
    const first = Math.min(length, data.length - at);
    into.set(data.subarray(at, at + first));
    if (first < length) into.set(data.subarray(0, length - first), first);
    return firstOf(into, length);
  }
}

/** Who may not write to the memory cannot be woken. */
function looking(peer: Peer): Parking {
  const { park, parkSync } = backoff(FIRST_PAUSE, LONGEST_PAUSE);
  return {
    park(wake) {
      peer.look();
      return park(wake);
    },
    parkSync(milliseconds) {
      peer.look();
      parkSync(milliseconds);
    },
  };
}
