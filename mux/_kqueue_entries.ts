/** What a kqueue watches for, by what it is about and by what comes back. */

import { whenClosed } from "../_internal/descriptor.ts";
import { E, systemError } from "../_internal/errno.ts";
import type { Kevent } from "./_kevent.ts";
import {
  adds,
  flagsOf,
  identOf,
  type Settings,
  settingsOf,
} from "./_kqueue_changes.ts";
import type { FilterNumbers } from "./_kqueue_numbers.ts";
import type {
  KqueueChange,
  KqueueFilter,
  KqueueReceipt,
} from "./kqueue_change_types.ts";

/** One thing that is watched for. */
export interface Entry {
  /** Comes back with the events; no two ever share one. */
  readonly token: number;
  readonly ident: number;
  /** How it was added. */
  readonly change: KqueueChange;
  /** What the filter was told then. */
  readonly settings: Settings;
  value: unknown;
}

/** A change, checked. */
export interface Plan {
  readonly change: KqueueChange;
  readonly kevent: Kevent;
  /** What will be watched for, or is, if it is there. */
  readonly entry: Entry | undefined;
}

/** All that a kqueue watches for. */
export class Entries {
  readonly #byToken = new Map<number, Entry>();
  readonly #byKey = new Map<string, Entry>();
  /** By token: ends looking out for the closing of the descriptor. */
  readonly #unwatch = new Map<number, () => void>();
  #lastToken = 0;

  byToken(token: number): Entry | undefined {
    return this.#byToken.get(token);
  }

  find(filter: KqueueFilter, ident: number): Entry | undefined {
    return this.#byKey.get(keyOf(filter, ident));
  }

  /** Takes the place of what was watched for by the same filter. */
  keep(entry: Entry): void {
    const { ident, token, change: { filter } } = entry;
    this.drop(filter, ident);
    this.#byToken.set(token, entry);
    this.#byKey.set(keyOf(filter, ident), entry);
    if (!DESCRIPTOR_FILTERS.has(filter)) return;
    const closing = dropper(new WeakRef(this), filter, ident);
    this.#unwatch.set(token, whenClosed(ident, closing));
  }

  drop(filter: KqueueFilter, ident: number): void {
    const entry = this.find(filter, ident);
    if (entry === undefined) return;
    this.#byKey.delete(keyOf(filter, ident));
    this.#byToken.delete(entry.token);
    this.#unwatch.get(entry.token)?.();
    this.#unwatch.delete(entry.token);
  }

  /** Checks all changes before the kernel sees one. */
  plan(changes: readonly KqueueChange[], numbers: FilterNumbers): Plan[] {
    const added = new Map<string, Entry>();
    return changes.map((change) => {
      const ident = identOf(change);
      const { filter } = change;
      const key = keyOf(filter, ident);
      const before = added.get(key) ?? this.#byKey.get(key);
      const settings = settingsOf(change, before?.settings);
      let entry = before;
      if (adds(change)) {
        const token = ++this.#lastToken;
        entry = { token, ident, change, settings, value: change.data };
        added.set(key, entry);
      }
      const flags = flagsOf(change);
      const udata = entry?.token;
      const kevent = {
        ident,
        filter: numbers[filter],
        flags,
        ...settings,
        udata,
      };
      return { change, kevent, entry };
    });
  }

  /** Takes note of what the kernel made of a change: 0, or an error number. */
  made({ change, kevent, entry }: Plan, errno: number): KqueueReceipt {
    const { filter, action } = change;
    const { ident } = kevent;
    if (errno !== 0) {
      // What it was about has been closed, or has ended.
      const gone = errno === E.EBADF || errno === E.ENOENT;
      if (gone) this.drop(filter, ident);
      return { change, error: refusal(errno, filter, ident) };
    }
    if (action === "delete") this.drop(filter, ident);
    else if (adds(change)) this.keep(entry!);
    else if ("data" in change && entry !== undefined) {
      entry.value = change.data;
    }
    return { change };
  }

  clear(): void {
    for (const unwatch of this.#unwatch.values()) unwatch();
    this.#unwatch.clear();
    this.#byToken.clear();
    this.#byKey.clear();
  }
}

const DESCRIPTOR_FILTERS: ReadonlySet<KqueueFilter> = new Set(
  ["read", "write", "except", "vnode"] as const,
);

/** One for each filter and what it looks at. */
function keyOf(filter: KqueueFilter, ident: number): string {
  return `${filter} ${ident}`;
}

/**
 * For before a descriptor is closed, which the kernel notices by itself:
 * kqueue(2). Keeps neither it nor the entries.
 */
function dropper(
  ref: WeakRef<Entries>,
  filter: KqueueFilter,
  ident: number,
): () => void {
  return () => ref.deref()?.drop(filter, ident);
}

function refusal(errno: number, filter: KqueueFilter, ident: number): Error {
  return systemError(errno, "kevent", {
    on: `${NAMES[filter]} ${ident}`,
    kind: "filter in the kqueue",
  });
}

const NAMES: Readonly<Record<KqueueFilter, string>> = {
  read: "fd",
  write: "fd",
  except: "fd",
  vnode: "fd",
  proc: "process",
  signal: "signal",
  timer: "timer",
  user: "user event",
};
