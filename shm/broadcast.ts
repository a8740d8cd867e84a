import { messageBytes } from "../_internal/arguments.ts";
import { ensure } from "../_internal/ensure.ts";
import { closedError } from "../_internal/errno.ts";
import { type MemoryRegion, onUnmap } from "../_internal/mapped_region.ts";
import type { BroadcastStart } from "./_broadcast_cursor.ts";
import { BROADCAST } from "./_broadcast_layout.ts";
import { BroadcastWriter } from "./_broadcast_writer.ts";
import { type Records, sizeFor } from "./_layout.ts";
import { find, make, readOnlyError } from "./_making.ts";
import {
  type BroadcastReader,
  newBroadcastReader,
} from "./broadcast_reader.ts";
import { SharedMemory } from "./shared_memory.ts";

/** Options of {@linkcode Broadcast.create} and {@linkcode Broadcast.ensure}. */
export interface BroadcastOptions {
  /**
   * How many bytes of messages it holds for readers that lag behind, which is
   * how long the longest may be. Up to a sixteenth of it may be empty. Needed
   * with a name; in memory that is there, as many as there is room for, unless
   * given.
   */
  readonly capacity?: number;
  /**
   * Where in the memory it begins, in bytes: a multiple of 64.
   *
   * @default {0}
   */
  readonly offset?: number;
  /**
   * Permission bits of the memory that is made with a name. Readers need to
   * read it only.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode Broadcast.close} also removes the name.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/** Options of {@linkcode Broadcast.open}. */
export interface BroadcastOpenOptions {
  /**
   * Where in the memory it begins, in bytes.
   *
   * @default {0}
   */
  readonly offset?: number;
  /**
   * Whether to open the memory only to read it, for which reading has to be
   * permitted only. Readers that wait cannot be woken then: they look again
   * every 1 to 10 ms.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
}

/** Options of {@linkcode Broadcast.subscribe}. */
export interface SubscribeOptions {
  /**
   * Where to begin: with the next message that is sent (`"now"`), or with the
   * oldest that is still there.
   *
   * @default {"now"}
   */
  readonly from?: "now" | "oldest";
}

/**
 * Messages from one process to any number of others through shared memory, each
 * of which reads at its own pace.
 *
 * The producer waits for nobody: when there is no more room it writes over the
 * oldest messages. A reader that was too slow goes on with the oldest that is
 * there and is told how many it has missed; what it gets is what was sent, never
 * parts of two messages. Readers leave no trace in the memory, so they may come,
 * go and be killed as they like.
 *
 * Whoever sends first is the producer, until it closes the broadcast or its
 * process ends; then another may take its place. If it was killed, readers that
 * find nothing more get `Deno.errors.BrokenPipe`, once.
 *
 * What is in the memory, so that programs in C or Python can take part, is in
 * `docs/ring-format.md`.
 *
 * @example Two programs, here in one
 * ```ts
 * import { Broadcast } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/example-${crypto.randomUUID()}`;
 * using producer = Broadcast.create(name, { capacity: 100, temporary: true });
 *
 * using broadcast = Broadcast.open(name); // usually in another program
 * using reader = broadcast.subscribe();
 * for (let i = 1; i <= 10; i++) producer.send(`message ${i}`);
 * producer.close();
 *
 * let [received, missed] = [0, 0];
 * for await (const message of reader) {
 *   received++;
 *   missed += message.missed;
 * }
 * assertEquals(received + missed, 10);
 * ```
 */
export class Broadcast implements Disposable {
  /** How many bytes of messages it holds, and how long the longest may be. */
  readonly capacity: number;
  readonly #records: Records;
  readonly #writer: BroadcastWriter;
  readonly #writable: boolean;
  readonly #readers = new Set<BroadcastReader>();
  /** The memory, if it came with the broadcast. */
  readonly #memory: Disposable | undefined;
  readonly #ignore: () => void;
  #closed = false;

  private constructor(
    records: Records,
    writable: boolean,
    memory?: Disposable,
  ) {
    this.capacity = records.capacity;
    this.#records = records;
    this.#writer = new BroadcastWriter(records);
    this.#writable = writable;
    this.#memory = memory;
    this.#ignore = onUnmap(records.data, () => this.close(), "use a broadcast");
  }

