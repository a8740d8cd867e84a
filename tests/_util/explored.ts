/** A model of locks, explored by a program of its own. */

import { fileURLToPath } from "node:url";
import { explore } from "./explore.ts";
import {
  lockModel,
  type LockModelOptions,
  type LockState,
} from "./lock_model.ts";
import { run } from "./peers.ts";

/** What was found. */
export interface Explored {
  readonly states: number;
  readonly why?: string;
  /** The states that lead there. */
  readonly trail?: readonly LockState[];
}

/**
 * Explores a model. Not in here: where coverage is recorded, which is of no
 * use for a model, that would take three times as long.
 */
export async function explored(options: LockModelOptions): Promise<Explored> {
  const { DENO_COVERAGE_DIR: _, ...env } = Deno.env.toObject();
  const program = fileURLToPath(import.meta.url);
  const args = ["run", "-A", "--quiet", "--no-check", program]
    .concat(JSON.stringify(options));
  const { code, stdout, stderr } = await run(Deno.execPath(), args, {
    clearEnv: true,
    env,
  });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

if (import.meta.main) {
  const { states, failure } = explore(lockModel(JSON.parse(Deno.args[0])));
  console.log(JSON.stringify({ states, ...failure }));
}
