/**
 * The thread that handles real-time signals. The kernel gives a signal that was
 * sent to a process to any thread that does not block it, and two that come
 * soon after each other to two threads, which then race. So there is one thread
 * that does nothing else, and all others block what it is to handle.
 *
 * Only a thread itself can change what it blocks. So each of the others is sent
 * a signal, the handler of which changes the mask that it returns to. Threads
 * that are started later inherit theirs. The standard signals, which are merged
 * anyway, are left alone.
 */

import { libc as base } from "../_internal/_ffi.ts";
import { E, errno, systemError } from "../_internal/errno.ts";
import { assemble, CODE_DATA, mapCode } from "../_internal/executable.ts";
import { startThread } from "../_internal/native_thread.ts";
import { platform } from "../_internal/platform.ts";
import { isRealtime, signalName } from "../_internal/signals.ts";
import {
  bit,
  isPending,
  mayBeHandling,
  type Thread,
  threads,
} from "../_internal/threads.ts";
import { libc } from "./_ffi.ts";
import { type MachineCode, SI_DETHREAD } from "./_machine_code.ts";
import { encode } from "./_siginfo.ts";

/** By this it is found by Workers that have not started it. */
const NAME = "ipc-signals";

/** How long to try, in milliseconds. */
const PATIENCE = 500;

/** What it always blocks: all standard signals but those of faults. */
const STANDARD = 0x7ffffb37n;

/**
 * Starts the thread, if it is not there yet. It blocks what this program was
 * started with blocked; a stream of such a signal gets a thread of its own.
 *
 * @param signals What is to be handled.
 * @param inherited What is blocked otherwise than because of a collector.
 * @param code What the thread runs.
 */
export function startCollector(
  signals: readonly number[],
  inherited: bigint,
  code: MachineCode,
): void {
  if (signals.length === 0) return;
  const there = collectors();
  const wanted = signals.filter((signal) => !isHandledBy(there, signal));
  if (wanted.length === 0) return;
  const others = there.length === 0 ? inherited : realtimeBits();
  const own = wanted.reduce((bits, signal) => bits | bit(signal), 0n);
  const entry = mapCode(assemble(code.collector));
  const argument = Deno.UnsafePointer.offset(entry, CODE_DATA)!;
  const mask = Deno.UnsafePointerView.getArrayBuffer(argument, 8);
  new BigUint64Array(mask)[0] = STANDARD | (others & ~own);
  startThread(entry, argument, NAME);
  // Or another Worker might not see that it is going to handle them.
  const deadline = performance.now() + PATIENCE;
  while (
    !wanted.every((signal) => isHandledBy(collectors(), signal)) &&
    performance.now() < deadline
  ) base.sched_yield();
}

/** Those there are, none of them in the midst of handling a signal. */
function collectors(): Thread[] {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const there = threads().filter(isCollector);
    const busy = there.some(mayBeHandling);
    if (!busy || performance.now() > deadline) return there;
    base.sched_yield();
  }
}

function isHandledBy(there: readonly Thread[], signal: number): boolean {
  return there.some(({ blocked }) => (blocked & bit(signal)) === 0n);
}

function isCollector({ name }: Thread): boolean {
  return name === NAME;
}

/** The bits of all real-time signals. */
function realtimeBits(): bigint {
  return (bit(platform.SIGRTMAX) << 1n) - bit(platform.SIGRTMIN);
}

/**
 * Has a signal, for which there is a handler by now, handled by it alone.
 *
 * @param signal The signal.
 * @param told Where to note which threads have been told.
 * @returns Whether all threads have answered. If not, the handler must stay,
 * for what they were sent would end the program otherwise.
 * @throws {Deno.errors.WouldBlock} If so many signals are queued that the
 * threads cannot be told.
 */
export function collect(
  signal: number,
  told: Set<number> = new Set(),
): boolean {
  const deadline = performance.now() + PATIENCE;
  // Once more each time, for threads that were started by others before those
  // were told.
  for (;;) {
    const others = threads()
      .filter((thread) => !isCollector(thread) && !blocks(thread, signal));
    if (others.length === 0) return true;
    const late = performance.now() > deadline;
    for (const thread of others) {
      // What it blocks otherwise shows when it goes on.
      if (told.has(thread.id) || mayBeHandling(thread)) continue;
      const number = tell(thread.id, signal);
      if (number === 0) told.add(thread.id);
      else if (late || number !== E.EAGAIN) throw notTold(number, signal);
    }
    // Those who do not answer, because they are being traced for one, get what
    // was sent to them before anything else.
    if (late) return false;
    base.sched_yield();
  }
}

/**
 * Waits until all of a signal that has been sent to this process so far has
 * been handled: what is still pending when its handler is gone ends the program.
 * So may be one that a Worker has sent itself, as the kernel would have the main
 * thread handle it.
 */
export function awaitHandled(signal: number): void {
  const deadline = performance.now() + PATIENCE;
  if (!isRealtime(signal)) {
    // There is one at most, and a thread that has taken it knows its handler.
    while (isPending(signal) && performance.now() < deadline) {
      base.sched_yield();
    }
    return;
  }
  // Twice, as what is no longer pending may not be seen to be handled yet.
  for (let rested = 0; rested < 2 && performance.now() < deadline;) {
    const resting = !isPending(signal) && !collectors().some(mayBeHandling);
    rested = resting ? rested + 1 : 0;
    base.sched_yield();
  }
}

/** Whether a thread blocks a signal, and not just for a moment. */
function blocks(thread: Thread, signal: number): boolean {
  return (thread.blocked & bit(signal)) !== 0n && !mayBeHandling(thread);
}

/** Tells a thread to block a signal; answers why not, or 0. */
function tell(thread: number, signal: number): number {
  const info = encode({
    number: signal,
    code: SI_DETHREAD,
    pid: Deno.pid,
    uid: libc.getuid(),
    value: 0n,
  });
  const result = libc.rt_tgsigqueueinfo(
    BigInt(platform.SYS_rt_tgsigqueueinfo),
    BigInt(Deno.pid),
    BigInt(thread),
    BigInt(signal),
    info,
  );
  if (result >= 0n) return 0;
  const number = errno();
  // It has ended.
  return number === E.ESRCH ? 0 : number;
}

function notTold(number: number, signal: number): Error {
  return systemError(number, "rt_tgsigqueueinfo", {
    on: signalName(signal),
    hint: "this user has as many signals queued as `ulimit -i` allows",
  });
}
