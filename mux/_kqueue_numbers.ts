/** The bits of kqueue(2) by their words. */

import {
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_DISABLE,
  EV_DISPATCH,
  EV_ENABLE,
  EV_ONESHOT,
  EVFILT_EXCEPT,
  EVFILT_PROC,
  EVFILT_READ,
  EVFILT_SIGNAL,
  EVFILT_TIMER,
  EVFILT_USER,
  EVFILT_VNODE,
  EVFILT_WRITE,
  NOTE_ATTRIB,
  NOTE_DELETE,
  NOTE_EXEC,
  NOTE_EXIT,
  NOTE_EXITSTATUS,
  NOTE_EXTEND,
  NOTE_FFAND,
  NOTE_FFCOPY,
  NOTE_FFOR,
  NOTE_FORK,
  NOTE_LINK,
  NOTE_NSECONDS,
  NOTE_RENAME,
  NOTE_REVOKE,
  NOTE_SECONDS,
  NOTE_USECONDS,
  NOTE_WRITE,
} from "../_internal/platform.ts";
import type { KqueueFilter } from "./kqueue_change_types.ts";
import type { KqueueConstants } from "./kqueue_options.ts";

/** The numbers of the filters. */
export type FilterNumbers = Readonly<Record<KqueueFilter, number>>;

/** The numbers of the filters, macOS's where nothing else is said. */
export function filterNumbers(constants: KqueueConstants = {}): FilterNumbers {
  return {
    read: constants.EVFILT_READ ?? EVFILT_READ,
    write: constants.EVFILT_WRITE ?? EVFILT_WRITE,
    except: constants.EVFILT_EXCEPT ?? EVFILT_EXCEPT,
    vnode: constants.EVFILT_VNODE ?? EVFILT_VNODE,
    proc: constants.EVFILT_PROC ?? EVFILT_PROC,
    signal: constants.EVFILT_SIGNAL ?? EVFILT_SIGNAL,
    timer: constants.EVFILT_TIMER ?? EVFILT_TIMER,
    user: constants.EVFILT_USER ?? EVFILT_USER,
  };
}

export const ACTIONS = {
  // The manual says that adding enables; the kernel of macOS does not do so to
  // what is there already.
  add: EV_ADD | EV_ENABLE,
  delete: EV_DELETE,
  enable: EV_ENABLE,
  disable: EV_DISABLE,
} as const;

export const FLAGS = {
  oneShot: EV_ONESHOT,
  clear: EV_CLEAR,
  dispatch: EV_DISPATCH,
} as const;

export const VNODE_NOTES = {
  delete: NOTE_DELETE,
  write: NOTE_WRITE,
  extend: NOTE_EXTEND,
  attrib: NOTE_ATTRIB,
  link: NOTE_LINK,
  rename: NOTE_RENAME,
  revoke: NOTE_REVOKE,
} as const;

export const PROC_NOTES = {
  exit: NOTE_EXIT,
  fork: NOTE_FORK,
  exec: NOTE_EXEC,
  // Nothing by itself: kqueue(2).
  exitStatus: NOTE_EXIT | NOTE_EXITSTATUS,
} as const;

export const TIMER_UNITS = {
  seconds: NOTE_SECONDS,
  milliseconds: 0,
  microseconds: NOTE_USECONDS,
  nanoseconds: NOTE_NSECONDS,
} as const;

export const USER_COMBINATIONS = {
  copy: NOTE_FFCOPY,
  and: NOTE_FFAND,
  or: NOTE_FFOR,
} as const;

/** The bits of those that are wanted. */
export function bitsOf<K extends string>(
  table: Readonly<Record<K, number>>,
  wanted: NoInfer<{ readonly [name in K]?: boolean }>,
): number {
  let bits = 0;
  for (const name in table) if (wanted[name]) bits |= table[name];
  return bits >>> 0;
}

/** Which of them have their bit set. */
export function namesOf<K extends string>(
  table: Readonly<Record<K, number>>,
  bits: number,
): Record<K, boolean> {
  const found = {} as Record<K, boolean>;
  for (const key in table) found[key] = (bits & table[key]) !== 0;
  return found;
}
