/** `deno task bench`: measures, compares and reports. */

import { setSpinning } from "../mux/mod.ts";
import { bench } from "./bench.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases/mod.ts";
import {
  CURVE,
  curve,
  CURVE_FULL,
  CURVE_QUICK,
  type CurvePoint,
  formatCurve,
} from "./curve.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { peers } from "./peers/mod.ts";
import { placements } from "./placement.ts";
import { formatOutcomes, formatTable } from "./report.ts";
import type { Table } from "./results.ts";
import { FULL, QUICK } from "./schedule.ts";
import { outcomes } from "./targets.ts";

/** The load from which on figures are not to be trusted. */
const BUSY = 0.7;

// This process must not take anything away from those that are measured.
setSpinning(0);
Deno.exitCode = await main(Deno.args);

async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const chosen = select(options.filters);
  const withCurve = isChosen(CURVE, options.filters);
  if (chosen.length === 0 && !withCurve) {
    const names = [...cases.map(({ name }) => name), CURVE].join(", ");
    console.error(`No such case; there are: ${names}`);
    return 2;
  }
  const [load] = Deno.loadavg();
  if (load > BUSY) console.error(busyText(load));
  const results = await interruptibly((signal) =>
    run(chosen, withCurve, options, signal)
  );
  if (results === undefined) return 130;
  await report(results, load, options);
  return results.tables.some(hasFailure) ? 1 : 0;
}

function select(filters: readonly string[]): readonly Case[] {
  return cases.filter(({ name }) => isChosen(name, filters));
}

function isChosen(name: string, filters: readonly string[]): boolean {
  return filters.length === 0 || filters.some((part) => name.includes(part));
}

/** What came out of all that was chosen. */
interface Results {
  readonly tables: readonly Table[];
  readonly curve: readonly CurvePoint[];
}

async function run(
  chosen: readonly Case[],
  withCurve: boolean,
  { quick }: Options,
  signal: AbortSignal,
): Promise<Results> {
  const directory = await Deno.makeTempDir({ prefix: "ipc-bench-" });
  try {
    const tables = chosen.length === 0 ? [] : await bench({
      cases: chosen,
      peers,
      placements: await placements(),
      pace: quick ? QUICK : FULL,
      directory,
      signal,
    });
    const pace = quick ? CURVE_QUICK : CURVE_FULL;
    const points = withCurve ? await curve({ ...pace, directory, signal }) : [];
    return { tables, curve: points };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Ends the processes and removes the files on Ctrl-C, too. */
async function interruptibly<T>(
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const controller = new AbortController();
  function interrupt(): void {
    controller.abort();
  }
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.addSignalListener("SIGTERM", interrupt);
  try {
    return await action(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return undefined;
    throw error;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    Deno.removeSignalListener("SIGTERM", interrupt);
  }
}

async function report(
  { tables, curve }: Results,
  load: number,
  { json }: Options,
): Promise<void> {
  const targets = outcomes(tables);
  for (const table of tables) console.log(`${formatTable(table)}\n`);
  if (curve.length > 0) console.log(`${formatCurve(curve)}\n`);
  if (targets.length > 0) console.log(formatOutcomes(targets));
  if (json === undefined) return;
  const { os, arch } = Deno.build;
  const all = {
    date: new Date().toISOString(),
    deno: Deno.version.deno,
    os,
    arch,
    cores: navigator.hardwareConcurrency,
    load,
    tables,
    targets,
    curve,
  };
  await Deno.writeTextFile(json, JSON.stringify(all, null, 2) + "\n");
}

function busyText(load: number): string {
  return `Other programs are running (load ${load.toFixed(1)}). Waiting by ` +
    `yielding suffers from that more than blocking does.`;
}

function hasFailure(table: Table): boolean {
  return table.rows.some((row) => row.failure !== undefined);
}
