/** A message queue, of either system. */

import { MessageQueue, SysvMessageQueue } from "../mq/mod.ts";
import { given, UsageError, wholeNumber } from "./_command.ts";
import { findSysv, type ObjectName, toObjectName } from "./_object_name.ts";

/** What a message is sent or received with. */
export interface QueueOptions {
  readonly priority?: string;
  readonly type?: string;
}

/** A message as it came. */
export interface QueueMessage {
  readonly data: Uint8Array;
  readonly priority?: number;
  readonly type?: number;
}

/** What both kinds of queues can do, with the options for their kind. */
export interface Queue extends Disposable {
  /** How many messages are in it. */
  readonly length: number;
  trySend(data: Uint8Array | string): boolean;
  send(data: Uint8Array | string, signal?: AbortSignal): Promise<void>;
  tryReceive(): QueueMessage | undefined;
  receive(signal?: AbortSignal): Promise<QueueMessage>;
  /** Sends what was received once more; it comes after others like it then. */
  tryReturn(message: QueueMessage): boolean;
}

/** What a queue is opened for. */
export type Purpose = "send" | "receive" | "look";

/** Opens a queue that is there. */
export function openQueue(
  text: string,
  purpose: Purpose,
  options: QueueOptions = {},
): Queue {
  const object = toObjectName(text);
  return "name" in object
    ? openPosix(object.name, purpose, options)
    : openSysv(object, purpose, options);
}

function openPosix(
  name: string,
  purpose: Purpose,
  { priority, type }: QueueOptions,
): Queue {
  if (type !== undefined) {
    throw new UsageError("--type is for System V queues: --priority");
  }
  const chosen = {
    priority: given(priority, (n) => wholeNumber(n, "--priority")),
  };
  const queue = MessageQueue.open(name, {
    read: purpose !== "send",
    write: purpose === "send",
  });
  return {
    get length() {
      return queue.length;
    },
    trySend: (data) => queue.trySend(data, chosen),
    send: (data, signal) => queue.send(data, { ...chosen, signal }),
    tryReceive: () => queue.tryReceive(),
    receive: (signal) => queue.receive({ signal }),
    tryReturn({ data, priority }) {
      using back = MessageQueue.open(name, { read: false });
      return back.trySend(data, { priority });
    },
    [Symbol.dispose]: () => queue.close(),
  };
}

function openSysv(
  object: ObjectName,
  purpose: Purpose,
  { priority, type }: QueueOptions,
): Queue {
  if (priority !== undefined) {
    throw new UsageError("--priority is for POSIX queues: --type");
  }
  const least = purpose === "send" ? 1 : -Number.MAX_SAFE_INTEGER;
  const chosen = {
    type: given(type, (n) => wholeNumber(n, "--type", least)),
  };
  const queue = findSysv(SysvMessageQueue, object)!;
  return {
    get length() {
      return queue.stat().length;
    },
    trySend: (data) => queue.trySend(data, chosen),
    send: (data, signal) => queue.send(data, { ...chosen, signal }),
    tryReceive: () => queue.tryReceive(chosen),
    receive: (signal) => queue.receive({ ...chosen, signal }),
    tryReturn: ({ data, type }) => queue.trySend(data, { type }),
    [Symbol.dispose]: () => queue.close(),
  };
}
