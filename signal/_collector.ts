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
import { assemble, mapCode } from "../_internal/executable.ts";
import { startThread } from "../_internal/native_thread.ts";
import { platform } from "../_internal/platform.ts";
import { signalName } from "../_internal/signals.ts";
import {
  bit,
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

/** Starts the thread, if it is not there yet. */
export function startCollector(code: MachineCode): void {
  if (threads().some(isCollector)) return;
  startThread(mapCode(assemble(code.collector)), null, NAME);
}

function isCollector({ name }: Thread): boolean {
  return name === NAME;
}

/**
 * Has a signal, for which there is a handler by now, handled by it alone.
 *
 * @returns Whether all threads have answered. If not, the handler must stay,
 * for what they were sent would end the program otherwise.
 * @throws {Deno.errors.WouldBlock} If so many signals are queued that the
 * threads cannot be told.
 */
export function collect(signal: number): boolean {
  const told = new Set<number>();
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
