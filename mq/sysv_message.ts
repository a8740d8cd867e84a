/** What is sent to and received from a System V message queue. */

/** Options of sending a System V message. */
export interface SysvSendOptions {
  /**
   * What kind of message it is: a whole number from 1 on, by which receivers
   * can choose.
   *
   * @default {1}
   */
  readonly type?: number;
}

/** Options of receiving a System V message. */
export interface SysvReceiveOptions {
  /**
   * Which messages: 0 for any, in the order in which they were sent; a positive
   * number for that type alone; a negative one, -n, for the lowest type that
   * there is from 1 to n.
   *
   * @default {0}
   */
  readonly type?: number;
  /**
   * Turns the choice of a positive type into all but that. Linux only.
   *
   * @default {false}
   */
  readonly except?: boolean;
  /**
   * The most bytes that a message may have; a longer one is an error, and
   * stays in the queue. The default is that it may have any number.
   */
  readonly maxBytes?: number;
  /**
   * Cuts a message off that is longer than `maxBytes` or `into`, instead.
   *
   * @default {false}
   */
  readonly truncate?: boolean;
  /**
   * Where the bytes go, for who receives so much that fresh memory for each
   * message would cost too much: `data` is a part of it then, and good until
   * it is used again. Its length is a limit as `maxBytes` is.
   */
  readonly into?: Uint8Array;
}

/** A System V message. */
export interface SysvMessage {
  /** The bytes, in memory of their own unless `into` was given. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The type with which they were sent. */
  readonly type: number;
}
