import { wholeNumber } from "../_internal/arguments.ts";
import type { LockKind, LockRangeOptions } from "./lock_options.ts";

/** Part of a file; a length of 0 is all that follows. */
export interface Range {
  readonly start: number;
  readonly length: number;
}

const KINDS: readonly string[] = ["ofd", "flock", "posix"] satisfies LockKind[];

/** The part, if that kind of lock can be of it. */
export function lockRange(
  { kind = "ofd", start = 0, length = 0 }: LockRangeOptions,
  verb: string,
): Range {
  if (!KINDS.includes(kind)) {
    throw new TypeError(
      `Cannot ${verb}: the kind must be "ofd", "flock" or "posix": ` +
        `current value is ${JSON.stringify(kind)}`,
    );
  }
  const most = Number.MAX_SAFE_INTEGER;
  wholeNumber(start, verb, "the start in bytes", 0, most);
  wholeNumber(length, verb, "the length in bytes", 0, most - start);
  if (kind === "flock" && (start !== 0 || length !== 0)) {
    throw new TypeError(
      `Cannot ${verb}: the kind "flock" is of whole files: ` +
        `use "ofd" for a part`,
    );
  }
  return { start, length };
}
