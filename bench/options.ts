import { parseArgs } from "node:util";

/** What can be said on the command line. */
export interface Options {
  readonly help: boolean;
  readonly quick: boolean;
  /** Where to write everything that was measured. */
  readonly json: string | undefined;
  /** Cases are measured whose names contain one of these; all if empty. */
  readonly filters: readonly string[];
}

/** The text of `--help`. */
export const HELP = `\
Compares this package with C and with Deno's own, in one run.

Usage: deno task bench [options] [NAME …]

  NAME, --filter NAME  only cases whose name contains NAME
  --quick              less exact, in under a minute
  --json FILE          write everything that was measured to FILE
  --help               this text

Two processes talk to each other: both on one core, which is the comparison
that stays the same from run to run, and wherever the system puts them. The
exit code is 1 if something failed; a target that is missed is no failure.

The case "curve" is one process: what a report of readiness costs as descriptors
grow from 10 to 10,000.
`;

/**
 * The options of a command line.
 *
 * @throws {TypeError} If there is no such option.
 */
export function parseOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      filter: { type: "string", multiple: true, default: [] },
    },
  });
  return {
    help: values.help,
    quick: values.quick,
    json: values.json,
    filters: [...values.filter, ...positionals],
  };
}
