/** The environment of programs that are started in a terminal. */

/** What is told of the environment. */
interface EnvironmentOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
}

/** What is to be printed to a terminal of whoever reads it from here. */
const TERM = "xterm-256color";

/** All variables: those that tell of this program's own terminal left out. */
export function environmentFor(
  { env = {}, clearEnv = false }: EnvironmentOptions,
): Record<string, string> {
  const { COLUMNS: _, LINES: __, ...rest } = clearEnv
    ? {} as Record<string, string>
    : Deno.env.toObject();
  return { ...rest, TERM, ...env };
}
