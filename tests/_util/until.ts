/** Waiting for what another process does, without guessing how long it takes. */

import { SYS_EPOLL_WAIT, systemCallOf } from "./counts.ts";

/**
 * Resolves when there is something under `path`.
 *
 * Not by `Deno.watchFs`: it opens what appears, and waits in the open of a FIFO.
 */
export async function appears(
  path: string,
  signal: AbortSignal,
): Promise<void> {
  await until(() => exists(path), signal);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Resolves when the process sleeps in open(2). Linux. */
export async function waitsInOpen(
  pid: number,
  signal: AbortSignal,
): Promise<void> {
  await until(() => SYS_OPEN.includes(systemCallOf(pid)), signal);
}

// open and openat of x86-64, and openat of arm64.
const SYS_OPEN = Deno.build.arch === "x86_64" ? [2, 257] : [56];

/** Resolves when the process sleeps in epoll_wait(2). Linux. */
export async function waitsInEpoll(
  pid: number,
  signal: AbortSignal,
): Promise<void> {
  await until(() => SYS_EPOLL_WAIT.includes(systemCallOf(pid)), signal);
}

/** Resolves when something holds. */
export async function until(
  holds: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  while (!holds()) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
