/** One message out of a System V message queue: msgrcv(2). */

import { E, errno, type ErrorContext } from "../_internal/errno.ts";
import { sysvError } from "../_internal/sysv.ts";
import { libc } from "./_ffi.ts";
import { readMessage, scratchFor, TYPE_SIZE } from "./_scratch.ts";
import type { SysvMessage } from "./sysv_message.ts";

/** The most bytes that a message may have, of all that can be asked for. */
export const MOST_SIZE = 2 ** 30;

/** How much room there is for a message when nothing was said about that. */
let size = 8192;

/** How long a message may be, and where it goes. */
export interface Room {
  /** The most bytes; any number if undefined. */
  readonly most?: number;
  /** Where they go; fresh memory if undefined. */
  readonly into?: Uint8Array;
}

/**
 * Takes a message; undefined when there is none, or a signal came.
 *
 * @param id The queue's id.
 * @param mtype Which: types, or a place for MSG_COPY.
 * @param flags Whether to wait, and so on.
 * @param room How long it may be, and where it goes.
 * @param context What to say in errors.
 */
export function takeMessage(
  id: number,
  mtype: bigint,
  flags: number,
  { most, into }: Room,
  context: ErrorContext,
): SysvMessage | undefined {
  for (;;) {
    const length = most ?? size;
    const scratch = scratchFor(TYPE_SIZE + length);
    const taken = libc
      .msgrcv(id, scratch.bytes, BigInt(length), mtype, flags);
    if (taken >= 0) return readMessage(scratch, taken, into);
    const number = errno();
    if (number === E.ENOMSG || number === E.EINTR) return undefined;
    if (number !== E.E2BIG) throw sysvError(number, "msgrcv", context);
    if (most === undefined && size < MOST_SIZE) size *= 2;
    else {
      throw sysvError(number, "msgrcv", {
        ...context,
        hint: `the message has more than ${length} bytes; it is still there`,
      });
    }
  }
}
