/** `deno task bench`: measures, compares and reports. */

import { setSpinning } from "../mux/mod.ts";
import { bench } from "./bench.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases/mod.ts";
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
  if (chosen.length === 0) {
    const names = cases.map(({ name }) => name).join(", ");
    console.error(`No such case; there are: ${names}`);
    return 2;
  }
  const [load] = Deno.loadavg();
  if (load > BUSY) console.error(busyText(load));
  const tables = await interruptibly((signal) => run(chosen, options, signal));
  if (tables === undefined) return 130;
  await report(tables, load, options);
  return tables.some(hasFailure) ? 1 : 0;
}

function select(filters: readonly string[]): readonly Case[] {
  if (filters.length === 0) return cases;
  return cases.filter(({ name }) =>
    filters.some((part) => name.includes(part))
  );
}

async function run(
  chosen: readonly Case[],
  options: Options,
  signal: AbortSignal,
): Promise<Table[]> {
  const directory = await Deno.makeTempDir({ prefix: "ipc-bench-" });
  try {
    return await bench({
      cases: chosen,
      peers,
      placements: await placements(),
      pace: options.quick ? QUICK : FULL,
      directory,
      signal,
    });
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
  tables: readonly Table[],
  load: number,
  { json }: Options,
): Promise<void> {
  const targets = outcomes(tables);
  for (const table of tables) console.log(`${formatTable(table)}\n`);
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
