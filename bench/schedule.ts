/** How long to measure, so that the whole bench keeps its time. */

import { type Case, MEASURES, SIZES } from "./case.ts";
import type { Turn } from "./member.ts";

/** How much time there is. */
export interface Pace {
  /** How many times each contender has its turn. */
  readonly rounds: number;
  /** The longest that one turn lasts, in seconds. */
  readonly turn: number;
  /** How long each warms up for what it has not done yet, in seconds. */
  readonly warmUp: number;
  /** What everything together may last, in seconds, but for starting. */
  readonly total: number;
}

/** For results to be quoted. */
export const FULL: Pace = { rounds: 15, turn: 0.12, warmUp: 0.1, total: 240 };
/** For a look. */
export const QUICK: Pace = { rounds: 5, turn: 0.03, warmUp: 0.05, total: 22 };

/** How many turns a case takes in one placement. */
export function turnsOf(
  measured: Case,
  peers: number,
  { rounds }: Pace,
): number {
  const { sizes = SIZES, measures = MEASURES, voices, c } = measured;
  const contenders = voices.length + (c ? 1 : 0) + peers;
  return sizes.length * measures.length * rounds * contenders;
}

/** How long each of so many turns lasts. */
export function turnOf(
  { rounds, turn, warmUp, total }: Pace,
  turns: number,
): Turn {
  const wanted = turns * (turn + warmUp / rounds);
  const share = Math.min(1, total / wanted);
  return { warmUp: share * warmUp, sample: share * turn };
}
