/** Second processes: what is on this machine, and how to run it. */

/** Whether a missing peer is a failure: it is where the gate installs them. */
const REQUIRED = Deno.env.get("IPC_TEST_PEERS") === "required";

/**
 * Whether a test with this program has to be skipped: pass it as the test's
 * `ignore`. Where peers are required it never is, so that the test fails.
 */
export function missing(program: string): boolean {
  return !REQUIRED && !isInstalled(program);
}

/** Whether a program is on this machine. */
export function isInstalled(program: string): boolean {
  const path = Deno.env.get("PATH") ?? "";
  return path.split(":").some((directory) => {
    try {
      return Deno.statSync(`${directory}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** What a program printed and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: Omit<Deno.CommandOptions, "args"> = {},
): Promise<Outcome> {
  const command = new Deno.Command(program, {
    stdin: "null",
    ...options,
    args: [...args],
    stdout: "piped",
    stderr: "piped",
  });
  return toOutcome(await command.output());
}

/** Starts a program whose output will be read when it has ended. */
export function start(
  program: string,
  args: readonly string[],
): { readonly process: Deno.ChildProcess; readonly outcome: Promise<Outcome> } {
  const process = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return { process, outcome: process.output().then(toOutcome) };
}

/** What a program's output says, as text. */
export function toOutcome(output: Deno.CommandOutput): Outcome {
  const decoder = new TextDecoder();
  return {
    code: output.code,
    signal: output.signal,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

const root = new URL("../../", import.meta.url);

/** Lets a module call `globalThis.gc()`. */
export const EXPOSE_GC = "--v8-flags=--expose-gc";

/** The arguments with which Deno runs a module of TypeScript source text. */
export function denoArgs(
  source: string,
  flags: readonly string[] = [],
): string[] {
  const module = source.replaceAll(
    /"(@ipc\/core|tests)([\w/]*?)(\.ts)?"/g,
    (_, from, path, file) =>
      `"${new URL(
        from === "tests" ? `tests${path}${file}` : `.${path}/mod.ts`,
        root,
      )}"`,
  );
  const url = `data:application/typescript;base64,${encode(module)}`;
  return ["run", "-A", "--quiet", "--no-check", ...flags, url];
}

function encode(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** Runs a module in a Deno of its own; throws if it fails. */
export async function runDeno(
  source: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<string> {
  const all = [...denoArgs(source, flags), ...args];
  const { code, signal, stdout, stderr } = await run(Deno.execPath(), all);
  if (code !== 0) throw new Error(`code ${code}, ${signal}: ${stderr}`);
  return stdout.trim();
}

/** Compiles a C program and answers its path. */
export async function compile(
  source: string,
  directory: string,
  flags: readonly string[] = [],
): Promise<string> {
  const input = `${directory}/source.c`;
  const output = `${directory}/program`;
  await Deno.writeTextFile(input, source);
  const { code, stderr } = await run("cc", [
    "-O2",
    "-o",
    output,
    input,
    ...flags,
  ]);
  if (code !== 0) throw new Error(`cc failed: ${stderr}`);
  return output;
}
