/** What came out, as it is written with `--json`. */

import type { Measure } from "./case.ts";
import type { PlacementName } from "./placement.ts";
import type { Sample } from "./orders.ts";
import { median } from "./statistics.ts";

/** What is measured against each other under the same conditions. */
export interface Table {
  readonly placement: PlacementName;
  /** The name of the case. */
  readonly case: string;
  /** Bytes at once. */
  readonly size: number;
  readonly rows: readonly Row[];
}

/** One contender in one table. */
export interface Row {
  /** A voice of the case, "C", or one of Deno's own. */
  readonly name: string;
  /** One for each round. */
  readonly samples: Readonly<Record<Measure, CountedSample[]>>;
  /** Why there is nothing, where there should have been something. */
  failure?: string;
  /** Why it cannot be measured here. */
  missing?: string;
}

/** A sample, and of how many round trips or messages. */
export type CountedSample = Sample & { readonly count: number };

/** A row with nothing in it yet. */
export function emptyRow(name: string): Row {
  return { name, samples: { "round trip": [], throughput: [], alone: [] } };
}

/** The row of that name. */
export function rowOf(table: Table, name: string): Row | undefined {
  return table.rows.find((row) => row.name === name);
}

/** What a row says: round trips in microseconds, how much in a second. */
export type Figure = "p50" | "p99" | "throughput" | "alone";

/** Whether more of it is better. */
export function isRate(which: Figure): which is "throughput" | "alone" {
  return which === "throughput" || which === "alone";
}

/** The median of a figure over all rounds. */
export function figure(row: Row, which: Figure): number | undefined {
  return median(eachRound(row, which));
}

/**
 * The median ratio of two rows' figures. Each round is a ratio of its own: a
 * machine that is slow for a second is slow for both.
 */
export function ratio(row: Row, other: Row, which: Figure): number | undefined {
  const theirs = eachRound(other, which);
  const ours = eachRound(row, which).slice(0, theirs.length);
  return median(ours.map((value, i) => value / theirs[i]));
}

function eachRound({ samples }: Row, which: Figure): number[] {
  return isRate(which)
    ? samples[which].map(({ count, seconds }) => count / seconds)
    : samples["round trip"].map((sample) => sample[which]!);
}
