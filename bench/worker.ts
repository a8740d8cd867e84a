/**
 * What each of two measured processes runs: opens its side of a case, carries
 * out orders until there are no more, and as side `a` prints what came out.
 */

import type { Assignment } from "./orders.ts";
import { work } from "./work.ts";

const assignment: Assignment = JSON.parse(Deno.args[0]);
try {
  await work(assignment);
} catch (error) {
  console.error(`${error}`);
  Deno.exit(1);
}
