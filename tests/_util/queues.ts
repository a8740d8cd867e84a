/** Message queues that no other test has. */

import { MessageQueue, SysvMessageQueue } from "../../mq/mod.ts";
import type { MessageQueueOptions } from "../../mq/mod.ts";

/** A name for a queue. */
export function queueName(): string {
  return `/ipc-test-${crypto.randomUUID()}`;
}

/**
 * A POSIX message queue that goes at the end of the block. It is small, as
 * RLIMIT_MSGQUEUE is for all queues of a user together.
 */
export function tempQueue(options?: MessageQueueOptions): MessageQueue {
  return MessageQueue.create(queueName(), {
    messageSize: 128,
    ...options,
    temporary: true,
  });
}

/** A System V message queue that goes at the end of the block. */
export function tempSysvQueue(): SysvMessageQueue {
  return SysvMessageQueue.createPrivate({ temporary: true });
}

/** A key for a System V object that is no other's. */
export function randomKey(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] | 1) >>> 0;
}

/** A message's bytes as text. */
export function text({ data }: { readonly data: Uint8Array }): string {
  return new TextDecoder().decode(data);
}
