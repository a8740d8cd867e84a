/** Second processes that do not outlive the test, however it ends. */

import { type Outcome, start } from "./peers.ts";

/**
 * How long a test may take, in milliseconds: pass its signal to all that might
 * wait for ever, so that a deadlock is a failure and not a hang.
 */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(milliseconds: number = 15_000) {
    const controller = new AbortController();
    const late = new Error(`the test took more than ${milliseconds} ms`);
    this.#timer = setTimeout(() => controller.abort(late), milliseconds);
    this.signal = controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** A program on the other side, killed at the end of the block or deadline. */
export class Peer implements AsyncDisposable {
  readonly pid: number;
  /** What it printed and how it ended, when it has. */
  readonly outcome: Promise<Outcome>;
  readonly #process: Deno.ChildProcess;

  constructor(
    program: string,
    args: readonly string[],
    { signal }: { readonly signal: AbortSignal },
  ) {
    const { process, outcome } = start(program, args);
    this.#process = process;
    this.pid = process.pid;
    this.outcome = outcome;
    const kill = () => this.kill("SIGKILL");
    signal.addEventListener("abort", kill);
    outcome.finally(() => signal.removeEventListener("abort", kill));
  }

  /** Sends it a signal, if it has not ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.outcome;
  }
}

/** A program run by `sh`; `$0`, `$1` and so on are its arguments. */
export function shell(
  script: string,
  args: readonly string[],
  options: { readonly signal: AbortSignal },
): Peer {
  return new Peer("sh", ["-c", script, ...args], options);
}
