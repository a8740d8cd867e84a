import { fdNumber } from "../_internal/arguments.ts";

/**
 * A descriptor: its number, or any object that has one, such as the pipes,
 * FIFOs and sockets of this package.
 */
export type Watchable = number | {
  /** The descriptor's number. */
  readonly fd: number;
};

/** The number of a descriptor given in either way. */
export function fdOf(watchable: Watchable, verb: string): number {
  const fd = typeof watchable === "number" ? watchable : watchable?.fd;
  return fdNumber(fd, verb);
}
