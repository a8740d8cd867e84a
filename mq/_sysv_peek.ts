/** Looking at a System V message without taking it: MSG_COPY of msgrcv(2). */

import { wholeNumber } from "../_internal/arguments.ts";
import { E, type ErrorContext, systemError } from "../_internal/errno.ts";
import { IPC_NOWAIT, notSupported, platform } from "../_internal/platform.ts";
import { takeMessage } from "./_sysv_take.ts";
import type { SysvMessage } from "./sysv_message.ts";

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
  try {
    return takeMessage(id, BigInt(index), flags, {}, context);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotSupported)) throw error;
    throw systemError(E.ENOSYS, "msgrcv", {
      ...context,
      hint: "peek() needs a kernel built with CONFIG_CHECKPOINT_RESTORE",
    });
  }
}
