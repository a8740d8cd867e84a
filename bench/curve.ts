/**
 * The textbook curve: what one report of readiness costs as descriptors grow,
 * one of which is ready. In one process, so it is no {@linkcode Case}.
 */

import { fileURLToPath } from "node:url";
import { Compiler } from "./native.ts";
import { placements } from "./placement.ts";
import { median } from "./statistics.ts";
import { textTable } from "../cli/_text_table.ts";
import { digits } from "./digits.ts";

/** What it is called in the filter. */
export const CURVE = "curve";

const COUNTS = [10, 100, 1_000, 10_000];

/** Nanoseconds by call. */
type Costs = Readonly<Record<string, number | undefined>>;

/** One number of descriptors, measured in several rounds. */
export interface CurvePoint {
  readonly count: number;
  /** What it costs here, in each round. */
  readonly ours: Costs[];
  /** What it costs in C. */
  readonly c: Costs[];
}

/** How long to measure. */
export interface CurvePace {
  readonly rounds: number;
  /** For each call in each round, in milliseconds. */
  readonly turn: number;
}

/** For results to be quoted, and for a look. */
export const CURVE_FULL: CurvePace = { rounds: 9, turn: 40 };
export const CURVE_QUICK: CurvePace = { rounds: 3, turn: 20 };

/** How and where to measure. */
export interface CurveOptions extends CurvePace {
  /** A directory for what is compiled. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Measures all points, ours and C's in turn. */
export async function curve(options: CurveOptions): Promise<CurvePoint[]> {
  const { directory, rounds, turn } = options;
  const compiled = await new Compiler(directory).compile("curve.c");
  if ("failure" in compiled) throw new Error(compiled.failure);
  const [{ prefix }] = await placements();
  const worker = fileURLToPath(new URL("./curve_worker.ts", import.meta.url));
  const deno = [Deno.execPath(), "run", "-A", "--quiet", worker];
  const points = COUNTS.map((count): CurvePoint => ({
    count,
    ours: [],
    c: [],
  }));
  for (let round = 0; round < rounds; round++) {
    for (const { count, ours, c } of points) {
      const args = [`${count}`, `${turn}`];
      ours.push(await run([...prefix, ...deno, ...args], options));
      if ("path" in compiled) {
        c.push(await run([...prefix, compiled.path, ...args], options));
      }
    }
  }
  return points;
}

async function run(
  [command, ...args]: readonly string[],
  { signal }: CurveOptions,
): Promise<Costs> {
  const process = new Deno.Command(command, { args, signal, stdin: "null" });
  const { success, stdout, stderr } = await process.output();
  signal.throwIfAborted();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr).trim());
  return JSON.parse(decoder.decode(stdout));
}

/** Each line, and the call of C that it is compared with. */
const LINES: readonly (readonly [name: string, ours: string, c: string])[] = [
  ["select", "select", "select"],
  ["poll", "poll", "poll"],
  ["Epoll", "epoll", "epoll"],
  ["Poller", "poller", "epoll"],
  ["Epoll, delete and add", "add and delete", "add and delete"],
];

/** The table. */
export function formatCurve(points: readonly CurvePoint[]): string {
  const headings = points.flatMap(({ count }) => [`${count}`, "× C"]);
  const rows = LINES.map(([name, ours, c]) => [
    name,
    ...points.flatMap((point) => {
      const cost = median(numbers(point.ours, ours));
      return [digits(cost && cost / 1000), digits(ratio(point, ours, c))];
    }),
  ]);
  const title = "readiness: µs for a report, one of so many descriptors ready";
  return [title, textTable([["", ...headings], ...rows])].join("\n");
}

/** The median of each round's ratio, as in the other tables. */
function ratio(
  point: CurvePoint,
  ours: string,
  c: string,
): number | undefined {
  const theirs = numbers(point.c, c);
  return median(
    numbers(point.ours, ours).slice(0, theirs.length)
      .map((cost, i) => cost / theirs[i]),
  );
}

function numbers(rounds: readonly Costs[], call: string): number[] {
  return rounds.map((costs) => costs[call]).filter((cost) =>
    cost !== undefined
  );
}
