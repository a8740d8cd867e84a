/** Changes as their users write them, checked and put as the kernel takes them. */

import { wholeNumber } from "../_internal/arguments.ts";
import {
  EV_DISABLE,
  NOTE_ABSOLUTE,
  NOTE_FFLAGSMASK,
  NOTE_LOWAT,
  NOTE_OOB,
  NOTE_TRIGGER,
} from "../_internal/platform.ts";
import { signalNumber } from "../_internal/signals.ts";
import {
  ACTIONS,
  bitsOf,
  FLAGS,
  PROC_NOTES,
  TIMER_UNITS,
  USER_COMBINATIONS,
  VNODE_NOTES,
} from "./_kqueue_numbers.ts";
import type {
  KqueueChange,
  KqueueDescriptorChange,
  KqueueProcChange,
  KqueueTimerChange,
  KqueueUserChange,
  KqueueVnodeChange,
} from "./kqueue_change_types.ts";
import { fdOf } from "./watchable.ts";

const VERB = "change a kqueue";
const MOST = Number.MAX_SAFE_INTEGER;
const MOST_ID = 0x7fffffff;

/** What a filter is told beside what it is about. */
export interface Settings {
  readonly fflags: number;
  readonly data: number;
}

const NOTHING: Settings = { fflags: 0, data: 0 };

/** What `change` is about: a descriptor, process, signal or number. */
export function identOf(change: KqueueChange): number {
  switch (change?.filter) {
    case "read":
    case "write":
    case "except":
    case "vnode":
      return fdOf(change.fd, VERB);
    case "proc":
      return wholeNumber(change.pid, VERB, "the process", 1, MOST_ID);
    case "signal":
      return signalNumber(change.signal, VERB);
    case "timer":
    case "user":
      return wholeNumber(change.id, VERB, "the id", 0, MOST);
    default:
      throw new TypeError(
        `Cannot ${VERB}: the filter must be read, write, except, vnode, proc, ` +
          `signal, timer or user: current value is ` +
          `${(change as { filter?: unknown } | undefined)?.filter}`,
      );
  }
}

/** EV_ADD and so on. */
export function flagsOf(change: KqueueChange): number {
  const { action } = change;
  if (action === undefined && triggers(change)) return 0;
  const flags = ACTIONS[action ?? "add"];
  if (flags === undefined) {
    throw new TypeError(
      `Cannot ${VERB}: the action must be add, delete, enable or disable: ` +
        `current value is ${action}`,
    );
  }
  if (!adds(change)) return flags;
  return flags | bitsOf(FLAGS, change) | (change.disabled ? EV_DISABLE : 0);
}

/** Whether `change` adds what it is about. */
export function adds(change: KqueueChange): boolean {
  return (change.action ?? (triggers(change) ? "" : "add")) === "add";
}

function triggers(change: KqueueChange): boolean {
  return change.filter === "user" && change.trigger === true;
}

/**
 * NOTE_EXIT and so on.
 *
 * @param change The change.
 * @param before What was settled when it was added: every change of something
 * replaces that.
 */
export function settingsOf(
  change: KqueueChange,
  before: Settings = NOTHING,
): Settings {
  if (change.filter === "user") return userSettings(change);
  if (!adds(change)) return before;
  switch (change.filter) {
    case "read":
    case "write":
    case "except":
      return descriptorSettings(change);
    case "vnode":
      return vnodeSettings(change);
    case "proc":
      return procSettings(change);
    case "timer":
      return timerSettings(change);
    case "signal":
      return NOTHING;
  }
}

function descriptorSettings(change: KqueueDescriptorChange): Settings {
  const { filter, lowWater } = change;
  if (filter === "except") {
    if (lowWater === undefined) return { fflags: NOTE_OOB, data: 0 };
    throw new TypeError(
      `Cannot ${VERB}: lowWater is for reading and writing only`,
    );
  }
  if (lowWater === undefined) return NOTHING;
  const data = wholeNumber(lowWater, VERB, "lowWater", 1, MOST);
  return { fflags: NOTE_LOWAT, data };
}

function vnodeSettings(change: KqueueVnodeChange): Settings {
  const fflags = bitsOf(VNODE_NOTES, change);
  if (fflags !== 0) return { fflags, data: 0 };
  throw new TypeError(
    `Cannot ${VERB}: there must be something to watch the file for: ` +
      Object.keys(VNODE_NOTES).join(", "),
  );
}

function procSettings(change: KqueueProcChange): Settings {
  const fflags = bitsOf(PROC_NOTES, change);
  return { fflags: fflags === 0 ? PROC_NOTES.exit : fflags, data: 0 };
}

function timerSettings(change: KqueueTimerChange): Settings {
  const { time, unit = "milliseconds", absolute } = change;
  const bits = TIMER_UNITS[unit];
  if (bits === undefined) {
    throw new TypeError(
      `Cannot ${VERB}: the unit must be seconds, milliseconds, microseconds ` +
        `or nanoseconds: current value is ${unit}`,
    );
  }
  const data = wholeNumber(time!, VERB, "the time", 0, MOST);
  return { fflags: bits | (absolute ? NOTE_ABSOLUTE : 0), data };
}

function userSettings(change: KqueueUserChange): Settings {
  const { flags, combine = "copy", trigger } = change;
  const bits = USER_COMBINATIONS[combine];
  if (bits === undefined) {
    throw new TypeError(
      `Cannot ${VERB}: combine must be copy, and or or: ` +
        `current value is ${combine}`,
    );
  }
  const given = flags === undefined
    ? 0
    : bits | wholeNumber(flags, VERB, "the flags", 0, NOTE_FFLAGSMASK);
  return { fflags: (given | (trigger ? NOTE_TRIGGER : 0)) >>> 0, data: 0 };
}
