/** The whole of it: every case in every placement, against its peers. */

import { type Case, type Measure, MEASURES, SIZES } from "./case.ts";
import { type Contender, contendersOf, peerContender } from "./contender.ts";
import { Member, type Turn } from "./member.ts";
import { Compiler } from "./native.ts";
import type { Placement } from "./placement.ts";
import { Progress } from "./progress.ts";
import { emptyRow, type Row, type Table } from "./results.ts";
import { type Pace, turnOf, turnsOf } from "./schedule.ts";

/** What to measure and how. */
export interface BenchOptions {
  readonly cases: readonly Case[];
  readonly peers: readonly Case[];
  readonly placements: readonly Placement[];
  readonly pace: Pace;
  /** A directory for everything; removed by the caller. */
  readonly directory: string;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Runs the bench. */
export async function bench(options: BenchOptions): Promise<Table[]> {
  const run = new Run(options);
  using _progress = run.progress;
  return await run.all();
}

class Run {
  readonly #options: BenchOptions;
  readonly #compiler: Compiler;
  readonly #turn: Turn;
  readonly progress: Progress;
  #pairs = 0;

  constructor(options: BenchOptions) {
    const { cases, peers, placements, pace, directory } = options;
    const turns = placements.length * cases.reduce(
      (sum, each) => sum + turnsOf(each, (each.peers ?? peers).length, pace),
      0,
    );
    this.#options = options;
    this.#compiler = new Compiler(directory);
    this.#turn = turnOf(pace, turns);
    this.progress = new Progress(turns);
  }

  async all(): Promise<Table[]> {
    const { cases, peers, placements } = this.#options;
    const tables: Table[] = [];
    for (const placement of placements) {
      await using stack = new AsyncDisposableStack();
      const others = peers.map(peerContender);
      const rivals = await this.#start(others, placement, stack);
      for (const each of cases) {
        tables.push(...await this.#case(each, rivals, placement));
      }
    }
    return tables;
  }

  /** Measures a case; its processes live no longer than that. */
  async #case(
    measured: Case,
    rivals: readonly Member[],
    placement: Placement,
  ): Promise<Table[]> {
    const contenders = await contendersOf(measured, this.#compiler);
    await using stack = new AsyncDisposableStack();
    const own = await this.#start(contenders, placement, stack);
    const others = measured.peers === undefined
      ? rivals
      : await this.#start(measured.peers.map(peerContender), placement, stack);
    const members = [...own, ...others];
    const { name, sizes = SIZES, measures = MEASURES } = measured;
    const tables: Table[] = [];
    for (const size of sizes) {
      const rows = members.map((member) => emptyRow(member.contender.name));
      for (const measure of measures) {
        const part = `${name}, ${placement.name}, ${size} B ${measure}`;
        await this.#measure(members, rows, measure, size, part);
      }
      members.forEach(({ failure, contender: { missing } }, i) => {
        Object.assign(rows[i], { failure, missing });
      });
      tables.push({ placement: placement.name, case: name, size, rows });
    }
    return tables;
  }

  /** Everybody in turn, and that several times: noise hits all alike. */
  async #measure(
    members: readonly Member[],
    rows: readonly Row[],
    measure: Measure,
    size: number,
    part: string,
  ): Promise<void> {
    const { rounds } = this.#options.pace;
    // What carries no data is compared with what carries a byte.
    const bytes = Math.max(1, size);
    for (let round = 0; round < rounds; round++) {
      for (const [i, member] of members.entries()) {
        const { name } = member.contender;
        this.progress.step(part, `round ${round + 1}/${rounds}, ${name}`);
        const sample = await member.sample(measure, bytes, this.#turn);
        if (sample !== undefined) rows[i].samples[measure].push(sample);
      }
    }
  }

  async #start(
    contenders: readonly Contender[],
    placement: Placement,
    stack: AsyncDisposableStack,
  ): Promise<Member[]> {
    const { directory, signal } = this.#options;
    const starting = contenders.map(async (contender) => {
      const own = `${directory}/${this.#pairs++}`;
      await Deno.mkdir(own);
      const options = { placement, directory: own, signal };
      return stack.use(await Member.start(contender, options));
    });
    // All of them, even if one is interrupted: the stack has to know them.
    await Promise.allSettled(starting);
    return await Promise.all(starting);
  }
}
