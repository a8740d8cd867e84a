import type { Watchable } from "./watchable.ts";

/** What a kqueue can watch for, each by a filter of its own. */
export type KqueueFilter =
  | "read"
  | "write"
  | "except"
  | "vnode"
  | "proc"
  | "signal"
  | "timer"
  | "user";

/** What every change says, whatever its filter. */
export interface KqueueChangeBase {
  /**
   * What to do: `"add"` watches for something, or replaces what is watched for;
   * `"disable"` keeps it from being reported until `"enable"`; `"delete"` ends
   * it. All but the first look at nothing else but what it is about.
   *
   * @default {"add"}
   */
  readonly action?: "add" | "delete" | "enable" | "disable";
  /** Add it switched off. `EV_DISABLE`. */
  readonly disabled?: boolean;
  /**
   * Report once, then delete it. `EV_ONESHOT`. This and the next two are
   * settled when it is first added: to change them, delete it.
   */
  readonly oneShot?: boolean;
  /** Report when something comes, rather than while it is there. `EV_CLEAR`. */
  readonly clear?: boolean;
  /** Report once, then disable it. `EV_DISPATCH`. */
  readonly dispatch?: boolean;
  /**
   * Any value, which its events will have. If left out it stays what it was,
   * except by `"add"`.
   */
  readonly data?: unknown;
}

/** Watch a descriptor for data, for room, or for data out of band. */
export interface KqueueDescriptorChange extends KqueueChangeBase {
  /** The filter. */
  readonly filter: "read" | "write" | "except";
  /** The descriptor. Events name it as it was given here. */
  readonly fd: Watchable;
  /**
   * For reading and writing: not before there is so much data or room, in
   * bytes. The kernel caps it at the size of the buffer. `NOTE_LOWAT`.
   */
  readonly lowWater?: number;
}

/** What can happen to a file. */
export interface KqueueVnodeNotes {
  /** A name of it was removed. `NOTE_DELETE`. */
  readonly delete?: boolean;
  /** It was written to. `NOTE_WRITE`. */
  readonly write?: boolean;
  /** It has grown. `NOTE_EXTEND`. */
  readonly extend?: boolean;
  /** Its owner, mode or times have changed. `NOTE_ATTRIB`. */
  readonly attrib?: boolean;
  /** The number of its names has changed. `NOTE_LINK`. */
  readonly link?: boolean;
  /** It was renamed. `NOTE_RENAME`. */
  readonly rename?: boolean;
  /** It was taken away: revoke(2), or unmounted. `NOTE_REVOKE`. */
  readonly revoke?: boolean;
}

/** Watch a file or directory. At least one of the notes has to be added. */
export interface KqueueVnodeChange extends KqueueChangeBase, KqueueVnodeNotes {
  /** The filter. */
  readonly filter: "vnode";
  /** A descriptor that is open to it. */
  readonly fd: Watchable;
}

/** Watch a process. */
export interface KqueueProcChange extends KqueueChangeBase {
  /** The filter. */
  readonly filter: "proc";
  /** Its number. */
  readonly pid: number;
  /**
   * It ends. `NOTE_EXIT`.
   *
   * @default {true} if nothing else is watched for.
   */
  readonly exit?: boolean;
  /** It starts a process. `NOTE_FORK`. */
  readonly fork?: boolean;
  /** It becomes another program. `NOTE_EXEC`. */
  readonly exec?: boolean;
  /**
   * Tell how it ended, too: for one's own children and whom one may kill.
   * `NOTE_EXITSTATUS`, with `NOTE_EXIT`.
   */
  readonly exitStatus?: boolean;
}

/**
 * Watch for a signal sent to this process. What the signal does otherwise, it
 * does all the same: one that ends the process still does.
 */
export interface KqueueSignalChange extends KqueueChangeBase {
  /** The filter. */
  readonly filter: "signal";
  /** Its name or number. */
  readonly signal: Deno.Signal | number;
}

/** Watch the clock. */
export interface KqueueTimerChange extends KqueueChangeBase {
  /** The filter. */
  readonly filter: "timer";
  /** Any number that no other timer of this kqueue has. */
  readonly id: number;
  /** The interval, or the time if it is `absolute`; to be given when added. */
  readonly time?: number;
  /**
   * The unit of `time`.
   *
   * @default {"milliseconds"}
   */
  readonly unit?: "seconds" | "milliseconds" | "microseconds" | "nanoseconds";
  /** `time` is counted since 1970; it comes once. `NOTE_ABSOLUTE`. */
  readonly absolute?: boolean;
}

/** Watch for what this program itself triggers. */
export interface KqueueUserChange extends KqueueChangeBase {
  /** The filter. */
  readonly filter: "user";
  /** Any number that nothing else with this filter has. */
  readonly id: number;
  /**
   * Make it happen; it has to be there already, unless `action` is given.
   * `NOTE_TRIGGER`.
   */
  readonly trigger?: boolean;
  /** 24 bits, which its event will have. */
  readonly flags?: number;
  /**
   * How `flags` change those that are there. `NOTE_FFCOPY` and so on.
   *
   * @default {"copy"}
   */
  readonly combine?: "copy" | "and" | "or";
}

/** One change to what a kqueue watches for. */
export type KqueueChange =
  | KqueueDescriptorChange
  | KqueueVnodeChange
  | KqueueProcChange
  | KqueueSignalChange
  | KqueueTimerChange
  | KqueueUserChange;

/** What became of a change. */
export interface KqueueReceipt {
  /** The change, as it was given. */
  readonly change: KqueueChange;
  /** Why it was not made; undefined if it was. */
  readonly error?: Error;
}

/** Options of changing what a kqueue watches for. */
export interface KqueueChangeOptions {
  /**
   * Answer what became of each change, instead of throwing the error of the
   * first that was refused. `EV_RECEIPT`.
   *
   * @default {false}
   */
  readonly receipts?: boolean;
}
