/** What this process holds of the kernel: for tests that nothing leaks. */

import { readlinkSync } from "node:fs";

/** The descriptors that are open, as what they are open to by number. */
export function openDescriptors(): Map<number, string> {
  const directory = Deno.build.os === "darwin" ? "/dev/fd" : "/proc/self/fd";
  const all = new Map<number, string>();
  for (const { name } of Deno.readDirSync(directory)) {
    try {
      const what = readlinkSync(`/proc/self/fd/${name}`);
      // Deno opens its caches when it sees fit.
      if (!what.includes("_cache_v")) all.set(Number(name), what);
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return all;
}

/** The ends of anonymous pipes that are open. Linux. */
export function openPipes(): string[] {
  return [...openDescriptors().values()]
    .filter((what) => what.startsWith("pipe:"));
}

/**
 * How many threads of this process are parked by the reactor. The event loop
 * of Deno is in `epoll_wait` too, but on the main thread. Linux.
 */
export function countParkedThreads(): number {
  return countThreadsIn(SYS_EPOLL_WAIT);
}

/**
 * How many threads but the main one are in one of these system calls, with
 * this argument if there is one. Linux.
 */
export function countThreadsIn(
  calls: readonly number[],
  argument?: bigint,
): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    if (Number(name) === Deno.pid) continue;
    const [call, ...rest] = systemCallLine(Number(name));
    const wanted = argument === undefined ||
      rest.includes(`0x${argument.toString(16)}`);
    if (wanted && calls.includes(Number(call))) count++;
  }
  return count;
}

/** The number of the system call that a thread is in; -1 if it has ended. */
export function systemCallOf(thread: number): number {
  const [call = "-1"] = systemCallLine(thread);
  return Number(call);
}

/**
 * The number and arguments of the system call that a thread is in, as
 * proc_pid_syscall(5) has them; nothing if it has ended.
 */
function systemCallLine(thread: number): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${thread}/syscall`).split(" ");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** epoll_wait and epoll_pwait of x86-64, and epoll_pwait of arm64. */
export const SYS_EPOLL_WAIT: readonly number[] = Deno.build.arch === "x86_64"
  ? [232, 281]
  : [22];

/** Processor time this process has used, in seconds. Linux. */
export function cpuSeconds(pid: number | "self" = "self"): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // utime and stime, fields 14 and 15 in proc(5), in hundredths of a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
