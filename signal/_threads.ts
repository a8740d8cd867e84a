/** The threads of this process, and which signals they block. */

import { numbersIn, readProc } from "../_internal/proc.ts";

const TASKS = "/proc/self/task";

/** One thread. */
export interface Thread {
  readonly id: number;
  readonly name: string;
  /** A bit for each signal, the lowest for the first. */
  readonly blocked: bigint;
}

/** All that are there now. */
export function threads(): Thread[] {
  return numbersIn(TASKS).flatMap((id) => {
    const status = readProc(`${TASKS}/${id}/status`);
    const match = /^Name:\t(.*)$[^]*^SigBlk:\t(\w+)$/m.exec(status ?? "");
    // It has ended meanwhile.
    if (match === null) return [];
    return [{ id, name: match[1], blocked: BigInt(`0x${match[2]}`) }];
  });
}

/** The bit of a signal. */
export function bit(signal: number): bigint {
  return 1n << BigInt(signal - 1);
}

const SIGSEGV = 11;

/**
 * Whether a thread may be running one of our handlers, in which all signals
 * are blocked. So they are while a thread is being started, for one; but
 * nobody blocks this signal for long.
 */
export function mayBeHandling({ blocked }: Thread): boolean {
  return (blocked & bit(SIGSEGV)) !== 0n;
}

/**
 * Whether no thread is running a signal handler, ours or, after that, another
 * that it goes on with.
 */
export function nobodyHandles(): boolean {
  return !threads().some(mayBeHandling);
}

/** Whether some thread waits in a system call that is called with `args`. */
export function someoneWaitsIn(number: number, args: RegExp): boolean {
  return numbersIn(TASKS).some((id) => {
    const syscall = readProc(`${TASKS}/${id}/syscall`) ?? "";
    return syscall.startsWith(`${number} `) && args.test(syscall);
  });
}
