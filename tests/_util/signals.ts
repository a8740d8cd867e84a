/** What the kernel knows of a process's signals: proc_pid_status(5). Linux. */

/** Sets of signals, as hexadecimal digits. */
export interface SignalSets {
  readonly blocked: string;
  readonly ignored: string;
  readonly caught: string;
}

/** The sets in the text of a `status` file. */
export function signalSets(status: string): SignalSets {
  const set = (name: string) =>
    status.match(new RegExp(`^${name}:\\s*(\\w+)`, "m"))![1];
  return {
    blocked: set("SigBlk"),
    ignored: set("SigIgn"),
    caught: set("SigCgt"),
  };
}

/** A program that prints its own. */
export const PRINT_SETS: readonly [string, string[]] = [
  "grep",
  ["^Sig", "/proc/self/status"],
];

/**
 * What a child that gets signals is killed by if it does not end by itself: a
 * test's source for `runDeno` begins with this, as the signals of a test's own
 * process are everybody's.
 */
export const PRELUDE = `
  import {
    capabilities, PidFd, queue, realtime, send, SignalStream,
  } from "@ipc/core/signal";
  import { spawn } from "@ipc/core/pipe";
  import { signalSets } from "tests/_util/signals.ts";
  const late = setTimeout(() => {
    console.error("the test took too long");
    Deno.exit(1);
  }, 20_000);
  Deno.unrefTimer(late);
  function sets() {
    return signalSets(Deno.readTextFileSync("/proc/self/status"));
  }
  async function until(holds) {
    while (!holds()) await new Promise((done) => setTimeout(done, 1));
  }
`;
