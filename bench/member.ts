/** A contender at work: its pair of processes, as long as that lives. */

import type { Measure } from "./case.ts";
import type { Contender } from "./contender.ts";
import type { Sample } from "./orders.ts";
import { Pair, type PairOptions } from "./pair.ts";
import type { CountedSample } from "./results.ts";

/** The fewest that a 99th percentile can be taken of. */
const FEWEST = 200;
const MOST = 2_000_000;

/** How long to measure, in seconds. */
export interface Turn {
  /** Once for each measure and size, without counting. */
  readonly warmUp: number;
  /** Each time. */
  readonly sample: number;
}

/** A contender that has been started, or has failed. */
export class Member implements AsyncDisposable {
  readonly contender: Contender;
  readonly #signal: AbortSignal;
  #pair: Pair | undefined;
  #failure: string | undefined;
  /** Messages in a second, when last seen, by measure and size. */
  readonly #rates = new Map<string, number>();

  private constructor(contender: Contender, signal: AbortSignal) {
    this.contender = contender;
    this.#signal = signal;
    this.#failure = contender.failure;
  }

  /** Starts it; a failure is something to report, not to throw. */
  static async start(
    contender: Contender,
    options: PairOptions,
  ): Promise<Member> {
    const member = new Member(contender, options.signal);
    if (contender.failure ?? contender.missing) return member;
    await member.#attempt(async () => {
      member.#pair = await Pair.start(contender, options);
    });
    return member;
  }

  /** Why it does not work any more, if so. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Measures, the first time after warming up. */
  async sample(
    measure: Measure,
    size: number,
    turn: Turn,
  ): Promise<CountedSample | undefined> {
    const key = `${measure} ${size}`;
    const rate = this.#rates.get(key) ??
      await this.#warmUp(measure, size, turn.warmUp);
    const wanted = Math.round(rate * turn.sample);
    const count = Math.min(MOST, Math.max(FEWEST, wanted));
    const sample = await this.#order(measure, size, count);
    if (sample === undefined) return undefined;
    this.#rates.set(key, count / sample.seconds);
    return { ...sample, count };
  }

  /** Ends its processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    const pair = this.#pair;
    this.#pair = undefined;
    await pair?.[Symbol.asyncDispose]();
  }

  /** Answers how many messages it does in a second. */
  async #warmUp(
    measure: Measure,
    size: number,
    seconds: number,
  ): Promise<number> {
    // The very first time there is most to compile.
    let left = this.#rates.size === 0 ? 4 * seconds : seconds;
    for (let count = FEWEST;; count *= 2) {
      const sample = await this.#order(measure, size, count);
      if (sample === undefined) return 0;
      left -= sample.seconds;
      if (left <= 0) return count / sample.seconds;
    }
  }

  async #order(
    measure: Measure,
    size: number,
    count: number,
  ): Promise<Sample | undefined> {
    const pair = this.#pair;
    if (pair === undefined) return undefined;
    return await this.#attempt(() => pair.order({ measure, size, count }));
  }

  async #attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#failure = (error as Error).message;
      await this[Symbol.asyncDispose]();
      return undefined;
    }
  }
}
