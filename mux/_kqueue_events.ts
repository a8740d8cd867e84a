/** Events as the kernel puts them, in words. */

import { systemError } from "../_internal/errno.ts";
import { exitStatus } from "../_internal/exit_status.ts";
import {
  EV_EOF,
  NOTE_EXITSTATUS,
  NOTE_FFLAGSMASK,
} from "../_internal/platform.ts";
import { namesOf, PROC_NOTES, VNODE_NOTES } from "./_kqueue_numbers.ts";
import type { KqueueChange } from "./kqueue_change_types.ts";
import type {
  KqueueDescriptorEvent,
  KqueueEvent,
} from "./kqueue_event_types.ts";

/** The fields of `struct kevent` that tell what has happened. */
export interface Happened {
  readonly ident: number;
  readonly flags: number;
  readonly fflags: number;
  readonly data: number;
}

/**
 * The event of something that was watched for.
 *
 * @param change How it was added.
 * @param value The value that comes with it.
 * @param happened What the kernel says.
 */
export function eventOf(
  change: KqueueChange,
  value: unknown,
  happened: Happened,
): KqueueEvent {
  const { fflags, data: count } = happened;
  switch (change.filter) {
    case "read":
    case "write":
    case "except": {
      const { filter, fd } = change;
      return { filter, fd, data: value, ...readiness(happened) };
    }
    case "vnode": {
      const { filter, fd } = change;
      return { filter, fd, data: value, ...namesOf(VNODE_NOTES, fflags) };
    }
    case "proc": {
      const { exitStatus: _, ...notes } = namesOf(PROC_NOTES, fflags);
      const { filter, pid } = change;
      const event = { filter, pid, data: value, ...notes };
      if ((fflags & NOTE_EXITSTATUS) === 0) return event;
      return { ...event, status: exitStatus(count) };
    }
    case "signal": {
      const { filter, signal } = change;
      return { filter, signal, data: value, count };
    }
    case "timer": {
      const { filter, id } = change;
      return { filter, id, data: value, count };
    }
    case "user": {
      const { filter, id } = change;
      return { filter, id, data: value, flags: fflags & NOTE_FFLAGSMASK };
    }
  }
}

function readiness(
  { ident, flags, fflags, data: available }: Happened,
): Pick<KqueueDescriptorEvent, "available" | "eof" | "error"> {
  const eof = (flags & EV_EOF) !== 0;
  // With EV_EOF they are an error number; otherwise what was asked for.
  if (!eof || fflags === 0) return { available, eof };
  const error = systemError(fflags, "kevent", { on: `fd ${ident}` });
  return { available, eof, error };
}
