/** The programs of `examples/`, run as their users run them. */

import { Lines } from "./lines.ts";
import { type Outcome, run } from "./peers.ts";

const folder = new URL("../../examples/", import.meta.url);

/** The names of all examples. */
export function exampleNames(): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** An example's text. */
export function readExample(name: string): string {
  return Deno.readTextFileSync(new URL(name, folder));
}

/** What Deno is called with to run an example. */
export function exampleArgs(name: string): string[] {
  return ["run", "-A", "--quiet", new URL(name, folder).href];
}

/** How to run an example. */
export interface ExampleOptions {
  readonly args?: readonly string[];
  /** The path of a file that is its standard input. */
  readonly input?: string;
  readonly signal: AbortSignal;
}

/** Runs an example to its end. */
export async function runExample(
  name: string,
  { args = [], input = "/dev/null", signal }: ExampleOptions,
): Promise<Outcome> {
  const program = [Deno.execPath(), ...exampleArgs(name), ...args];
  const script = 'exec "$@" < "$0"';
  return await run("sh", ["-c", script, input, ...program], { signal });
}

/** An example that is talked to while it runs; killed at the end of the block. */
export class RunningExample implements AsyncDisposable {
  readonly stdout: Lines;
  readonly stderr: Lines;
  readonly status: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;

  constructor(name: string, args: readonly string[], signal: AbortSignal) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...exampleArgs(name), ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal,
    }).spawn();
    this.stdout = new Lines(this.#process.stdout);
    this.stderr = new Lines(this.#process.stderr);
    this.status = this.#process.status;
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Ends it without asking. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Interrupts it, as Ctrl-C does. */
  interrupt(): void {
    this.#process.kill("SIGINT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _stdout = this.stdout;
    await using _stderr = this.stderr;
    await this.#process[Symbol.asyncDispose]();
  }
}
