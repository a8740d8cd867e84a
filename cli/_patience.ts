/** How long a command waits: what `--no-wait` and `--timeout` say. */

import { NOTHING, seconds, UsageError } from "./_command.ts";

/** The options, for a command's own. */
export const PATIENCE = {
  "no-wait": { type: "boolean" },
  timeout: { type: "string" },
} as const;

/** What they are, for a command's text. */
export const PATIENCE_USAGE =
  `  --no-wait          do not wait: exit with 3 instead
  --timeout SECONDS  wait no longer than that, then exit with 3`;

/** What they were given as. */
export interface Patience {
  readonly "no-wait"?: boolean;
  readonly timeout?: string;
}

/** An operation that may have to wait, in two voices. */
export interface Waiting<T> {
  /** Undefined if it has to wait. */
  readonly attempt: () => T | undefined;
  readonly wait: (signal: AbortSignal | undefined) => Promise<T>;
}

/** Does it; answers undefined if nothing came of it in time. */
export type Patiently = <T>(operation: Waiting<T>) => Promise<T | undefined>;

/** How to wait as long as the options say. */
export function patience(
  { "no-wait": noWait, timeout }: Patience,
): Patiently {
  if (noWait && timeout !== undefined) {
    throw new UsageError("--no-wait and --timeout exclude each other");
  }
  if (noWait) return ({ attempt }) => Promise.resolve(attempt());
  if (timeout === undefined) return ({ wait }) => wait(undefined);
  const limit = seconds(timeout, "--timeout");
  return async ({ wait }) => {
    const signal = AbortSignal.timeout(limit);
    try {
      return await wait(signal);
    } catch (error) {
      if (error === signal.reason) return undefined;
      throw error;
    }
  };
}

/** Says that nothing came, and answers the exit code. */
export function nothing(command: string, what: string): number {
  console.error(`ipc ${command}: ${what}`);
  return NOTHING;
}
