/** Second processes that do not outlive the test, however it ends. */

import { type Outcome, toOutcome } from "./peers.ts";

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

/**
 * A program on the other side. It is killed at the end of the block, and at the
 * deadline, with all that it has started.
 */
export class Peer implements AsyncDisposable {
  readonly pid: number;
  /** What it printed and how it ended, when it has. */
  readonly outcome: Promise<Outcome>;
  #ended = false;

  constructor(
    program: string,
    args: readonly string[],
    { signal }: { readonly signal: AbortSignal },
  ) {
    const process = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // A group of its own, to which what it starts will belong too.
      detached: true,
    }).spawn();
    this.pid = process.pid;
    const kill = () => this.#kill();
    signal.addEventListener("abort", kill);
    this.outcome = process.output().then((output) => {
      this.#ended = true;
      signal.removeEventListener("abort", kill);
      return toOutcome(output);
    });
  }

  #kill(): void {
    if (this.#ended) return;
    try {
      Deno.kill(-this.pid, "SIGKILL");
    } catch (error) {
      // It has ended just now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
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
