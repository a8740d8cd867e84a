/** The threads of this process, and which signals they block. Linux. */

import { libc } from "./_ffi.ts";
import { checkReturned } from "./errno.ts";
import { numbersIn, readProc } from "./proc.ts";

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
  return numbersIn(TASKS).map(threadOf).filter((thread) => !!thread);
}

/** Looks a thread up; undefined if it has ended. */
export function threadOf(id: number): Thread | undefined {
  const status = readProc(`${TASKS}/${id}/status`);
  const match = /^Name:\t(.*)$[^]*^SigBlk:\t(\w+)$/m.exec(status ?? "");
  if (match === null) return undefined;
  return { id, name: match[1], blocked: BigInt(`0x${match[2]}`) };
}

/** Whether a signal was sent to this process and no thread has taken it yet. */
export function isPending(signal: number): boolean {
  const status = readProc("/proc/self/status") ?? "";
  const [, pending = "0"] = /^ShdPnd:\t(\w+)$/m.exec(status) ?? [];
  return (BigInt(`0x${pending}`) & bit(signal)) !== 0n;
}

const SIG_BLOCK = 0;
const SIG_UNBLOCK = 1;
const SIGSET_SIZE = 128;

/** What this thread blocks. */
export function ownBlocked(): bigint {
  return changeBlocked(SIG_BLOCK, 0n);
}

/** Has this thread block signals, given as their bits, no longer. */
export function unblock(signals: bigint): void {
  changeBlocked(SIG_UNBLOCK, signals);
}

/** Answers what was blocked before. */
function changeBlocked(how: number, signals: bigint): bigint {
  const set = new BigUint64Array(SIGSET_SIZE / 8);
  const before = new BigUint64Array(SIGSET_SIZE / 8);
  set[0] = signals;
  const result = libc.pthread_sigmask(how, set, before);
  checkReturned(result, "pthread_sigmask");
  return before[0];
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
