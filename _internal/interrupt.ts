/**
 * Getting a thread of this process out of a system call, by a signal to that
 * thread alone: signal(7). Linux.
 */

import { constants } from "node:os";
import { libc } from "./_ffi.ts";
import { E, errno } from "./errno.ts";
import { cString } from "./memory.ts";
import { listDirectory } from "./file.ts";
import { O_RDONLY, os, platform } from "./platform.ts";
import { getAction, SA_RESTART, setAction, SIG_DFL } from "./sigaction.ts";
import { bit, threadOf } from "./threads.ts";

const THREADS = "/proc/self/task";
const { SIGURG } = constants.signals;

/** How to tell a system call from others, and from what it can be woken. */
export interface Interruptible {
  /** An address that nothing else passes to a system call. */
  readonly address: bigint;
  /**
   * Whether the kernel would resume the call after a handler with SA_RESTART,
   * as it does with locks of fcntl(2), but not with System V calls. Without
   * need it is better not set: a thread that has left the call just before the
   * signal comes may be in another one, which then fails with EINTR.
   *
   * @default {false}
   */
  readonly resumes?: boolean;
}

/**
 * A function that does nothing and may be called by a signal handler, as what
 * a handler needs: a callback of JavaScript could not run on that thread.
 */
let nothing: bigint | undefined;

/** Threads that were found in such a call before, and may be so again. */
const known = new Set<string>();

const text = new Uint8Array(256);
const decoder = new TextDecoder();

/** Whether threads can be found and interrupted here; never throws. */
export function canInterrupt(): boolean {
  nothing ??= os === "linux" ? tryFind() : 0n;
  return nothing !== 0n && signalFor(SA_RESTART) !== undefined;
}

function tryFind(): bigint {
  try {
    // What a thread is doing is told by the kernel, unless it was built
    // without that, and an emulator has other addresses than the kernel.
    const own = "/proc/thread-self/syscall";
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(text));
    if (!argumentsOf(own).includes(hex(address))) return 0n;
    const pointer = libc.dlsym(null, cString("getpid"));
    return Deno.UnsafePointer.value(pointer);
  } catch {
    // A libc without one of the functions, or no permission to use FFI.
    return 0n;
  }
}

/**
 * Interrupts the threads that are in a system call with this address: it fails
 * there with EINTR, unless it is just coming back anyway. Threads that are not
 * yet in the call are not found: call it again until the call is back.
 */
export function interrupt({ address, resumes = false }: Interruptible): void {
  const wanted = hex(address);
  const found = threadsIn(known, wanted);
  if (found.length === 0) {
    found.push(...threadsIn(listDirectory(THREADS), wanted));
  }
  for (const thread of found) {
    // A thread may block some, such as those that another handles for all.
    const blocked = threadOf(Number(thread))?.blocked ?? 0n;
    const flags = resumes ? 0 : SA_RESTART;
    const signal = signalFor(flags, blocked);
    known.add(thread);
    // ESRCH: it has ended. EAGAIN: as many signals are queued as may be.
    if (signal !== undefined && send(thread, signal) !== E.EAGAIN) continue;
    const last = lastResort(flags, blocked);
    if (last !== undefined) send(thread, last);
  }
}

/** Sends a thread a signal; answers why not, or 0. */
function send(thread: string, signal: number): number {
  const result = libc.tgkill(Deno.pid, Number(thread), signal);
  return result < 0 ? errno() : 0;
}

function threadsIn(threads: Iterable<string>, wanted: string): string[] {
  return [...threads].filter((thread) => {
    const words = argumentsOf(`${THREADS}/${thread}/syscall`);
    if (words.length === 0) known.delete(thread);
    return words.includes(wanted);
  });
}

/** The words of proc_pid_syscall(5); none if there is no such thread. */
function argumentsOf(path: string): string[] {
  const fd = libc.open(cString(path), O_RDONLY | platform.O_CLOEXEC, 0);
  if (fd < 0) return [];
  const count = libc.read(fd, text, BigInt(text.length));
  libc.close(fd);
  if (count < 0) return [];
  return decoder.decode(text.subarray(0, count)).split(/\s/);
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

/**
 * A standard signal, of which one may always be sent, and which does nothing by
 * default: SIGURG, unless somebody else uses it.
 */
function lastResort(flags: number, blocked: bigint): number | undefined {
  const { handler } = getAction(SIGURG);
  const isUsed = handler !== SIG_DFL && handler !== nothing;
  if (isUsed || (blocked & bit(SIGURG)) !== 0n) return undefined;
  setAction(SIGURG, { handler: nothing!, flags });
  return SIGURG;
}

/**
 * A real-time signal that does nothing but interrupt: the highest that nobody
 * else here uses. Looked for each time, as somebody may have taken it since.
 *
 * @param flags SA_RESTART or 0.
 * @param blocked What the thread blocks that it is for.
 */
export function signalFor(flags: number, blocked = 0n): number | undefined {
  const least = libc.__libc_current_sigrtmin();
  for (let signal = libc.__libc_current_sigrtmax(); signal >= least; signal--) {
    if ((blocked & bit(signal)) !== 0n) continue;
    const action = getAction(signal);
    const current = action.flags & SA_RESTART;
    if (action.handler === nothing && current === flags) return signal;
    if (action.handler !== SIG_DFL) continue;
    setAction(signal, { handler: nothing!, flags });
    return signal;
  }
  return undefined;
}
