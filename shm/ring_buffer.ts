import {
  messageBytes,
  timeout as checkTimeout,
} from "../_internal/arguments.ts";
import { ensure } from "../_internal/ensure.ts";
import { type MemoryRegion, onUnmap } from "../_internal/mapped_region.ts";
import { Spin } from "../_internal/spin.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { intoOf } from "./_into.ts";
import { RingConsumer } from "./_ring_consumer.ts";
import { type Records, sizeFor } from "./_layout.ts";
import { find, make, requireLength, requireWritable } from "./_making.ts";
import { RING } from "./_ring_layout.ts";
import { RingProducer } from "./_ring_producer.ts";
import { RingSide } from "./_ring_side.ts";
import { TIGHT } from "./_sleeper.ts";
import type { RingReceiveOptions } from "./ring_receive_options.ts";
import { SharedMemory } from "./shared_memory.ts";

/** Options of {@linkcode RingBuffer.create} and {@linkcode RingBuffer.ensure}. */
export interface RingBufferOptions {
  /**
   * How many bytes of messages it holds, which is how long the longest may be.
   * Needed with a name; in memory that is there, as many as there is room for,
   * unless given.
   */
  readonly capacity?: number;
  /**
   * Where in the memory it begins, in bytes: a multiple of 64.
   *
   * @default {0}
   */
  readonly offset?: number;
  /**
   * Permission bits of the memory that is made with a name. Both sides write
   * to it.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode RingBuffer.close} also removes the name.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/**
 * Messages from one process to another through shared memory: the fastest way
 * there is, because the kernel has nothing to do with it unless somebody waits.
 *
 * There is one producer and one consumer. Whoever sends first is the producer,
 * whoever receives first the consumer, until they close it or their process
 * ends; then another may take its place. Messages are of any length up to the
 * capacity, also empty, and come out as they went in: whole, once, in order.
 *
 * A process that is killed leaves the ring as it was before the message that it
 * was just sending or receiving. The other side learns of it when it has to
 * wait: a receive that finds nothing more, and a send that finds no room, throw
 * `Deno.errors.BrokenPipe`. If the producer has closed the ring instead,
 * receiving answers null after the last message.
 *
 * What is in the memory, so that programs in C or Python can take part, is in
 * `docs/ring-format.md`.
 *
 * @example Two programs, here in one
 * ```ts
 * import { RingBuffer } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/example-${crypto.randomUUID()}`;
 * const options = { capacity: 65_536, temporary: true };
 * using producer = RingBuffer.create(name, options);
 * using consumer = RingBuffer.open(name); // usually in another program
 *
 * await producer.send("hello");
 * const message = await consumer.receive();
 * assertEquals(new TextDecoder().decode(message!), "hello");
 *
 * producer.close();
 * assertEquals(await consumer.receive(), null);
 * ```
 */
export class RingBuffer
  implements Disposable, AsyncIterable<Uint8Array<ArrayBuffer>> {
  /** How many bytes of messages it holds, and how long the longest may be. */
  readonly capacity: number;
  readonly #producer: RingProducer;
  readonly #consumer: RingConsumer;
  readonly #sending: WaitQueue;
  readonly #receiving: WaitQueue;
  /** The memory, if it came with the ring. */
  readonly #memory: Disposable | undefined;
  readonly #ignore: () => void;

  private constructor(ring: Records, memory?: Disposable) {
    const producing = new RingSide(ring, "producer");
    const consuming = new RingSide(ring, "consumer");
    const producer = new RingProducer(ring, producing);
    const consumer = new RingConsumer(ring, consuming);
    this.#producer = producer;
    this.#consumer = consumer;
    const room = producing.sleeper(() => producer.isReady());
    this.#sending = new WaitQueue(room, "send", ring.name, new Spin(TIGHT));
    const message = consuming.sleeper(() => consumer.isReady());
    this.#receiving = new WaitQueue(
      message,
      "receive",
      ring.name,
      new Spin(TIGHT),
    );
    this.capacity = ring.capacity;
    this.#memory = memory;
    this.#ignore = onUnmap(ring.data, () => this.close(), "use a ring");
  }

