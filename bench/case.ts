/**
 * What plugs a mechanism into the bench. A case says how two processes are
 * connected and how each of them sends and receives; everything else is the
 * frame's: starting the processes, timing, comparing, reporting.
 *
 * A new mechanism is one file in `cases/` that exports a {@linkcode Case}, and
 * its line in `cases/mod.ts`.
 */

import type { ChildDescriptor } from "../pipe/mod.ts";

/** `a` begins and measures, `b` answers. */
export type Role = "a" | "b";

/** The ways of waiting that this package has, each measured by itself. */
export type Voice = "sync" | "async" | "async, no spin";

/** What is measured. */
export type Measure = "round trip" | "throughput";

/** What two connected processes have in common. */
export interface Place {
  /** An empty directory for their files; removed when they have ended. */
  readonly directory: string;
  /** A name that nothing else on this machine has, without a slash. */
  readonly name: string;
}

/**
 * What was made for the two processes. It is disposed of when the first bytes
 * have made the round: both sides have opened what they need by then.
 */
export interface Link extends Disposable {
  /** Which descriptors each side is started with. */
  readonly fds?: Readonly<
    Record<Role, Readonly<Record<number, ChildDescriptor>>>
  >;
  /** Called when both processes have ended: for what would outlive them. */
  readonly remove?: () => void;
}

/**
 * A voice's sending and receiving; both always move all of `p`. Where there is
 * no data, they signal and wait.
 */
export interface Transfer<Done extends void | Promise<void>> {
  /** Sends all of `p`. */
  send(p: Uint8Array): Done;
  /** Fills all of `p`. */
  receive(p: Uint8Array): Done;
}

/** One side of a connection, in the process that uses it. */
export interface Endpoint {
  /** For the voice "sync". */
  readonly sync?: Transfer<void>;
  /** For the voices "async" and "async, no spin". */
  readonly async?: Transfer<Promise<void>>;
}

/** The same mechanism in C, as the measure of what is possible. */
export interface CProgram {
  /** The file in `c/`. Its arguments are the role and the path of its orders. */
  readonly source: string;
  /** Makes what the two processes talk through, if they do not themselves. */
  readonly link?: (place: Place) => Link | Promise<Link>;
}

/** One mechanism, or one of Deno's own that it is compared with. */
export interface Case {
  /** What it is called in tables and in the filter. */
  readonly name: string;
  /** In which ways it can be waited for. */
  readonly voices: readonly Voice[];
  /**
   * How many bytes are sent at once. 0 is for what carries no data.
   *
   * @default {SIZES}
   */
  readonly sizes?: readonly number[];
  /**
   * What can be measured.
   *
   * @default {MEASURES}
   */
  readonly measures?: readonly Measure[];
  /** The same in C, if there is such a thing. */
  readonly c?: CProgram;
  /** What of Deno's own it is compared with, if not with what all are. */
  readonly peers?: readonly Case[];
  /** Makes, before they start, what the two processes talk through. */
  readonly link?: (place: Place) => Link | Promise<Link>;
  /** Whether side `a` starts side `b`, rather than the bench. */
  readonly startsPeer?: boolean;
  /** Opens one side; called in the measured process. */
  readonly open: (place: Place, role: Role) => Endpoint | Promise<Endpoint>;
}

/** Bytes at once: a small message, a page, as much as a pipe holds. */
export const SIZES: readonly number[] = [64, 4096, 65_536];

/** All that can be measured. */
export const MEASURES: readonly Measure[] = ["round trip", "throughput"];
