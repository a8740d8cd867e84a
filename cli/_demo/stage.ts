import { type Child, spawn, type SpawnOptions } from "../../pipe/mod.ts";

/** How to play. */
export interface StageOptions {
  /** How many rounds. */
  readonly rounds: number;
  /** The longest it may take, in milliseconds. */
  readonly timeout: number;
}

/**
 * Where one case is played: it has a directory for it, starts its processes,
 * and leaves neither behind.
 */
export class Stage implements AsyncDisposable {
  /** How many rounds to play. */
  readonly rounds: number;
  readonly #failure = new AbortController();
  /** Aborted when the time is up, or a process did not end well. */
  readonly signal: AbortSignal = this.#failure.signal;
  readonly #directory: string = Deno.makeTempDirSync({ prefix: "ipc-demo-" });
  readonly #children: Child[] = [];
  readonly #things = new DisposableStack();
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor({ rounds, timeout }: StageOptions) {
    const late = new Deno.errors.TimedOut(`no end after ${timeout / 1000} s`);
    this.#timer = setTimeout(() => this.#failure.abort(late), timeout);
    this.rounds = rounds;
  }

  /** A path for `name` that nobody else uses. */
  path(name: string): string {
    return `${this.#directory}/${name}`;
  }

  /** Has something removed in the end, even if the play hangs. */
  use<T extends Disposable>(thing: T): T {
    return this.#things.use(thing);
  }

  /** Starts a program; what it prints to its standard output is not shown. */
  start(
    program: string,
    args: readonly string[],
    fds?: SpawnOptions["fds"],
  ): Child {
    const child = spawn(program, {
      args,
      fds: { 0: "null", 1: "null", ...fds },
    });
    this.#children.push(child);
    child.status.then(({ success, code, signal }) => {
      if (success) return;
      const how = signal ?? `code ${code}`;
      this.#failure.abort(new Error(`${program} ended with ${how}`));
    });
    return child;
  }

  /** Starts a module, which may be a file or come from the net. */
  startModule(
    url: string,
    args: readonly string[],
    fds?: SpawnOptions["fds"],
  ): Child {
    const all = ["run", "--allow-all", "--quiet", url, ...args];
    return this.start(Deno.execPath(), all, fds);
  }

  /** Waits until every process has ended. */
  async ended(): Promise<void> {
    for (const child of this.#children) await child.status;
    this.signal.throwIfAborted();
  }

  /** Rejects when the signal is aborted. */
  failed(): Promise<never> {
    return new Promise((_, reject) =>
      this.signal.addEventListener("abort", () => reject(this.signal.reason))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    for (const child of this.#children) await end(child);
    this.#things.dispose();
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

async function end(child: Child): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended, and its status has been looked at.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await child.status;
}
