/**
 * How much the kernel holds for a socket. Linux takes twice as much as asked
 * for, for its own records, and limits it by `/proc/sys/net/core/wmem_max` and
 * `rmem_max`: socket(7).
 */
export interface BufferOptions {
  /**
   * Bytes on their way to the peer; the longest message that can be sent is a
   * little less than what the kernel makes of it.
   *
   * @default {212992} Linux; 8,192 for streams on macOS.
   */
  readonly sendBufferSize?: number;
  /** Bytes on their way from the peer. Linux does not limit these. */
  readonly receiveBufferSize?: number;
}