  /**
   * Makes a ring in memory that is there, or in new shared memory.
   *
   * @param memory Memory of any kind, which stays the caller's; or the name of
   * shared memory to make, which is closed with the ring.
   * @param options How large, and where or with which permissions.
   * @returns The ring.
   * @throws {Deno.errors.AlreadyExists} If there is memory of that name, or a
   * ring in the memory.
   * @throws {Deno.errors.PermissionDenied} If the memory is only read.
   * @throws {IpcError} `ENOSPC` if there is not enough room for the memory.
   * @throws {TypeError} If it is no memory, or the name is none.
   * @throws {RangeError} If the capacity is not a whole number from 1 to 2³⁰-8,
   * or the memory has too few bytes, or the offset is none.
   *
   * @example Two rings in the same memory, for questions and answers
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(1 << 18);
   * const capacity = 100_000;
   * using questions = RingBuffer.create(memory, { capacity });
   * using answers = RingBuffer.create(memory, { capacity, offset: 1 << 17 });
   * ```
   */
  static create(
    memory: MemoryRegion | string,
    options: RingBufferOptions = {},
  ): RingBuffer {
    const { capacity, offset, mode, temporary } = options;
    if (typeof memory !== "string") {
      return new RingBuffer(make(RING, { memory, offset }, capacity));
    }
    const size = RingBuffer.sizeOf(capacity!);
    const own = SharedMemory.create(memory, { size, mode, temporary });
    return new RingBuffer(make(RING, { memory: own }, capacity), own);
  }

  /**
   * Finds a ring.
   *
   * @param memory Memory of any kind, which stays the caller's; or the name of
   * shared memory to open, which is closed with the ring.
   * @param options Where in the memory it is.
   * @returns The ring.
   * @throws {Deno.errors.NotFound} If there is no memory of that name.
   * @throws {Deno.errors.PermissionDenied} If it may not be written to.
   * @throws {Deno.errors.NotSupported} If the ring is of another version.
   * @throws {IpcError} `EINVAL` if there is no ring, `EBADMSG` if it makes no
   * sense.
   * @throws {TypeError} If it is no memory, or the name is none.
   * @throws {RangeError} If the offset is none.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(65_536);
   * using producer = RingBuffer.create(memory);
   * using consumer = RingBuffer.open(memory);
   * ```
   */
  static open(
    memory: MemoryRegion | string,
    options: Pick<RingBufferOptions, "offset"> = {},
  ): RingBuffer {
    const { offset } = options;
    if (typeof memory !== "string") {
      const place = { memory, offset };
      requireWritable(place);
      return new RingBuffer(find(RING, place, false));
    }
    const own = SharedMemory.open(memory);
    try {
      return new RingBuffer(find(RING, { memory: own, offset }, true), own);
    } catch (error) {
      own.close();
      throw error;
    }
  }

  /**
   * Finds a ring, or makes it if it is not there; the options apply only if it
   * is made.
   *
   * @param name The name of its memory.
   * @param options How large, and with which permissions.
   * @returns The ring.
   * @throws {Deno.errors.PermissionDenied} If it may not be used.
   * @throws {Deno.errors.NotSupported} If the ring is of another version.
   * @throws {IpcError} `EINVAL` if the memory is there and no ring in it,
   * `ENOSPC` if there is not enough room.
   * @throws {TypeError} If the name is none.
   * @throws {RangeError} If the capacity is not a whole number from 1 to 2³⁰-8.
   *
   * @example Whichever program comes first
   * ```ts
   * import { RingBuffer } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * using ring = RingBuffer.ensure(name, { capacity: 65_536 });
   * using same = RingBuffer.ensure(name, { capacity: 65_536 });
   * RingBuffer.unlink(name);
   * ```
   */
  static ensure(name: string, options: RingBufferOptions): RingBuffer {
    return ensure(
      () => RingBuffer.create(name, options),
      () => RingBuffer.open(name),
    );
  }

  /**
   * Removes the name of a ring's memory. Who has the ring keeps it.
   *
   * @param name The name.
   * @throws {Deno.errors.NotFound} If there is none.
   * @throws {Deno.errors.PermissionDenied} If it is somebody else's.
   * @throws {TypeError} If the name is none.
   *
   * @example
   * ```ts
   * import { RingBuffer } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * RingBuffer.create(name, { capacity: 65_536 }).close();
   * RingBuffer.unlink(name);
   * ```
   */
  static unlink(name: string): void {
    SharedMemory.unlink(name);
  }

