/** Which messages a System V receive takes: msgrcv(2). */

import { wholeNumber } from "../_internal/arguments.ts";
import { notSupported, platform } from "../_internal/platform.ts";

/** A choice of types. */
export interface Selection {
  /** 0 for any, n for n alone, -n for the lowest of those up to n. */
  readonly type: number;
  /** Any type but this. */
  readonly except: boolean;
}

/** The selection, if there can be such a one. */
export function checkSelection(type: number, except: boolean): void {
  const least = except ? 1 : Number.MIN_SAFE_INTEGER;
  const what = except ? "the excepted type" : "the type";
  wholeNumber(type, "receive", what, least, Number.MAX_SAFE_INTEGER);
  if (except && platform.MSG_EXCEPT === 0) {
    notSupported("receiving all types but one", "receive each type by itself");
  }
}

/** Tells selections apart. */
export function selectionKey(type: number, except: boolean): number | string {
  return except ? `all but ${type}` : type;
}

/** What is passed to msgrcv(2) beside the type. */
export function selectionFlags({ except }: Selection): number {
  return except ? platform.MSG_EXCEPT : 0;
}

/** The first that a receive would take if there were only these types. */
export function chosen(
  types: readonly number[],
  { type, except }: Selection,
): number | undefined {
  if (except) return types.find((each) => each !== type);
  if (type > 0) return types.find((each) => each === type);
  if (type === 0) return types[0];
  const all = types.filter((each) => each <= -type);
  return all.length === 0 ? undefined : Math.min(...all);
}
