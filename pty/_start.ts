/** Starting a program in a terminal by which it is controlled: tty(4). */

import { cText } from "../_internal/arguments.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import type { Child } from "../pipe/child.ts";
import { type SpawnOptions, start } from "../pipe/spawn.ts";
import { findProgram } from "./_program.ts";

/** What the program gets, but for the terminal; nothing else is inherited. */
export type StartOptions = Pick<SpawnOptions, "args" | "cwd"> & {
  readonly env: Readonly<Record<string, string>>;
};

/** Has the program itself, as the leader of a session, open the terminal. */
export function startDirectly(
  command: string,
  options: StartOptions,
  terminal: string,
): Child {
  return start(command, {
    ...options,
    clearEnv: true,
    newSession: true,
  }, terminal);
}

/** `$0` is the terminal, the rest is what to run in it. */
const SCRIPT = 'exec "$@" <> "$0" >&0 2>&0';

/**
 * Has a shell open the terminal and become the program. On macOS a program
 * leads its session only after it got its descriptors, so that one opened for
 * it by posix_spawn(2) does not control it.
 *
 * @param slave The terminal, open: what closes it last erases its size.
 */
export function startThroughShell(
  command: string,
  options: StartOptions,
  terminal: string,
  slave: Descriptor,
): Child {
  const { args = [], cwd } = options;
  cText(command, "spawn", "the command");
  return start("/bin/sh", {
    ...options,
    args: ["-c", SCRIPT, terminal, findProgram(command, cwd), ...args],
    fds: { 0: slave, 1: slave, 2: slave },
    clearEnv: true,
    newSession: true,
  });
}