  /**
   * How much memory a ring takes, to make room for several in one.
   *
   * @param capacity How many bytes of messages it holds.
   * @returns How many bytes it takes.
   * @throws {RangeError} If the capacity is not a whole number from 1 to 2³⁰-8.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * const size = RingBuffer.sizeOf(1000);
   * using memory = SharedMemory.anonymous(size);
   * using ring = RingBuffer.create(memory, { capacity: 1000 });
   * ```
   */
  static sizeOf(capacity: number): number {
    return sizeFor(capacity, RING, "make");
  }

  /**
   * Sends without waiting.
   *
   * @param data The message; a string is sent as UTF-8.
   * @returns Whether it was sent: false if there is no room now, or others wait
   * already to send.
   * @throws {Deno.errors.BrokenPipe} If the consumer has closed the ring, or
   * there is no room and its process has ended.
   * @throws {Deno.errors.Busy} If another is the producer.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the capacity, `EBADMSG` if
   * the ring makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory, { capacity: 8 });
   * assertEquals(ring.trySend("12345678"), true);
   * assertEquals(ring.trySend("9"), false);
   * ```
   */
  trySend(data: Uint8Array | string): boolean {
    if (!this.#sending.idle) return false;
    return this.#producer.trySend(messageBytes(data, "send"));
  }

  /**
   * Sends, blocking the thread while there is no room.
   *
   * @param data The message; a string is sent as UTF-8.
   * @param options The longest to wait.
   * @throws {Deno.errors.TimedOut} If there was no room in time; it has not been
   * sent then.
   * @throws {Deno.errors.BrokenPipe} If the consumer has closed the ring, or
   * there is no room and its process has ended.
   * @throws {Deno.errors.Busy} If another is the producer, or an asynchronous
   * send is pending.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the capacity, `EBADMSG` if
   * the ring makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * ring.sendSync("hello", { timeout: 1000 });
   * ```
   */
  sendSync(data: Uint8Array | string, options?: SyncWaitOptions): void {
    const message = messageBytes(data, "send");
    if (options?.timeout !== undefined) checkTimeout(options.timeout, "send");
    if (this.#sending.idle && this.#producer.trySend(message)) return;
    const attempt = () => this.#producer.trySend(message) || undefined;
    this.#sending.runSync(attempt, options);
  }

  /**
   * Sends, waiting while there is no room. Sends that are pending at the same
   * time are carried out in the order in which they were called.
   *
   * @param data The message; a string is sent as UTF-8.
   * @param options A signal that ends the wait; then it has not been sent.
   * @throws {Deno.errors.BrokenPipe} If the consumer has closed the ring, or
   * there is no room and its process has ended.
   * @throws {Deno.errors.Busy} If another is the producer.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the capacity, `EBADMSG` if
   * the ring makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * await ring.send("hello", { signal: AbortSignal.timeout(1000) });
   * ```
   */
  async send(data: Uint8Array | string, options?: WaitOptions): Promise<void> {
    const message = messageBytes(data, "send");
    const attempt = () => this.#producer.trySend(message) || undefined;
    await this.#sending.run(attempt, options);
  }

  /**
   * Receives without waiting.
   *
   * @param options Where the message goes.
   * @returns The message, as a copy; null at the end, which is when the
   * producer has closed the ring; undefined if there is none now, or others
   * wait already.
   * @throws {RangeError} If there is not enough room; it is still there then.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended.
   * @throws {Deno.errors.Busy} If another is the consumer.
   * @throws {IpcError} `EBADMSG` if the ring makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * assertEquals(ring.tryReceive(), undefined);
   * ring.trySend(new Uint8Array([7]));
   * assertEquals(ring.tryReceive(), new Uint8Array([7]));
   *
   * ring.trySend(new Uint8Array([8]));
   * const into = new Uint8Array(ring.capacity);
   * assertEquals(ring.tryReceive({ into }), new Uint8Array([8]));
   * assertEquals(into[0], 8);
   * ```
   */
  tryReceive(
    options?: RingReceiveOptions,
  ): Uint8Array<ArrayBuffer> | null | undefined {
    if (!this.#receiving.idle) return undefined;
    return this.#consumer.tryReceive(intoOf(options));
  }

  /**
   * Receives, blocking the thread until there is a message.
   *
   * @param options Where the message goes, and the longest to wait.
   * @returns The message, as a copy; null at the end.
   * @throws {RangeError} If there is not enough room; it is still there then.
   * @throws {Deno.errors.TimedOut} If none came in time.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended.
   * @throws {Deno.errors.Busy} If another is the consumer, or an asynchronous
   * receive is pending.
   * @throws {IpcError} `EBADMSG` if the ring makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * ring.sendSync("hello");
   * console.log(ring.receiveSync({ timeout: 1000 }));
   * ```
   */
  receiveSync(
    options?: RingReceiveOptions & SyncWaitOptions,
  ): Uint8Array<ArrayBuffer> | null {
    const into = intoOf(options);
    if (options?.timeout !== undefined) {
      checkTimeout(options.timeout, "receive");
    }
    if (this.#receiving.idle) {
      const message = this.#consumer.tryReceive(into);
      if (message !== undefined) return message;
    }
    const attempt = () => this.#consumer.tryReceive(into);
    return this.#receiving.runSync(attempt, options);
  }

  /**
   * Receives, waiting until there is a message. Receives that are pending at
   * the same time are served in the order in which they were called.
   *
   * @param options Where the message goes, and a signal that ends the wait; then
   * no message has been taken.
   * @returns The message, as a copy; null at the end.
   * @throws {RangeError} If there is not enough room; it is still there then.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended.
   * @throws {Deno.errors.Busy} If another is the consumer.
   * @throws {IpcError} `EBADMSG` if the ring makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * const receiving = ring.receive({ signal: AbortSignal.timeout(1000) });
   * await ring.send("hello");
   * console.log(await receiving);
   * ```
   */
  async receive(
    options?: RingReceiveOptions & WaitOptions,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const into = intoOf(options);
    const attempt = () => this.#consumer.tryReceive(into);
    return await this.#receiving.run(attempt, options);
  }

  /**
   * Makes room for a message that is then written in place, without waiting;
   * {@linkcode commit} sends it. What was reserved before is given up.
   *
   * @param length How many bytes, up to the capacity.
   * @returns The room, which may hold anything; undefined if there is none now,
   * or others wait already to send. Where a message would go round the end of
   * the ring it is memory of its own, and copied by the commit.
   * @throws {Deno.errors.BrokenPipe} If the consumer has closed the ring, or
   * there is no room and its process has ended.
   * @throws {Deno.errors.Busy} If another is the producer.
   * @throws {RangeError} If that is no length.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the capacity.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * const room = ring.tryReserve(8);
   * if (room !== undefined) {
   *   room.fill(7);
   *   ring.commit();
   * }
   * ```
   */
  tryReserve(length: number): Uint8Array<ArrayBuffer> | undefined {
    if (!this.#sending.idle) return undefined;
    return this.#producer.tryReserve(requireLength(length));
  }

  /**
   * Makes room for a message that is then written in place, blocking the thread
   * while there is none; {@linkcode commit} sends it.
   *
   * @param length How many bytes, up to the capacity.
   * @param options The longest to wait.
   * @returns The room, which may hold anything.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.BrokenPipe} If the consumer has closed the ring, or
   * there is no room and its process has ended.
   * @throws {Deno.errors.Busy} If another is the producer, or an asynchronous
   * send is pending.
   * @throws {RangeError} If that is no length.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the capacity.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * ring.reserveSync(8).fill(7);
   * ring.commit();
   * ```
   */
  reserveSync(
    length: number,
    options?: SyncWaitOptions,
  ): Uint8Array<ArrayBuffer> {
    requireLength(length);
    const attempt = () => this.#producer.tryReserve(length);
    return this.#sending.runSync(attempt, options);
  }

  /**
   * Makes room for a message that is then written in place, waiting while there
   * is none; {@linkcode commit} sends it.
   *
   * @param length How many bytes, up to the capacity.
   * @param options A signal that ends the wait.
   * @returns The room, which may hold anything.
   * @throws {Deno.errors.BrokenPipe} If the consumer has closed the ring, or
   * there is no room and its process has ended.
   * @throws {Deno.errors.Busy} If another is the producer.
   * @throws {RangeError} If that is no length.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the capacity.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example Encode a text where the other side will read it
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * const room = await ring.reserve(100);
   * const { written } = new TextEncoder().encodeInto("hello", room);
   * ring.commit(written);
   * ```
   */
  async reserve(
    length: number,
    options?: WaitOptions,
  ): Promise<Uint8Array<ArrayBuffer>> {
    requireLength(length);
    const attempt = () => this.#producer.tryReserve(length);
    return await this.#sending.run(attempt, options);
  }

  /**
   * Sends what was reserved. Its bytes belong to the other side then.
   *
   * @param length How many of the bytes; all unless given.
   * @throws {TypeError} If nothing is reserved.
   * @throws {RangeError} If it is more than was reserved.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * ring.tryReserve(100)![0] = 7;
   * ring.commit(1);
   * ```
   */
  commit(length?: number): void {
    this.#producer.commit(length);
  }

  /**
   * The next message where it lies, without waiting and without taking it:
   * {@linkcode release} does.
   *
   * @returns Its bytes, which must be left alone after the release; null at the
   * end; undefined if there is none now, or others wait already. Where it goes
   * round the end of the ring they are a copy.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended.
   * @throws {Deno.errors.Busy} If another is the consumer.
   * @throws {IpcError} `EBADMSG` if the ring makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * ring.trySend("hello");
   * const message = ring.tryPeek();
   * if (message) {
   *   console.log(message.length);
   *   ring.release();
   * }
   * ```
   */
  tryPeek(): Uint8Array<ArrayBuffer> | null | undefined {
    return !this.#receiving.idle ? undefined : this.#consumer.tryPeek();
  }

  /**
   * The next message where it lies, blocking the thread until there is one,
   * and without taking it: {@linkcode release} does.
   *
   * @param options The longest to wait.
   * @returns Its bytes, which must be left alone after the release; null at the
   * end.
   * @throws {Deno.errors.TimedOut} If none came in time.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended.
   * @throws {Deno.errors.Busy} If another is the consumer, or an asynchronous
   * receive is pending.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * ring.sendSync("hello");
   * console.log(ring.peekSync({ timeout: 1000 })?.length);
   * ring.release();
   * ```
   */
  peekSync(options?: SyncWaitOptions): Uint8Array<ArrayBuffer> | null {
    return this.#receiving.runSync(() => this.#consumer.tryPeek(), options);
  }

  /**
   * The next message where it lies, waiting until there is one, and without
   * taking it: {@linkcode release} does.
   *
   * @param options A signal that ends the wait.
   * @returns Its bytes, which must be left alone after the release; null at the
   * end.
   * @throws {Deno.errors.BrokenPipe} If there is none and the producer's process
   * has ended.
   * @throws {Deno.errors.Busy} If another is the consumer.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * await ring.send("hello");
   * const message = await ring.peek();
   * console.log(new TextDecoder().decode(message!));
   * ring.release();
   * ```
   */
  peek(options?: WaitOptions): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#receiving.run(() => this.#consumer.tryPeek(), options);
  }

  /**
   * Takes the message that was peeked at: the other side may write where it was.
   *
   * @throws {TypeError} If no message is being peeked at.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * ring.trySend("hello");
   * ring.tryPeek();
   * ring.release();
   * ```
   */
  release(): void {
    this.#consumer.release();
  }

  /**
   * The messages as they come, to the end. Leaving the loop early leaves the
   * ring open.
   *
   * @returns The messages, as copies.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using producer = RingBuffer.create(memory);
   * using consumer = RingBuffer.open(memory);
   * producer.trySend("hello");
   * producer.close();
   * for await (const message of consumer) console.log(message.length);
   * ```
   */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<
    Uint8Array<ArrayBuffer>
  > {
    for (;;) {
      const message = await this.receive();
      if (message === null) return;
      yield message;
    }
  }

  /**
   * Closes it: the other side learns of it, and whoever waits here gets
   * `Deno.errors.BadResource`. Memory that came with the ring is closed, and
   * its name removed if it is temporary. A second call does nothing.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   * import { assertThrows } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using producer = RingBuffer.create(memory);
   * using consumer = RingBuffer.open(memory);
   * consumer.tryReceive();
   * consumer.close();
   * assertThrows(() => producer.trySend("hello"), Deno.errors.BrokenPipe);
   * ```
   */
  close(): void {
    this.#ignore();
    this.#producer.close();
    this.#consumer.close();
    this.#memory?.[Symbol.dispose]();
  }

  /**
   * Closes it at the end of a block.
   *
   * @example
   * ```ts
   * import { RingBuffer, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using ring = RingBuffer.create(memory);
   * console.log(ring.capacity);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}
