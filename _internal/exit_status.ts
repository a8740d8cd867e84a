/** How a process ended, out of the number that the kernel tells it by. */

import { signalName } from "./signals.ts";

/** How a child ended. */
export interface ChildStatus {
  /** Whether it exited with code 0. */
  readonly success: boolean;
  /** Its exit code; 128 and the signal's number if a signal ended it. */
  readonly code: number;
  /** The name of the signal that ended it, or null. */
  readonly signal: string | null;
}

/** The encoding that WIFEXITED, WTERMSIG and so on take apart: wait(2). */
export function exitStatus(status: number): ChildStatus {
  const number = status & 0x7f;
  if (number === 0) {
    const code = status >> 8 & 0xff;
    return { success: code === 0, code, signal: null };
  }
  return { success: false, code: 128 + number, signal: signalName(number) };
}
