/** Looking at a System V message without taking it: MSG_COPY of msgrcv(2). */

import { wholeNumber } from "../_internal/arguments.ts";
import {
  E,
  errno,
  type ErrorContext,
  systemError,
} from "../_internal/errno.ts";
import { IPC_NOWAIT, notSupported, platform } from "../_internal/platform.ts";
import { sysvError } from "../_internal/sysv.ts";
import { libc } from "./_ffi.ts";
import { readMessage, scratchFor, TYPE_SIZE } from "./_scratch.ts";
import type { SysvMessage } from "./sysv_message.ts";

const FIRST_SIZE = 8192;
const MOST_INDEX = 0x7fffffff;

/** The message at a place in the queue; undefined if there are not so many. */
export function peekMessage(
  id: number,
  index: number,
  context: ErrorContext,
): SysvMessage | undefined {
  wholeNumber(index, "peek", "the index", 0, MOST_INDEX);
  if (platform.MSG_COPY === 0) notSupported("peek()", "receive the message");
  const flags = platform.MSG_COPY | IPC_NOWAIT;
  for (let size = FIRST_SIZE;; size *= 2) {
    const scratch = scratchFor(TYPE_SIZE + size);
    const { bytes } = scratch;
    const place = BigInt(index);
    const length = libc.msgrcv(id, bytes, BigInt(size), place, flags);
    if (length >= 0) return readMessage(scratch, length);
    const number = errno();
    if (number === E.ENOMSG) return undefined;
    if (number === E.E2BIG) continue;
    if (number !== E.ENOSYS) throw sysvError(number, "msgrcv", context);
    throw systemError(number, "msgrcv", {
      ...context,
      hint: "this kernel was built without CONFIG_CHECKPOINT_RESTORE, of " +
        "which looking at messages is a part",
    });
  }
}
