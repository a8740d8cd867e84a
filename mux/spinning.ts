import { wholeNumber } from "../_internal/arguments.ts";
import { DEFAULT_SPIN, setSpinBudget } from "../_internal/spin.ts";

/** The most that makes sense: a tenth of a second. */
const MOST = 100_000;

/**
 * Sets for how long every wait of this program tries again before it parks.
 *
 * A peer that is running answers within microseconds, a parked thread takes
 * tens of them to wake. So waits spin for a moment first, giving the processor
 * away between tries, and learn for each object whether that pays. Set 0 where
 * power counts more than latency.
 *
 * @param microseconds The budget of one wait, a whole number; 0 is off and
 * the default is 40. A wait that was nearly won gets up to four times as much
 * the next time, until the two are in step.
 * @throws {RangeError} If it is negative or more than 100,000.
 *
 * @example Never spin
 * ```ts
 * import { setSpinning } from "@ipc/core/mux";
 *
 * setSpinning(0);
 * ```
 */
export function setSpinning(microseconds: number = DEFAULT_SPIN): void {
  wholeNumber(microseconds, "set spinning", "the budget in µs", 0, MOST);
  setSpinBudget(microseconds);
}
