import type { Watchable } from "../mux/watchable.ts";
import type { Credentials } from "./credentials.ts";

/** What goes with a message. */
export interface SendOptions {
  /**
   * Descriptors of this process, up to 253, of which the other one gets
   * duplicates: its own numbers for the same open files. They stay open here.
   *
   * @default {[]}
   */
  readonly fds?: readonly Watchable[];
  /**
   * Whether to say who sends it, which the kernel checks: true for this
   * process. Only a privileged process may name another. Linux only.
   *
   * @default {false}
   */
  readonly credentials?: boolean | Credentials;
}

/** What to take of a message. */
export interface ReceiveOptions {
  /**
   * How many bytes at the most. What a message has beyond that is lost, and
   * `truncated` tells; of a stream it is there for the next call.
   *
   * @default {524288} 65,536 for a stream; the length of `into` if given.
   */
  readonly maxBytes?: number;
  /**
   * How many descriptors at the most, up to 253; surplus ones are closed, and
   * `fdsTruncated` tells. 0 for a peer from whom none are expected.
   *
   * @default {253}
   */
  readonly maxFds?: number;
  /** Where to put the bytes; fresh memory of the right size by default. */
  readonly into?: Uint8Array;
}
