/** Running a program in the place of this one. */

/** The codes of shells for what could not be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** The terminal sends these to both: they are for the program to obey. */
const FROM_TERMINAL = ["SIGINT", "SIGQUIT"] as const;
/** These are sent to this program only, by who wants to end it. */
const ENDING = ["SIGTERM", "SIGHUP"] as const;

/** Runs a program to its end and answers its exit code, as shells have it. */
export async function runProgram(
  command: string,
  args: readonly string[],
): Promise<number> {
  using listeners = new DisposableStack();
  let child: Deno.ChildProcess | undefined;
  for (const name of FROM_TERMINAL) listen(listeners, name, () => {});
  for (const name of ENDING) {
    listen(listeners, name, () => child?.kill(name));
  }
  try {
    child = new Deno.Command(command, { args: [...args] }).spawn();
  } catch (error) {
    const found = !(error instanceof Deno.errors.NotFound);
    console.error(`ipc: ${(error as Error).message}`);
    return found ? NOT_EXECUTABLE : NOT_FOUND;
  }
  return (await child.status).code;
}

function listen(
  stack: DisposableStack,
  signal: Deno.Signal,
  listener: () => void,
): void {
  Deno.addSignalListener(signal, listener);
  stack.defer(() => Deno.removeSignalListener(signal, listener));
}
