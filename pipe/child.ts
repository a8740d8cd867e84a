import { libc as base } from "../_internal/_ffi.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import { type ChildStatus, exitStatus } from "../_internal/exit_status.ts";
import { WNOHANG } from "../_internal/platform.ts";
import { type SignalName, signalNumber } from "../_internal/signals.ts";
import { processExit } from "../mux/process_exit.ts";
import { libc } from "./_ffi.ts";

export type { ChildStatus };

/** Makes the object for a process that {@linkcode spawn} started. */
export let newChild: (pid: number, command: string) => Child;

/** Has a child that is about to end forgotten by the system, blocking. */
export let reap: (child: Child) => void;

/**
 * A program that was started with {@linkcode spawn}.
 *
 * The system keeps a record of a child that has ended until somebody looks at
 * its {@linkcode status}, so look at it, or let `await using` do so.
 *
 * @example
 * ```ts
 * import { spawn } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * const child = spawn("sh", { args: ["-c", "exit 3"] });
 * const { success, code, signal } = await child.status;
 * assertEquals([success, code, signal], [false, 3, null]);
 * ```
 */
export class Child implements AsyncDisposable {
  /** The process id. */
  readonly pid: number;
  readonly #command: string;
  #status: Promise<ChildStatus> | undefined;
  #result: ChildStatus | undefined;

  static {
    newChild = (pid, command) => new Child(pid, command);
    reap = (child) => {
      while (child.#tryStatus(0) === undefined);
    };
  }

  private constructor(pid: number, command: string) {
    this.pid = pid;
    this.#command = command;
  }

  /**
   * How it ended, when it has. Waiting begins when this is first looked at,
   * and keeps this program alive; it takes no thread of its own and does not
   * poll: pidfd_open(2), on macOS kqueue(2).
   */
  get status(): Promise<ChildStatus> {
    return this.#status ??= this.#wait();
  }

  async #wait(): Promise<ChildStatus> {
    try {
      for (;;) {
        if (this.#result === undefined) await processExit(this.pid);
        const status = this.#tryStatus(WNOHANG);
        if (status !== undefined) return status;
      }
    } catch (error) {
      // There may be a descriptor for it when this is looked at again.
      this.#status = undefined;
      throw error;
    }
  }

  /** waitpid(2), after which the number may be another's. */
  #tryStatus(flags: number): ChildStatus | undefined {
    if (this.#result !== undefined) return this.#result;
    const status = new Int32Array(1);
    const pid = libc.waitpid(this.pid, status, flags);
    if (pid < 0 && errno() === E.EINTR) return undefined;
    check(pid, "waitpid", { on: this.#command });
    if (pid !== 0) this.#result = exitStatus(status[0]);
    return this.#result;
  }

  /**
   * Sends it a signal: kill(2). The number of a process is not used again
   * before its status was looked at, so this never hits a stranger.
   *
   * @param signal The name or number of the signal; by default `SIGTERM`.
   * @throws {TypeError} If there is no such signal.
   * @throws {Deno.errors.NotFound} If it has ended and its status is known.
   * @throws {Deno.errors.PermissionDenied} If it runs as somebody else now.
   *
   * @example
   * ```ts
   * import { spawn } from "@ipc/core/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * const child = spawn("sleep", { args: ["1000"] });
   * child.kill("SIGKILL");
   * assertEquals((await child.status).signal, "SIGKILL");
   * ```
   */
  kill(signal: SignalName | number = "SIGTERM"): void {
    const number = signalNumber(signal, "kill");
    const context = { on: `${this.#command}, process ${this.pid}` };
    if (this.#result !== undefined) throw systemError(E.ESRCH, "kill", context);
    check(base.kill(this.pid, number), "kill", context);
  }

  /**
   * Sends `SIGTERM` if it has not ended yet, and waits until it has.
   *
   * @returns When it has ended.
   *
   * @example
   * ```ts
   * import { spawn } from "@ipc/core/pipe";
   *
   * await using child = spawn("sleep", { args: ["1000"] });
   * console.log(child.pid);
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#result === undefined) this.kill();
    await this.status;
  }
}
