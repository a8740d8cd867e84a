/** Where a message of a ring or a broadcast is received. */
export interface RingReceiveOptions {
  /**
   * Where the bytes go, for who receives so much that fresh memory for each
   * message would cost too much: for short ones it takes ten times as long as
   * the rest. The message is `into` or a part of it then, and good until that is
   * used again.
   */
  readonly into?: Uint8Array;
}
