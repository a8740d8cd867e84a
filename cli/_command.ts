/** What a command of `ipc` is, and how it ends. */

import { parseArgs, type ParseArgsConfig } from "node:util";

/** All went well. */
export const OK = 0;
/** Something failed; what, is on standard error. */
export const FAILED = 1;
/** The command was called in a way that it does not understand. */
export const WRONG_USE = 2;
/** There was nothing to be had, at once or in time. */
export const NOTHING = 3;

/** A command of `ipc`. */
export interface Command {
  /** What it does, in a line. */
  readonly summary: string;
  /** How it is called, as `ipc NAME --help` prints it. */
  readonly usage: string;
  /** Does it and answers how it has ended. */
  readonly run: (args: readonly string[]) => number | Promise<number>;
}

/** A command that is called in a way that it does not understand. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Takes options and other arguments apart. */
export function parse<T extends Options>(args: readonly string[], options: T) {
  try {
    const config = { args: [...args], options, allowPositionals: true };
    return parseArgs(config as typeof config & { allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.replaceAll("\n", " "));
  }
}

/** What an option says, if it was given. */
export function given<T>(
  text: string | undefined,
  convert: (text: string) => T,
): T | undefined {
  return text === undefined ? undefined : convert(text);
}

/** A number in an argument. */
export function wholeNumber(text: string, what: string, least = 0): number {
  const value = /^-?(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : NaN;
  if (value >= least) return value;
  throw new UsageError(
    `${what} must be a whole number from ${least} up, not '${text}'`,
  );
}

/** Permission bits in an argument, octal as chmod(1) has them. */
export function fileMode(text: string): number {
  if (/^[0-7]{1,4}$/.test(text)) return parseInt(text, 8);
  throw new UsageError(`the mode must be an octal number, not '${text}'`);
}

/** Timers take no more milliseconds, which are 24 days. */
const LONGEST = 2 ** 31 - 1;

/** Seconds in an argument, as milliseconds that a timer takes. */
export function seconds(text: string, what: string): number {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
  if (value >= 0) return Math.min(value * 1000, LONGEST);
  throw new UsageError(`${what} must be a number of seconds, not '${text}'`);
}

/** Takes the first argument, which has to be there. */
export function required(args: readonly string[], what: string): string {
  const [first] = args;
  if (first === undefined) throw new UsageError(`${what} is missing`);
  return first;
}

/** Takes the only argument, which has to be there. */
export function only(args: readonly string[], what: string): string {
  const first = required(args, what);
  noMore(args.slice(1));
  return first;
}

/** Refuses arguments beyond those that mean something. */
export function noMore(args: readonly string[]): void {
  if (args.length === 0) return;
  throw new UsageError(`'${args[0]}' is one argument too many`);
}

/** What a command does, by its first argument. */
export type Actions = Readonly<Record<string, Command["run"]>>;

/** Does what the first argument says. */
export function dispatch(
  actions: Actions,
  args: readonly string[],
): number | Promise<number> {
  const [name, ...rest] = args;
  const known = Object.keys(actions).join(", ");
  if (name === undefined) {
    throw new UsageError(`what to do is missing: ${known}`);
  }
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new UsageError(`no '${name}' here: ${known}`);
  return action(rest);
}
