/**
 * A session of processes: what a terminal was opened for, and all that was
 * started in it.
 */

import { os } from "../_internal/platform.ts";
import { processStat } from "../_internal/proc.ts";
import { signalNumber } from "../_internal/signals.ts";
import { ended, endedSync, membersOf, sendTo } from "./_members.ts";

const [SIGHUP, SIGCONT, SIGKILL] = (["SIGHUP", "SIGCONT", "SIGKILL"] as const)
  .map((name) => signalNumber(name, "end a session"));

/** How long those who were asked to end may take, in milliseconds. */
const GRACE = 500;
/**
 * How long to wait for those who were killed, in milliseconds: they are let go
 * at once, but for what they do with a device, or on a machine that is busy.
 */
const PATIENCE = 10_000;

/** The session that a process leads. */
export class Session {
  readonly #leader: number;
  /** When the leader was started. Linux. */
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
   * @returns Whether all have ended: others' processes cannot be made to.
   */
  async end(): Promise<boolean> {
    let members = this.#members();
    // What is stopped would not notice the first.
    for (const signal of [SIGHUP, SIGCONT]) {
      members = this.#send(signal, members);
    }
    await this.#allEnded(members, GRACE);
    const deadline = performance.now() + PATIENCE;
    do {
      members = this.#send(SIGKILL, this.#members());
      await this.#allEnded(members, deadline - performance.now());
    } while (members.length > 0 && performance.now() < deadline);
    return members.length === 0 && this.#beyond.size === 0;
  }

  /**
   * Ends every process at once, blocking the thread.
   *
   * @returns Whether all have ended: others' processes cannot be made to.
   */
  kill(): boolean {
    const deadline = performance.now() + PATIENCE;
    const killed = new Set<number>();
    let members: number[];
    do {
      // On macOS it can be waited for the leader only, as the caller does; it
      // is enough that nobody has been overlooked.
      const left = this.#members()
        .filter((pid) => os === "linux" || !killed.has(pid));
      members = this.#send(SIGKILL, left);
      for (const pid of members) {
        killed.add(pid);
        const time = Math.max(0, deadline - performance.now());
        if (os === "linux") endedSync(pid, this.#leader, time);
      }
    } while (members.length > 0 && performance.now() < deadline);
    return members.length === 0 && this.#beyond.size === 0;
  }

  /** Its processes, but for those that have ended and those of others. */
  #members(): number[] {
    // No process gets the number as long as anybody is in the session.
    const other = os === "linux" && this.#isAnother();
    return other ? [] : membersOf(this.#leader)
      .filter((pid) => !this.#beyond.has(pid));
  }

  /** Whether the leader's number has become that of another process. */
  #isAnother(): boolean {
    const leader = processStat(this.#leader);
    return leader !== undefined && leader.start !== this.#start;
  }

  /** Sends a signal to all, and answers whom it could be sent. */
  #send(signal: number, members: readonly number[]): number[] {
    return members.filter((pid) => {
      const sent = sendTo(pid, this.#leader, signal);
      if (!sent) this.#beyond.add(pid);
      return sent;
    });
  }

  /** Resolves when all of them have ended, or the time is up. */
  async #allEnded(
    members: readonly number[],
    milliseconds: number,
  ): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), milliseconds);
    try {
      for (const pid of members) {
        await ended(pid, this.#leader, late.signal);
      }
    } catch (error) {
      if (!late.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
