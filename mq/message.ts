/** What is sent to and received from a POSIX message queue, and how it is made. */

/** Options of {@linkcode MessageQueue.create} and {@linkcode MessageQueue.ensure}. */
export interface MessageQueueOptions {
  /**
   * How many messages it holds before senders have to wait. The most that a
   * user may have is in `/proc/sys/fs/mqueue/msg_max`, and the default in
   * `/proc/sys/fs/mqueue/msg_default`; both are 10 unless somebody has
   * changed them.
   */
  readonly maxMessages?: number;
  /**
   * How many bytes a message may have. The most that a user may have is in
   * `/proc/sys/fs/mqueue/msgsize_max`, and the default in
   * `/proc/sys/fs/mqueue/msgsize_default`; both are 8,192 unless somebody has
   * changed them.
   */
  readonly messageSize?: number;
  /**
   * Permission bits, exactly as given: the umask does not apply.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether {@linkcode MessageQueue.close} also removes the name.
   *
   * @default {false}
   */
  readonly temporary?: boolean;
}

/** Options of {@linkcode MessageQueue.open}. */
export interface MessageQueueOpenOptions {
  /**
   * Whether to receive. Needs the permission to read.
   *
   * @default {true}
   */
  readonly read?: boolean;
  /**
   * Whether to send. Needs the permission to write.
   *
   * @default {true}
   */
  readonly write?: boolean;
}

/** How important a message is. */
export interface PriorityOptions {
  /**
   * From 0 to 32,767. A message of a higher priority is received before all of
   * a lower one; those of the same priority in the order in which they were
   * sent.
   *
   * @default {0}
   */
  readonly priority?: number;
}

/** Where a message is received. */
export interface MessageReceiveOptions {
  /**
   * Where the bytes go, for who receives so much that fresh memory for each
   * message would cost too much: `data` is a part of it then, and good until
   * it is used again. It must have room for the longest message that the
   * queue can hold.
   */
  readonly into?: Uint8Array;
}

/** What {@linkcode MessageQueue} receives. */
export interface Message {
  /** The bytes, in memory of their own unless `into` was given. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The priority with which they were sent. */
  readonly priority: number;
}
