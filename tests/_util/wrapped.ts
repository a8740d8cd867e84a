/** Programs of Deno that another program starts: with limits, or in namespaces. */

import { denoArgs, run } from "./peers.ts";

/**
 * Whether this is the superuser of the system and can have namespaces, in which
 * limits and mounts are nobody else's: not of a container that forbids that.
 */
export const canUnshare: boolean = await mayUnshare();

async function mayUnshare(): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  // In a user namespace there are fewer users: user_namespaces(7).
  const users = Deno.readTextFileSync("/proc/self/uid_map");
  if (!/^\s*0\s+0\s+4294967295$/m.test(users)) return false;
  const { code } = await run("unshare", ["--mount", "--ipc", "true"]);
  return code === 0;
}

/** What a script can call to print how an action went, with the message. */
export const TELL = `
  function tell(what, action) {
    try {
      action();
      console.log(what, "succeeded");
    } catch (error) {
      console.log(what, error.name, error.message);
    }
  }
`;

/**
 * Runs a module in a Deno that is started by another program; throws if it
 * fails.
 *
 * @param wrapper The other program, to whose arguments the command is added.
 */
export async function runWrapped(
  [program, ...options]: readonly string[],
  source: string,
  args: readonly string[] = [],
): Promise<string> {
  const command = [Deno.execPath(), ...denoArgs(source), ...args];
  const outcome = await run(program, [...options, ...command]);
  const { code, stdout, stderr } = outcome;
  if (code !== 0) throw new Error(`code ${code}: ${stderr}`);
  return stdout.trim();
}
