import { type Command, FAILED, OK, UsageError, WRONG_USE } from "./_command.ts";
import { demo } from "./_commands/demo.ts";
import { fifo } from "./_commands/fifo.ts";
import { ls } from "./_commands/ls.ts";
import { mq } from "./_commands/mq.ts";
import { rm } from "./_commands/rm.ts";
import { sem } from "./_commands/sem.ts";
import { top } from "./_commands/top.ts";
import { OutputClosed, printLine } from "./_print.ts";

const COMMANDS: Readonly<Record<string, Command>> = {
  ls,
  rm,
  mq,
  fifo,
  sem,
  top,
  demo,
};

const HELP = `ipc COMMAND [ARGUMENT…]

${
  Object.entries(COMMANDS)
    .map(([name, { summary }]) => `  ${name.padEnd(4)}  ${summary}`)
    .join("\n")
}

ipc COMMAND --help tells more. There are no colours where NO_COLOR is set or the
output is no terminal. The exit code is 0, or 1 if something failed, 2 for a
command that was not understood, and 3 if there was nothing to be had in time.`;

/**
 * Does what the arguments of the `ipc` command say: reads from standard input
 * and prints to standard output and standard error.
 *
 * @param args The arguments, without the name of the program.
 * @returns The exit code: 0, or 1 if something failed, 2 if it was not
 * understood, 3 if there was nothing to be had.
 *
 * @example
 * ```ts
 * import { ipc } from "@ipc/core/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await ipc(["--help"]), 0);
 * ```
 */
export async function ipc(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const command = commandOf(name);
  try {
    if (command === undefined) return withoutCommand(name);
    if (wantsHelp(rest)) {
      printLine(command.usage);
      return OK;
    }
    return await command.run(rest);
  } catch (error) {
    return explain(error, name);
  }
}

function commandOf(name: string | undefined): Command | undefined {
  if (name === undefined || !Object.hasOwn(COMMANDS, name)) return undefined;
  return COMMANDS[name];
}

function withoutCommand(name: string | undefined): number {
  if (name === "--help" || name === "-h" || name === "help") {
    printLine(HELP);
    return OK;
  }
  const what = name === undefined
    ? HELP
    : `ipc: there is no command '${name}' (see ipc --help)`;
  console.error(what);
  return WRONG_USE;
}

/** Unless it is for a program that is to be run. */
function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  return own.includes("--help") || own.includes("-h");
}

function explain(error: unknown, name: string): number {
  if (error instanceof OutputClosed) return OK;
  const { message } = error as Error;
  const usage = error instanceof UsageError;
  const advice = usage ? ` (see ipc ${name} --help)` : "";
  console.error(`ipc ${name}: ${message}${advice}`);
  return usage ? WRONG_USE : FAILED;
}
