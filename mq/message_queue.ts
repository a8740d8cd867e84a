import { Descriptor } from "../_internal/descriptor.ts";
import { ensure } from "../_internal/ensure.ts";
import { TemporaryName } from "../_internal/temporary_name.ts";
import { untilClosed } from "../_internal/until_closed.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import { listQueues } from "./_posix_list.ts";
import {
  findQueue,
  isNameOf,
  makeQueue,
  queueAttributes,
  unlinkQueue,
} from "./_posix_open.ts";
import { PosixReceiver } from "./_posix_receiver.ts";
import { PosixSender } from "./_posix_sender.ts";
import type {
  Message,
  MessageQueueOpenOptions,
  MessageQueueOptions,
  MessageReceiveOptions,
  PriorityOptions,
} from "./message.ts";

/** How an object came by its descriptor. */
interface OpenedAs extends MessageQueueOpenOptions {
  readonly temporary?: boolean;
}

/**
 * A POSIX message queue: messages of up to a certain size, with priorities,
 * under a name. It stays, with what is in it, until its name is removed and
 * nobody has it open any more, or the system is restarted. Linux only.
 *
 * Any number of processes may send and receive; each message is received once.
 *
 * See [mq_overview(7)](https://man7.org/linux/man-pages/man7/mq_overview.7.html).
 *
 * @example What is urgent comes first
 * ```ts
 * import { MessageQueue } from "@ipc/core/mq";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/jobs-${crypto.randomUUID()}`;
 * using queue = MessageQueue.create(name, { temporary: true });
 *
 * await queue.send("sweep the floor");
 * await queue.send("put out the fire", { priority: 9 });
 *
 * const { data, priority } = await queue.receive();
 * assertEquals(new TextDecoder().decode(data), "put out the fire");
 * assertEquals(priority, 9);
 * ```
 */
export class MessageQueue implements Disposable, AsyncIterable<Message> {
  /** Its name, which begins with a slash. */
  readonly name: string;
  /** How many messages it holds before senders have to wait. */
  readonly maxMessages: number;
  /** How many bytes a message may have. */
  readonly messageSize: number;
  readonly #descriptor: Descriptor;
  readonly #temporary: TemporaryName | undefined;
  readonly #sender: PosixSender;
  readonly #receiver: PosixReceiver;

