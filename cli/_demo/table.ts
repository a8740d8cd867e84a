/** The demo's table, of which each line can be printed before the next is known. */

import type { Case } from "./case.ts";
import type { Result } from "./run_case.ts";

/** The lines of a table whose cases are known beforehand. */
export class Table {
  readonly #widths: readonly [number, number];

  constructor(cases: readonly Case[]) {
    this.#widths = [
      widest("mechanism", cases.map((each) => each.mechanism)),
      widest("peer", cases.map((each) => each.peer)),
    ];
  }

  /** The line above the others. */
  header(): string {
    return this.#line("mechanism", "peer", ["rounds", "p50", "p99"]);
  }

  /** The line of a case. */
  row({ mechanism, peer }: Case, result: Result): string {
    if (result.outcome === "ok") {
      const { rounds, times } = result.played;
      const p50 = duration(percentile(times, 0.5));
      const p99 = duration(percentile(times, 0.99));
      return this.#line(mechanism, peer, [`${rounds}`, p50, p99], "ok");
    }
    const { outcome, reason } = result;
    const verdict = outcome === "failed" ? "FAILED" : outcome;
    return this.#line(mechanism, peer, ["", "", ""], `${verdict}: ${reason}`);
  }

  #line(
    mechanism: string,
    peer: string,
    [rounds, p50, p99]: readonly [string, string, string],
    verdict: string = "",
  ): string {
    const [first, second] = this.#widths;
    return [
      mechanism.padEnd(first),
      peer.padEnd(second),
      rounds.padStart(6),
      p50.padStart(9),
      p99.padStart(9),
      verdict,
    ].join("  ").trimEnd();
  }
}

function widest(title: string, texts: readonly string[]): number {
  return Math.max(title.length, ...texts.map((text) => text.length));
}

/** The smallest of `values` that so many of them do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1];
}

/** Milliseconds in a unit that suits them. */
export function duration(milliseconds: number): string {
  return milliseconds < 1
    ? `${(milliseconds * 1000).toFixed(1)} µs`
    : `${milliseconds.toFixed(2)} ms`;
}
