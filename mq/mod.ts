/**
 * Message queues: what is sent in one piece is received in one piece, by one
 * of those who receive, and what matters more comes first.
 *
 * {@linkcode MessageQueue} is the POSIX kind, with names and priorities: Linux
 * only. {@linkcode SysvMessageQueue} is the older kind, with numeric keys and
 * with types to choose by, which macOS has too.
 *
 * @example Jobs and a worker
 * ```ts
 * import { MessageQueue } from "@ipc/core/mq";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/jobs-${crypto.randomUUID()}`;
 * using jobs = MessageQueue.create(name, { temporary: true });
 *
 * // In another program: using jobs = MessageQueue.open(name);
 * await jobs.send("resize cat.png");
 * await jobs.send("shut down", { priority: 1 });
 *
 * for await (const { data } of jobs) {
 *   assertEquals(new TextDecoder().decode(data), "shut down");
 *   break;
 * }
 * ```
 *
 * @module
 */

export { MessageQueue } from "./message_queue.ts";
export type {
  Message,
  MessageQueueOpenOptions,
  MessageQueueOptions,
  MessageReceiveOptions,
  PriorityOptions,
} from "./message.ts";
export {
  SysvMessageQueue,
  type SysvMessageQueueOptions,
} from "./sysv_message_queue.ts";
export type {
  SysvMessage,
  SysvReceiveOptions,
  SysvSendOptions,
} from "./sysv_message.ts";
export type {
  SysvMessageQueueEntry,
  SysvMessageQueueStat,
  SysvMessageQueueUse,
} from "./sysv_stat.ts";
export { ftok, type SysvOwnership } from "../_internal/sysv.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