  private constructor(
    fd: number,
    name: string,
    { temporary = false, read = true, write = true }: OpenedAs,
  ) {
    const descriptor = new Descriptor(fd, name);
    const { maxMessages, messageSize } = queueAttributes(fd, name);
    this.name = name;
    this.maxMessages = maxMessages;
    this.messageSize = messageSize;
    this.#descriptor = descriptor;
    this.#temporary = temporary
      ? new TemporaryName(() => isNameOf(name, fd), () => unlinkQueue(name))
      : undefined;
    // The only reasons for EBADF, as long as it is open.
    this.#sender = new PosixSender(descriptor, messageSize, {
      on: name,
      hint: write ? undefined : "it was opened with write: false",
    });
    this.#receiver = new PosixReceiver(descriptor, messageSize, {
      on: name,
      hint: read ? undefined : "it was opened with read: false",
    });
  }

  /**
   * Makes a new queue and opens it to send and receive: mq_open(3).
   *
   * @param name A slash and up to 255 bytes of UTF-8 without another.
   * @param options How much it holds, its permissions, and whether closing
   * removes it.
   * @returns The queue; close it when done.
   * @throws {Deno.errors.AlreadyExists} If there is one of that name.
   * @throws {Deno.errors.NotSupported} If this is not Linux.
   * @throws {IpcError} `EINVAL` if it is to hold more than this user may have,
   * `EMFILE` if all of this user's queues would, `ENOSPC` if there are too
   * many queues; the message names the limit.
   * @throws {TypeError} If it is no name for a queue.
   * @throws {RangeError} If the name is too long, or an option is no number
   * that it can be.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, {
   *   maxMessages: 5,
   *   messageSize: 256,
   *   mode: 0o622, // anybody may send, but only we may receive
   *   temporary: true,
   * });
   * console.log(queue.maxMessages, queue.messageSize); // 5 256
   * ```
   */
  static create(name: string, options: MessageQueueOptions = {}): MessageQueue {
    const fd = makeQueue(name, options);
    return new MessageQueue(fd, name, { temporary: options.temporary });
  }

  /**
   * Opens a queue that is there.
   *
   * @param name Its name.
   * @param options What to open it for.
   * @returns The queue; close it when done.
   * @throws {Deno.errors.NotFound} If there is none of that name.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it so.
   * @throws {Deno.errors.NotSupported} If this is not Linux.
   * @throws {TypeError} If it is no name for a queue, or to be opened for
   * nothing.
   * @throws {RangeError} If the name is too long.
   *
   * @example A sender that needs no permission to receive
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using _queue = MessageQueue.create(name, { temporary: true });
   *
   * using sender = MessageQueue.open(name, { read: false });
   * await sender.send("hello");
   * ```
   */
  static open(
    name: string,
    options: MessageQueueOpenOptions = {},
  ): MessageQueue {
    const { read = true, write = true } = options;
    const fd = findQueue(name, read, write);
    return new MessageQueue(fd, name, { read, write });
  }

  /**
   * Opens a queue to send and receive, or makes it if it is not there; the
   * options apply only if it is made.
   *
   * @param name Its name.
   * @param options As for {@linkcode create}.
   * @returns The queue; close it when done.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   * @throws {Deno.errors.NotSupported} If this is not Linux.
   * @throws {IpcError} If it is to hold more than it may, as for
   * {@linkcode create}.
   * @throws {TypeError} If it is no name for a queue.
   * @throws {RangeError} If the name is too long, or an option is no number
   * that it can be.
   *
   * @example Whichever program comes first
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.ensure(name);
   * using same = MessageQueue.ensure(name);
   * queue.unlink();
   * ```
   */
  static ensure(name: string, options: MessageQueueOptions = {}): MessageQueue {
    return ensure(
      () => MessageQueue.create(name, options),
      () => MessageQueue.open(name),
    );
  }

  /**
   * Removes a queue's name. Those who have it open go on using it, and with
   * the last of them it goes.
   *
   * @param name Its name.
   * @throws {Deno.errors.NotFound} If there is none of that name.
   * @throws {Deno.errors.PermissionDenied} If it belongs to another user.
   * @throws {Deno.errors.NotSupported} If this is not Linux.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * MessageQueue.create(name).close();
   * MessageQueue.unlink(name);
   * ```
   */
  static unlink(name: string): void {
    unlinkQueue(name);
  }

  /**
   * The names of all queues of this system, or of this container, in order.
   *
   * They are read where the file system `mqueue` is mounted, usually
   * `/dev/mqueue`. Where it is not, the superuser can have them all the same.
   *
   * @returns The names, each with its slash.
   * @throws {Deno.errors.PermissionDenied} If the file system is not mounted
   * and this is not the superuser; the message says how to mount it.
   * @throws {Deno.errors.NotSupported} If this is not Linux.
   *
   * @example
   * ```ts ignore
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * console.log(MessageQueue.list()); // [ "/jobs", "/results" ]
   * ```
   */
  static list(): string[] {
    return listQueues();
  }

  /**
   * The descriptor's number, for `select`, `poll`, `spawn` and the like: it is
   * readable when there is a message and writable when there is room. A child
   * that is given it finds it blocking, as programs expect.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * How many messages are in it now.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get length(): number {
    return queueAttributes(this.fd, this.name).length;
  }

  /**
   * Sends without waiting.
   *
   * @param data The message; a string is sent as UTF-8. It may be empty.
   * @param options Its priority.
   * @returns Whether it was sent: false if the queue is full, or others wait
   * already to send.
   * @throws {IpcError} `EMSGSIZE` if it is longer than `messageSize`.
   * @throws {RangeError} If the priority is not a whole number up to 32,767.
   * @throws {Deno.errors.BadResource} If the queue is closed, or was opened
   * only to receive.
   *
   * @example Fill a queue
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * while (queue.trySend("more"));
   * assertEquals(queue.length, queue.maxMessages);
   * ```
   */
  trySend(data: Uint8Array | string, options?: PriorityOptions): boolean {
    return this.#sender.trySend(data, options);
  }

  /**
   * Sends, blocking the thread while the queue is full.
   *
   * @param data The message; a string is sent as UTF-8. It may be empty.
   * @param options Its priority, and the longest to wait.
   * @throws {Deno.errors.TimedOut} If there was no room in time; it has not
   * been sent then.
   * @throws {IpcError} `EMSGSIZE` if it is longer than `messageSize`.
   * @throws {RangeError} If the priority is not a whole number up to 32,767.
   * @throws {Deno.errors.BadResource} If the queue is closed, or was opened
   * only to receive.
   * @throws {Deno.errors.Busy} If an asynchronous send is pending.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * queue.sendSync("hello", { priority: 1, timeout: 1000 });
   * ```
   */
  sendSync(
    data: Uint8Array | string,
    options?: PriorityOptions & SyncWaitOptions,
  ): void {
    this.#sender.sendSync(data, options);
  }

  /**
   * Sends, waiting while the queue is full. Sends that are pending at the same
   * time are carried out in the order in which they were called.
   *
   * @param data The message; a string is sent as UTF-8. It may be empty.
   * @param options Its priority, and a signal that ends the wait; then it has
   * not been sent.
   * @throws {IpcError} `EMSGSIZE` if it is longer than `messageSize`.
   * @throws {RangeError} If the priority is not a whole number up to 32,767.
   * @throws {Deno.errors.BadResource} If the queue is closed, now or
   * meanwhile, or was opened only to receive.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * const signal = AbortSignal.timeout(1000);
   * await queue.send(new Uint8Array([1, 2, 3]), { priority: 5, signal });
   * ```
   */
  send(
    data: Uint8Array | string,
    options?: PriorityOptions & WaitOptions,
  ): Promise<void> {
    return this.#sender.send(data, options);
  }

  /**
   * Receives without waiting.
   *
   * @param options Where to.
   * @returns The oldest of the messages with the highest priority; undefined
   * if there is none, or others wait already to receive.
   * @throws {RangeError} If `into` is shorter than `messageSize`.
   * @throws {Deno.errors.BadResource} If the queue is closed, or was opened
   * only to send.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   * import { assertEquals } from "@std/assert";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * assertEquals(queue.tryReceive(), undefined);
   * ```
   */
  tryReceive(options?: MessageReceiveOptions): Message | undefined {
    return this.#receiver.tryReceive(options);
  }

  /**
   * Receives, blocking the thread until there is a message.
   *
   * @param options Where to, and the longest to wait.
   * @returns The oldest of the messages with the highest priority.
   * @throws {Deno.errors.TimedOut} If none came in time.
   * @throws {RangeError} If `into` is shorter than `messageSize`.
   * @throws {Deno.errors.BadResource} If the queue is closed, or was opened
   * only to send.
   * @throws {Deno.errors.Busy} If an asynchronous receive is pending.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   * import { assertThrows } from "@std/assert";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * assertThrows(
   *   () => queue.receiveSync({ timeout: 10 }),
   *   Deno.errors.TimedOut,
   * );
   * ```
   */
  receiveSync(options?: MessageReceiveOptions & SyncWaitOptions): Message {
    return this.#receiver.receiveSync(options);
  }

  /**
   * Receives, waiting until there is a message. Receives that are pending at
   * the same time are served in the order in which they were called.
   *
   * @param options Where to, and a signal that ends the wait; then nothing has
   * been taken.
   * @returns The oldest of the messages with the highest priority.
   * @throws {RangeError} If `into` is shorter than `messageSize`.
   * @throws {Deno.errors.BadResource} If the queue is closed, now or
   * meanwhile, or was opened only to send.
   *
   * @example With a time-out
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   * import { assertRejects } from "@std/assert";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * const signal = AbortSignal.timeout(10);
   * await assertRejects(() => queue.receive({ signal }));
   * ```
   */
  receive(options?: MessageReceiveOptions & WaitOptions): Promise<Message> {
    return this.#receiver.receive(options);
  }

  /**
   * The messages as they come, until the queue is closed here. Leaving the loop
   * leaves it open.
   *
   * @returns The messages.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * await queue.send("stop");
   * for await (const { data } of queue) {
   *   if (new TextDecoder().decode(data) === "stop") break;
   * }
   * ```
   */
  [Symbol.asyncIterator](): AsyncGenerator<Message> {
    return untilClosed(() => this.receive(), () => this.#descriptor.closed);
  }

  /**
   * Removes its name. Those who have it open, this object too, go on using it.
   *
   * @throws {Deno.errors.NotFound} If the name has been removed already.
   * @throws {Deno.errors.PermissionDenied} If it belongs to another user.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * using queue = MessageQueue.create(`/jobs-${crypto.randomUUID()}`);
   * queue.unlink();
   * await queue.send("still works");
   * ```
   */
  unlink(): void {
    unlinkQueue(this.name);
  }

  /**
   * Closes it, and removes the name if it is temporary. Waits that are pending
   * reject with `Deno.errors.BadResource`. What is in the queue stays there. A
   * second call does nothing.
   *
   * @throws {Deno.errors.PermissionDenied} If the name may not be removed.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   * import { assertRejects } from "@std/assert";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * const receiving = queue.receive();
   * queue.close();
   * await assertRejects(() => receiving, Deno.errors.BadResource);
   * ```
   */
  close(): void {
    if (this.#descriptor.closed) return;
    try {
      this.#temporary?.remove();
    } finally {
      this.#descriptor.close();
    }
  }

  /**
   * Closes it at the end of a block.
   *
   * @example
   * ```ts
   * import { MessageQueue } from "@ipc/core/mq";
   *
   * const name = `/jobs-${crypto.randomUUID()}`;
   * using queue = MessageQueue.create(name, { temporary: true });
   * console.log(queue.fd);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}
