/** What is known of System V message queues. */

import type { SysvOwnership } from "../_internal/sysv.ts";

/** What all views of a System V message queue tell. */
export interface SysvMessageQueueUse extends SysvOwnership {
  /** How many messages are in it. */
  readonly length: number;
  /** How many bytes those have. */
  readonly bytes: number;
  /** Who sent the last message: a process id, or 0. */
  readonly lastSendPid: number;
  /** Who received the last message: a process id, or 0. */
  readonly lastReceivePid: number;
  /** When the last message was sent, to the second. */
  readonly lastSend?: Date;
  /** When the last message was received, to the second. */
  readonly lastReceive?: Date;
  /** When it was made, or its settings were changed last, to the second. */
  readonly changed?: Date;
}

/** What {@linkcode SysvMessageQueue.stat} tells. */
export interface SysvMessageQueueStat extends SysvMessageQueueUse {
  /** How many bytes it holds before senders have to wait. */
  readonly maxBytes: number;
}

/** A line of {@linkcode SysvMessageQueue.list}. */
export interface SysvMessageQueueEntry extends SysvMessageQueueUse {
  /** Its id, for {@linkcode SysvMessageQueue.fromId}. */
  readonly id: number;
  /** Its key; 0 for one that was made without. */
  readonly key: number;
}
