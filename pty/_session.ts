/**
 * A session of processes: what a terminal was opened for, and all that was
 * started in it. credentials(7)
 */

import { libc as base } from "../_internal/_ffi.ts";
import { E, errno } from "../_internal/errno.ts";
import { os } from "../_internal/platform.ts";
import { numbersIn, processStat } from "../_internal/proc.ts";
import { signalNumber } from "../_internal/signals.ts";
import { sendToPidfd } from "../mux/_pidfd.ts";
import { processDescriptor, processExit } from "../mux/process_exit.ts";
import { libc } from "./_ffi.ts";

const [SIGHUP, SIGCONT, SIGKILL] = (["SIGHUP", "SIGCONT", "SIGKILL"] as const)
  .map((name) => signalNumber(name, "end a session"));

/** How long those who were asked to end may take, in milliseconds. */
const GRACE = 500;
/** How long to wait for those who were killed, in milliseconds. */
const PATIENCE = 1000;

/** The session that a process leads. */
export class Session {
  readonly #leader: number;
  /** When the leader was started. */
  readonly #start: bigint | undefined;
  /** Those whom this user may not send signals. */
  readonly #beyond = new Set<number>();

  constructor(leader: number) {
    this.#leader = leader;
    if (os === "linux") this.#start = processStat(leader)?.start;
  }

  /**
   * Ends every process, politely at first.
   *
   * @param terminal The descriptor of its terminal.
   * @returns Whether all have ended: others' processes cannot be made to.
   */
  async end(terminal: number): Promise<boolean> {
    let targets = this.#targets(terminal);
    for (const target of targets) {
      this.#send(SIGHUP, target);
      // What is stopped would not notice.
      this.#send(SIGCONT, target);
    }
    await allEnded(targets, GRACE);
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      targets = this.#targets(terminal);
      const left = deadline - performance.now();
      if (targets.length === 0 || left <= 0) break;
      for (const target of targets) this.#send(SIGKILL, target);
      await allEnded(targets, left);
      if (os === "darwin") return true;
    }
    return targets.length === 0 && this.#beyond.size === 0;
  }

  /**
   * Ends every process at once, blocking the thread.
   *
   * @param terminal The descriptor of its terminal.
   * @returns Whether all have ended: others' processes cannot be made to.
   */
  kill(terminal: number): boolean {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const targets = this.#targets(terminal);
      if (targets.length === 0) return this.#beyond.size === 0;
      for (const target of targets) this.#send(SIGKILL, target);
      if (os === "darwin") return true;
      if (performance.now() > deadline) return false;
      base.sched_yield();
    }
  }

  /** Whom to send signals, as kill(2) takes them. */
  #targets(terminal: number): number[] {
    if (os === "linux") return this.#members();
    // There is no telling who else is in it than these two groups.
    const foreground = libc.tcgetpgrp(terminal);
    const groups = new Set([-this.#leader]);
    if (foreground > 0) groups.add(-foreground);
    return [...groups];
  }

  /** Its processes, but for those that have ended and those of others. */
  #members(): number[] {
    const leader = processStat(this.#leader);
    // No process gets the number as long as anybody is in the session.
    if (leader !== undefined && leader.start !== this.#start) return [];
    return numbersIn("/proc")
      .filter((pid) => !this.#beyond.has(pid) && this.#has(pid));
  }

  #has(pid: number): boolean {
    const stat = processStat(pid);
    return stat?.session === this.#leader && !"ZX".includes(stat.state);
  }

  #send(signal: number, target: number): void {
    if (os === "darwin") return void base.kill(target, signal);
    try {
      using pidfd = processDescriptor(target);
      // It may have ended, and the number be another's.
      if (!this.#has(target)) return;
      const result = sendToPidfd(pidfd.fd, signal);
      if (result < 0 && errno() === E.EPERM) this.#beyond.add(target);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Resolves when all of them have ended, or the time is up. */
async function allEnded(
  targets: readonly number[],
  milliseconds: number,
): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), milliseconds);
  try {
    // Of a group, when its leader has.
    const pids = targets.map(Math.abs);
    await Promise.all(pids.map((pid) => ended(pid, late.signal)));
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when a process has ended, or the signal is aborted. */
async function ended(pid: number, signal: AbortSignal): Promise<void> {
  try {
    await processExit(pid, { signal });
  } catch (error) {
    const gone = error instanceof Deno.errors.NotFound;
    if (!gone && !signal.aborted) throw error;
  }
}
