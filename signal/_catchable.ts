/** Which signals a program can wait for. */

import { platform } from "../_internal/platform.ts";
import {
  type SignalName,
  signalName,
  signalNumber,
} from "../_internal/signals.ts";

const VERB = "open a signal stream";

/** Why not, by their names. */
const REASONS: Readonly<Record<string, string>> = {
  SIGKILL: "no program can catch it",
  SIGSTOP: "no program can catch it",
  // What caused them would be tried again when the handler returns, for ever.
  SIGBUS: "it says that this program itself went wrong",
  SIGFPE: "it says that this program itself went wrong",
  SIGILL: "it says that this program itself went wrong",
  SIGSEGV: "it says that this program itself went wrong",
};

/** The numbers of signals that can be caught, each once. */
export function catchable(signals: readonly (SignalName | number)[]): number[] {
  if (!Array.isArray(signals)) {
    throw new TypeError(
      `Cannot ${VERB}: the signals must be an array: ` +
        `current value is ${signals}`,
    );
  }
  const numbers = new Set(signals.map((signal) => signalNumber(signal, VERB)));
  if (numbers.size === 0) {
    throw new TypeError(`Cannot ${VERB}: there must be at least one signal`);
  }
  for (const number of numbers) {
    const reason = reasonAgainst(number);
    if (reason === undefined) continue;
    throw new TypeError(`Cannot ${VERB} for ${signalName(number)}: ${reason}`);
  }
  return [...numbers];
}

function reasonAgainst(number: number): string | undefined {
  if (number === 0) return "it is never sent";
  // Between the standard and the real-time signals: nptl(7).
  const reserved = number > 31 && number < platform.SIGRTMIN;
  return reserved ? "the C library needs it" : REASONS[signalName(number)];
}
