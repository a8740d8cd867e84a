/** The `ipc` command as a program. */

import { fileURLToPath } from "node:url";
import { type Outcome, toOutcome } from "./peers.ts";

/** What Deno is given before the arguments of the command. */
export const IPC: readonly string[] = [
  "run",
  "-A",
  "--quiet",
  "--no-check",
  fileURLToPath(new URL("../../cli/mod.ts", import.meta.url)),
];

/** The command while it runs; it is ended at the end of the block. */
export class RunningIpc implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #printed: ReadableStreamDefaultReader<string>;

  constructor(args: readonly string[]) {
    this.#process = start(args);
    this.#printed = this.#process.stdout
      .pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /** What it prints next; undefined when it has ended. */
  async next(): Promise<string | undefined> {
    return (await this.#printed.read()).value;
  }

  /** Reads no more of what it prints. */
  async stopReading(): Promise<void> {
    await this.#printed.cancel();
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Ends its input, and answers how it has ended. */
  async end(): Promise<Deno.CommandStatus> {
    await this.#process.stdin.close();
    return await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await this.#printed.cancel();
    await this.#process.stderr.cancel();
    await this.#process.stdin.close().catch(() => {});
  }
}

function start(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...IPC, ...args],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the command to its end. */
export async function runIpc(
  args: readonly string[],
  input: Uint8Array<ArrayBuffer> | string = "",
): Promise<Outcome> {
  const process = start(args);
  const output = process.output();
  const writer = process.stdin.getWriter();
  const bytes = typeof input === "string"
    ? new TextEncoder().encode(input)
    : input;
  // It may end without reading.
  await writer.write(bytes).catch(() => {});
  await writer.close().catch(() => {});
  return toOutcome(await output);
}

/** What the command prints; it must not fail. */
export async function ipcOutput(
  args: readonly string[],
  input?: Uint8Array<ArrayBuffer> | string,
): Promise<string> {
  const { code, stdout, stderr } = await runIpc(args, input);
  if (code !== 0) throw new Error(`ipc ${args.join(" ")}: ${code}: ${stderr}`);
  return stdout;
}
