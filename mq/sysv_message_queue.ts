import { closedError, E, type ErrorContext } from "../_internal/errno.ts";
import { systemError } from "../_internal/errno.ts";
import {
  createPrivateSysv,
  createSysv,
  ensureSysv,
  openSysv,
  sysvId,
} from "../_internal/sysv.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import { peekMessage } from "./_sysv_peek.ts";
import { SysvReceiver } from "./_sysv_receiver.ts";
import { SysvSender } from "./_sysv_sender.ts";
import {
  listSysvQueues,
  queueExists,
  queueStat,
  removeQueue,
  setQueueBytes,
  sysvQueues,
} from "./_sysv_control.ts";
import type {
  SysvMessage,
  SysvReceiveOptions,
  SysvSendOptions,
} from "./sysv_message.ts";
import type {
  SysvMessageQueueEntry,
  SysvMessageQueueStat,
} from "./sysv_stat.ts";

/** Options of making a System V message queue. */
export interface SysvMessageQueueOptions {
  /**
   * Permission bits, as of a file: who may receive and who may send. The umask
   * does not apply.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode SysvMessageQueue.close} also removes the queue.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/**
 * A System V message queue: messages that carry a type, by which receivers can
 * choose, under a numeric key. It stays, with what is in it, until somebody
 * removes it or the system is restarted. Linux and macOS.
 *
 * Any number of processes may send and receive; each message is received once.
 *
 * Two things are different from what has a descriptor. Only four receives of a
 * program (or Worker) at a time are woken by the kernel, and on macOS none:
 * the others look for a message themselves, every millisecond at first and
 * every 50 ms after a second; and so does whoever waits for room to send. And
 * an empty message that comes for a receive just when that is given up may go
 * to the end of the queue.
 *
 * See [sysvipc(7)](https://man7.org/linux/man-pages/man7/sysvipc.7.html) and
 * [msgrcv(2)](https://man7.org/linux/man-pages/man2/msgrcv.2.html).
 *
 * @example Requests and answers in one queue
 * ```ts
 * import { SysvMessageQueue } from "@ipc/core/mq";
 * import { assertEquals } from "@std/assert";
 *
 * using queue = SysvMessageQueue.createPrivate({ temporary: true });
 * await queue.send("ping", { type: 10 });
 * await queue.send("pong", { type: 11 });
 *
 * const { data } = await queue.receive({ type: 11 });
 * assertEquals(new TextDecoder().decode(data), "pong");
 * ```
 */
export class SysvMessageQueue
  implements Disposable, AsyncIterable<SysvMessage> {
  /** The number by which the kernel knows it; the same for all processes. */
  readonly id: number;
  readonly #temporary: boolean;
  readonly #context: ErrorContext;
  readonly #receiver: SysvReceiver;
  readonly #sender: SysvSender;
  #closed = false;

  private constructor(id: number, temporary: boolean = false) {
    this.id = id;
    this.#temporary = temporary;
    this.#context = { on: `id ${id}`, kind: sysvQueues.kind };
    this.#receiver = new SysvReceiver(id, this.#context);
    this.#sender = new SysvSender(id, this.#context);
  }

  /**
   * Makes a new queue: msgget(2).
   *
   * @param key A number that the programs have agreed on, or {@linkcode ftok}
   * of a file; 32 bits, and not 0.
   * @param options Its permissions, and whether closing removes it.
   * @returns The queue.
   * @throws {Deno.errors.AlreadyExists} If there is one under that key.
   * @throws {IpcError} `ENOSPC` if there are too many; the message names the
   * limit.
   * @throws {RangeError} If the key is not a whole number of 32 bits, or 0, or
   * the mode is not a set of permission bits.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   *
   * const key = crypto.getRandomValues(new Uint32Array(1))[0];
   * using queue = SysvMessageQueue.create(key, { temporary: true });
   * console.log(queue.id);
   * ```
   */
  static create(
    key: number,
    options: SysvMessageQueueOptions = {},
  ): SysvMessageQueue {
    const { mode = 0o600, temporary } = options;
    return new SysvMessageQueue(createSysv(sysvQueues, key, mode), temporary);
  }

  /**
   * Finds a queue that is there. Whether this user may receive and send shows
   * when that is done.
   *
   * @param key Its key.
   * @returns The queue.
   * @throws {Deno.errors.NotFound} If there is none under that key.
   * @throws {RangeError} If the key is not a whole number of 32 bits, or 0.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * const key = crypto.getRandomValues(new Uint32Array(1))[0];
   * using made = SysvMessageQueue.create(key, { temporary: true });
   *
   * using found = SysvMessageQueue.open(key);
   * assertEquals(found.id, made.id);
   * ```
   */
  static open(key: number): SysvMessageQueue {
    return new SysvMessageQueue(openSysv(sysvQueues, key));
  }

  /**
   * Finds a queue, or makes it if it is not there; the options apply only if
   * it is made.
   *
   * @param key Its key.
   * @param options As for {@linkcode create}.
   * @returns The queue.
   * @throws {IpcError} `ENOSPC` if there are too many; the message names the
   * limit.
   * @throws {RangeError} If the key is not a whole number of 32 bits, or 0, or
   * the mode is not a set of permission bits.
   *
   * @example Whichever program comes first
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   *
   * const key = crypto.getRandomValues(new Uint32Array(1))[0];
   * using queue = SysvMessageQueue.ensure(key);
   * using same = SysvMessageQueue.ensure(key);
   * queue.remove();
   * ```
   */
  static ensure(
    key: number,
    options: SysvMessageQueueOptions = {},
  ): SysvMessageQueue {
    const { mode = 0o600, temporary } = options;
    const { id, made } = ensureSysv(sysvQueues, key, mode);
    return new SysvMessageQueue(id, made && temporary);
  }

  /**
   * Makes a new queue that has no key: other programs find it by its id. No
   * key can be taken by somebody else, so prefer this where you can.
   *
   * @param options Its permissions, and whether closing removes it.
   * @returns The queue.
   * @throws {IpcError} `ENOSPC` if there are too many; the message names the
   * limit.
   * @throws {RangeError} If the mode is not a set of permission bits.
   *
   * @example Tell a child the id
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { spawn } from "@ipc/core/pipe";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * const child = spawn("sh", { args: ["-c", "test $0", `${queue.id}`] });
   * await child.status;
   * ```
   */
  static createPrivate(
    options: SysvMessageQueueOptions = {},
  ): SysvMessageQueue {
    const { mode = 0o600, temporary } = options;
    return new SysvMessageQueue(createPrivateSysv(sysvQueues, mode), temporary);
  }

  /**
   * Finds a queue by its id.
   *
   * @param id Its id.
   * @returns The queue.
   * @throws {Deno.errors.NotFound} If there is none with that id.
   * @throws {RangeError} If it is no number that an id can be.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   *
   * using made = SysvMessageQueue.createPrivate({ temporary: true });
   * using found = SysvMessageQueue.fromId(made.id);
   * await found.send("hello");
   * ```
   */
  static fromId(id: number): SysvMessageQueue {
    sysvId(id, `find a ${sysvQueues.kind}`);
    if (queueExists(id)) return new SysvMessageQueue(id);
    throw systemError(E.ENOENT, "msgctl", {
      on: `id ${id}`,
      kind: sysvQueues.kind,
    });
  }

  /**
   * All queues of this system, or of this container. Linux only.
   *
   * @returns What is known of each, in the kernel's order.
   * @throws {Deno.errors.NotSupported} On macOS.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   *
   * for (const { key, id, length } of SysvMessageQueue.list()) {
   *   console.log(`key ${key}, id ${id}: ${length} messages`);
   * }
   * ```
   */
  static list(): SysvMessageQueueEntry[] {
    return listSysvQueues();
  }

  /**
   * Sends without waiting.
   *
   * @param data The message; a string is sent as UTF-8. It may be empty.
   * @param options Its type.
   * @returns Whether it was sent: false if the queue is full, or others wait
   * already to send.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the system allows or
   * than the queue holds, `EIDRM` if the queue has been removed.
   * @throws {Deno.errors.PermissionDenied} If this user may not send.
   * @throws {Deno.errors.BadResource} If this object is closed.
   * @throws {RangeError} If the type is not a whole number from 1 on.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * assertEquals(queue.trySend("hello", { type: 7 }), true);
   * ```
   */
  trySend(data: Uint8Array | string, options?: SysvSendOptions): boolean {
    return this.#sender.trySend(data, options);
  }

  /**
   * Sends, blocking the thread while the queue is full.
   *
   * @param data The message; a string is sent as UTF-8. It may be empty.
   * @param options Its type, and the longest to wait.
   * @throws {Deno.errors.TimedOut} If there was no room in time; it has not
   * been sent then.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the system allows or
   * than the queue holds, `EIDRM` if the queue has been removed, now or
   * meanwhile.
   * @throws {Deno.errors.PermissionDenied} If this user may not send.
   * @throws {Deno.errors.BadResource} If this object is closed.
   * @throws {Deno.errors.Busy} If an asynchronous send is pending.
   * @throws {RangeError} If the type is not a whole number from 1 on.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * queue.sendSync("hello", { type: 7, timeout: 1000 });
   * ```
   */
  sendSync(
    data: Uint8Array | string,
    options?: SysvSendOptions & SyncWaitOptions,
  ): void {
    this.#sender.sendSync(data, options);
  }

  /**
   * Sends, waiting while the queue is full. Sends that are pending at the same
   * time are carried out in the order in which they were called.
   *
   * @param data The message; a string is sent as UTF-8. It may be empty.
   * @param options Its type, and a signal that ends the wait; then it has not
   * been sent.
   * @throws {IpcError} `EMSGSIZE` if it is longer than the system allows or
   * than the queue holds, `EIDRM` if the queue has been removed, now or
   * meanwhile.
   * @throws {Deno.errors.PermissionDenied} If this user may not send.
   * @throws {Deno.errors.BadResource} If this object is closed, now or
   * meanwhile.
   * @throws {RangeError} If the type is not a whole number from 1 on.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * const signal = AbortSignal.timeout(1000);
   * await queue.send(new Uint8Array([1, 2, 3]), { type: 7, signal });
   * ```
   */
  send(
    data: Uint8Array | string,
    options?: SysvSendOptions & WaitOptions,
  ): Promise<void> {
    return this.#sender.send(data, options);
  }

  /**
   * Receives without waiting.
   *
   * @param options Which types, and how long the message may be.
   * @returns The message; undefined if there is none of these types, or others
   * wait already for the same types.
   * @throws {IpcError} `E2BIG` if it is longer than `maxBytes`; it stays in
   * the queue then. `EIDRM` if the queue has been removed.
   * @throws {Deno.errors.PermissionDenied} If this user may not receive.
   * @throws {Deno.errors.NotSupported} If `except` is given on macOS.
   * @throws {Deno.errors.BadResource} If this object is closed.
   * @throws {RangeError} If the type or `maxBytes` is no number that it can be.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * queue.sendSync("hello", { type: 7 });
   * assertEquals(queue.tryReceive({ type: 8 }), undefined);
   * assertEquals(queue.tryReceive({ type: -8 })?.type, 7);
   * ```
   */
  tryReceive(options?: SysvReceiveOptions): SysvMessage | undefined {
    return this.#receiver.tryReceive(options);
  }

  /**
   * Receives, blocking the thread until there is a message of the types.
   *
   * @param options Which types, how long the message may be, and the longest
   * to wait.
   * @returns The message.
   * @throws {Deno.errors.TimedOut} If none came in time.
   * @throws {IpcError} `E2BIG` if it is longer than `maxBytes`; it stays in
   * the queue then. `EIDRM` if the queue has been removed, now or meanwhile.
   * @throws {Deno.errors.PermissionDenied} If this user may not receive.
   * @throws {Deno.errors.NotSupported} If `except` is given on macOS.
   * @throws {Deno.errors.BadResource} If this object is closed.
   * @throws {Deno.errors.Busy} If an asynchronous receive of the same types is
   * pending.
   * @throws {RangeError} If the type or `maxBytes` is no number that it can be.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertThrows } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * assertThrows(
   *   () => queue.receiveSync({ type: 7, timeout: 10 }),
   *   Deno.errors.TimedOut,
   * );
   * ```
   */
  receiveSync(options?: SysvReceiveOptions & SyncWaitOptions): SysvMessage {
    return this.#receiver.receiveSync(options);
  }

  /**
   * Receives, waiting until there is a message of the types. Receives of the
   * same types that are pending at the same time are served in the order in
   * which they were called; those of other types do not wait for each other.
   *
   * @param options Which types, how long the message may be, and a signal that
   * ends the wait; then nothing has been taken.
   * @returns The message.
   * @throws {IpcError} `E2BIG` if it is longer than `maxBytes`; it stays in
   * the queue then. `EIDRM` if the queue has been removed, now or meanwhile.
   * @throws {Deno.errors.PermissionDenied} If this user may not receive.
   * @throws {Deno.errors.NotSupported} If `except` is given on macOS.
   * @throws {Deno.errors.BadResource} If this object is closed, now or
   * meanwhile.
   * @throws {RangeError} If the type or `maxBytes` is no number that it can be.
   *
   * @example What is urgent has a low type
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * await queue.send("sweep the floor", { type: 9 });
   * await queue.send("put out the fire", { type: 1 });
   * const { type } = await queue.receive({ type: -9 });
   * assertEquals(type, 1);
   * ```
   */
  receive(options?: SysvReceiveOptions & WaitOptions): Promise<SysvMessage> {
    return this.#receiver.receive(options);
  }

  /**
   * The messages of all types as they come, without end. Leaving the loop
   * leaves the queue open.
   *
   * @returns The messages.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * await queue.send("", { type: 99 });
   * for await (const { type } of queue) {
   *   if (type === 99) break;
   * }
   * ```
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<SysvMessage> {
    for (;;) yield await this.receive();
  }

  /**
   * Looks at a message and leaves it in the queue. Linux only, and only where
   * the kernel was built with CONFIG_CHECKPOINT_RESTORE, as those of the usual
   * distributions are.
   *
   * @param index Its place: 0 is the oldest.
   * @returns The message; undefined if there are not so many.
   * @throws {IpcError} `EIDRM` if the queue has been removed.
   * @throws {Deno.errors.PermissionDenied} If this user may not receive.
   * @throws {Deno.errors.NotSupported} If the system cannot do that.
   * @throws {Deno.errors.BadResource} If this object is closed.
   * @throws {RangeError} If the index is negative or not whole.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * await queue.send("hello", { type: 7 });
   * assertEquals(queue.peek(0)?.type, 7);
   * assertEquals(queue.peek(1), undefined);
   * assertEquals(queue.stat().length, 1);
   * ```
   */
  peek(index: number = 0): SysvMessage | undefined {
    this.#requireOpen("peek");
    return peekMessage(this.id, index, this.#context);
  }

  /**
   * What the kernel knows of the queue.
   *
   * @returns How much is in it, whose it is, and who used it last.
   * @throws {IpcError} `EIDRM` if the queue has been removed.
   * @throws {Deno.errors.PermissionDenied} If this user may not receive.
   * @throws {Deno.errors.BadResource} If this object is closed.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * await queue.send("hello");
   * const { length, bytes, lastSendPid } = queue.stat();
   * assertEquals([length, bytes, lastSendPid], [1, 5, Deno.pid]);
   * ```
   */
  stat(): SysvMessageQueueStat {
    this.#requireOpen("stat");
    return queueStat(this.id, this.#context);
  }

  /**
   * Sets how many bytes the queue holds before senders have to wait. On Linux
   * the default and the most that a user may set is in
   * `/proc/sys/kernel/msgmnb`.
   *
   * @param bytes The number of bytes.
   * @throws {Deno.errors.PermissionDenied} If the queue is another user's, or
   * this user may not set so many.
   * @throws {IpcError} `EIDRM` if the queue has been removed.
   * @throws {Deno.errors.BadResource} If this object is closed.
   * @throws {RangeError} If it is not a whole number from 1 on.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * queue.setMaxBytes(1024);
   * assertEquals(queue.stat().maxBytes, 1024);
   * ```
   */
  setMaxBytes(bytes: number): void {
    this.#requireOpen("setMaxBytes");
    setQueueBytes(this.id, bytes, this.#context);
  }

  /**
   * Removes the queue with all that is in it. Whoever waits for it, in this
   * and in other programs, gets an error at once: `EIDRM`.
   *
   * @throws {IpcError} `EIDRM` if it has been removed already.
   * @throws {Deno.errors.PermissionDenied} If it is another user's.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertRejects } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate();
   * const receiving = queue.receive();
   * queue.remove();
   * await assertRejects(() => receiving, Error, "EIDRM");
   * ```
   */
  remove(): void {
    removeQueue(this.id, this.#context);
  }

  /**
   * Ends the use of this object, and removes the queue if it is temporary.
   * Waits that are pending reject with `Deno.errors.BadResource`. A second call
   * does nothing.
   *
   * @throws {Deno.errors.PermissionDenied} If it is to be removed, and has
   * become another user's.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   * import { assertRejects } from "@std/assert";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * const receiving = queue.receive();
   * queue.close();
   * await assertRejects(() => receiving, Deno.errors.BadResource);
   * ```
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#receiver.close();
    this.#sender.close();
    if (this.#temporary && queueExists(this.id)) this.remove();
  }

  /**
   * Ends the use of this object at the end of a block.
   *
   * @example
   * ```ts
   * import { SysvMessageQueue } from "@ipc/core/mq";
   *
   * using queue = SysvMessageQueue.createPrivate({ temporary: true });
   * console.log(queue.id);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(verb: string): void {
    if (this.#closed) throw closedError(verb, this.#context.on);
  }
}