  /**
   * Makes a broadcast in memory that is there, or in new shared memory.
   *
   * @param memory Memory of any kind, which stays the caller's; or the name of
   * shared memory to make, which is closed with the broadcast.
   * @param options How large, and where or with which permissions.
   * @returns The broadcast.
   * @throws {Deno.errors.AlreadyExists} If there is memory of that name, or a
   * broadcast in the memory.
   * @throws {Deno.errors.PermissionDenied} If the memory is only read.
   * @throws {IpcError} `ENOSPC` if there is not enough room for the memory.
   * @throws {TypeError} If it is no memory, or the name is none.
   * @throws {RangeError} If the capacity is not a whole number from 1 to
   * 2³⁰-16, or the memory has too few bytes, or the offset is none.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(65_536);
   * using broadcast = Broadcast.create(memory);
   * broadcast.send("hello");
   * ```
   */
  static create(
    memory: MemoryRegion | string,
    options: BroadcastOptions = {},
  ): Broadcast {
    const { capacity, offset, mode, temporary } = options;
    if (typeof memory !== "string") {
      const place = { memory, offset };
      return new Broadcast(make(BROADCAST, place, capacity), true);
    }
    const size = Broadcast.sizeOf(capacity!);
    const own = SharedMemory.create(memory, { size, mode, temporary });
    const records = make(BROADCAST, { memory: own }, capacity);
    return new Broadcast(records, true, own);
  }

  /**
   * Finds a broadcast.
   *
   * @param memory Memory of any kind, which stays the caller's; or the name of
   * shared memory to open, which is closed with the broadcast.
   * @param options Where in the memory it is, and whether only to read it.
   * @returns The broadcast.
   * @throws {Deno.errors.NotFound} If there is no memory of that name.
   * @throws {Deno.errors.PermissionDenied} If it may not be used.
   * @throws {Deno.errors.NotSupported} If it is of another version.
   * @throws {IpcError} `EINVAL` if there is no broadcast, `EBADMSG` if it makes
   * no sense.
   * @throws {TypeError} If it is no memory, or the name is none.
   * @throws {RangeError} If the offset is none.
   *
   * @example
   * ```ts
   * import { Broadcast } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * using _made = Broadcast.create(name, { capacity: 1000, temporary: true });
   *
   * using found = Broadcast.open(name, { readOnly: true });
   * using reader = found.subscribe({ from: "oldest" });
   * console.log(reader.tryReceive());
   * ```
   */
  static open(
    memory: MemoryRegion | string,
    options: BroadcastOpenOptions = {},
  ): Broadcast {
    const { offset, readOnly } = options;
    if (typeof memory !== "string") {
      const records = find(BROADCAST, { memory, offset }, false);
      return new Broadcast(records, !readOnly && (memory.writable ?? true));
    }
    const own = SharedMemory.open(memory, { readOnly });
    try {
      const records = find(BROADCAST, { memory: own, offset }, true);
      return new Broadcast(records, own.writable, own);
    } catch (error) {
      own.close();
      throw error;
    }
  }

  /**
   * Finds a broadcast, or makes it if it is not there; the options apply only
   * if it is made.
   *
   * @param name The name of its memory.
   * @param options How large, and with which permissions.
   * @returns The broadcast.
   * @throws {Deno.errors.PermissionDenied} If it may not be used.
   * @throws {Deno.errors.NotSupported} If it is of another version.
   * @throws {IpcError} `EINVAL` if the memory is there and no broadcast in it,
   * `ENOSPC` if there is not enough room.
   * @throws {TypeError} If the name is none.
   * @throws {RangeError} If the capacity is not a whole number from 1 to
   * 2³⁰-16.
   *
   * @example Whichever program comes first
   * ```ts
   * import { Broadcast } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * using broadcast = Broadcast.ensure(name, { capacity: 65_536 });
   * using same = Broadcast.ensure(name, { capacity: 65_536 });
   * Broadcast.unlink(name);
   * ```
   */
  static ensure(name: string, options: BroadcastOptions): Broadcast {
    return ensure(
      () => Broadcast.create(name, options),
      () => Broadcast.open(name),
    );
  }

