/**
 * Real processes talk through every mechanism: for each, one says "ping" a
 * hundred times and then "end", and the other answers. A line each tells how
 * long the answers took. The exit code is 1 if any of them failed.
 *
 * @example
 * ```sh
 * deno run -A cli/demo.ts
 * ```
 *
 * @module
 */

import { runCase } from "./_demo/run_case.ts";
import { Table } from "./_demo/table.ts";
import { cases } from "./demo_cases/all.ts";

const ROUNDS = 100;
const TIMEOUT = 20_000;

/** Plays everything and answers whether nothing failed. */
export async function demo(): Promise<boolean> {
  const table = new Table(cases);
  console.log(table.header());
  let success = true;
  for (const each of cases) {
    const result = await runCase(each, { rounds: ROUNDS, timeout: TIMEOUT });
    console.log(table.row(each, result));
    success &&= result.outcome !== "failed";
  }
  return success;
}

// A wait that a failed case has left behind must not keep the program alive.
if (import.meta.main) Deno.exit(await demo() ? 0 : 1);