  /**
   * Removes the name of a broadcast's memory. Who has it keeps it.
   *
   * @param name The name.
   * @throws {Deno.errors.NotFound} If there is none.
   * @throws {Deno.errors.PermissionDenied} If it is somebody else's.
   * @throws {TypeError} If the name is none.
   *
   * @example
   * ```ts
   * import { Broadcast } from "@ipc/core/shm";
   *
   * const name = `/example-${crypto.randomUUID()}`;
   * Broadcast.create(name, { capacity: 65_536 }).close();
   * Broadcast.unlink(name);
   * ```
   */
  static unlink(name: string): void {
    SharedMemory.unlink(name);
  }

  /**
   * How much memory a broadcast takes, to make room for several in one.
   *
   * @param capacity How many bytes of messages it holds.
   * @returns How many bytes it takes.
   * @throws {RangeError} If the capacity is not a whole number from 1 to
   * 2³⁰-16.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * const size = Broadcast.sizeOf(1000);
   * using memory = SharedMemory.anonymous(size);
   * using broadcast = Broadcast.create(memory, { capacity: 1000 });
   * ```
   */
  static sizeOf(capacity: number): number {
    return sizeFor(capacity, BROADCAST, "make");
  }

  /**
   * Sends to everyone who reads; never waits.
   *
   * @param data The message; a string is sent as UTF-8.
   * @throws {Deno.errors.Busy} If another is the producer.
   * @throws {Deno.errors.PermissionDenied} If the memory is only read.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the capacity, `EBADMSG` if
   * the broadcast makes no sense.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using broadcast = Broadcast.create(memory);
   * broadcast.send("to whom it may concern");
   * ```
   */
  send(data: Uint8Array | string): void {
    const message = messageBytes(data, "send");
    if (!this.#writable) throw readOnlyError(this.#records.name);
    this.#writer.send(message);
  }

  /**
   * Begins to read. Any number of readers is possible, in any number of
   * processes.
   *
   * @param options Where to begin.
   * @returns The reader; it is closed with the broadcast, if not before.
   * @throws {TypeError} If that is no place to begin.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using broadcast = Broadcast.create(memory);
   * broadcast.send("sent before");
   * using reader = broadcast.subscribe({ from: "oldest" });
   * console.log(reader.tryReceive()?.data.length); // 11
   * ```
   */
  subscribe(options: SubscribeOptions = {}): BroadcastReader {
    if (this.#closed) throw closedError("subscribe", this.#records.name);
    const reader = newBroadcastReader({
      records: this.#records,
      start: requireStart(options.from ?? "now"),
      producer: this.#writer.side,
      writable: this.#writable,
      onClose: (reader) => this.#readers.delete(reader),
    });
    this.#readers.add(reader);
    return reader;
  }

  /**
   * Closes it and the readers of this object. If it was the producer, all other
   * readers come to the end. Memory that came with the broadcast is closed, and
   * its name removed if it is temporary. A second call does nothing.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const producer = Broadcast.create(memory);
   * using reader = Broadcast.open(memory).subscribe();
   * producer.send("hello");
   * producer.close();
   * assertEquals((await reader.receive())?.data.length, 5);
   * assertEquals(await reader.receive(), null);
   * ```
   */
  close(): void {
    this.#closed = true;
    this.#ignore();
    this.#writer.close();
    for (const reader of [...this.#readers]) reader.close();
    this.#memory?.[Symbol.dispose]();
  }

  /**
   * Closes it at the end of a block.
   *
   * @example
   * ```ts
   * import { Broadcast, SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * using broadcast = Broadcast.create(memory);
   * console.log(broadcast.capacity);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}

function requireStart(from: BroadcastStart): BroadcastStart {
  if (from === "now" || from === "oldest") return from;
  throw new TypeError(
    `Cannot subscribe: the beginning must be "now" or "oldest": ` +
      `current value is ${from}`,
  );
}
