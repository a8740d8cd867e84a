/** The names and numbers of signals: signal(7). */

import { constants } from "node:os";
import { platform } from "./platform.ts";

/**
 * A signal's name. Real-time signals, which Linux has, are counted from the
 * first or from the last one.
 */
export type SignalName =
  | Deno.Signal
  | "SIGRTMIN"
  | "SIGRTMAX"
  | `SIGRTMIN+${number}`
  | `SIGRTMAX-${number}`;

const NUMBERS: Readonly<Record<string, number>> = constants.signals;
/** Where two names share a number, the first is the one in use. */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(NUMBERS).map(([name, number]) => [number, name] as const)
    .reverse(),
);

const { SIGRTMIN, SIGRTMAX } = platform;
const LAST = Math.max(SIGRTMAX, ...Object.values(NUMBERS));

/**
 * The number of a signal given by name or number. 0 is a number too: it is
 * never sent, but whether it could be is checked.
 */
export function signalNumber(
  signal: SignalName | number,
  verb: string,
): number {
  const number = typeof signal === "number"
    ? signal
    : NUMBERS[signal] ?? realtimeNumber(signal);
  if (Number.isInteger(number) && number >= 0 && number <= LAST) return number;
  throw new TypeError(
    `Cannot ${verb}: the signal must be the name or number of one: ` +
      `current value is ${signal}`,
  );
}

function realtimeNumber(name: string): number {
  const match = /^SIGRT(MIN(?:\+(\d+))?|MAX(?:-(\d+))?)$/.exec(name);
  if (match === null || SIGRTMAX === 0) return NaN;
  const [, , above = "0", below = "0"] = match;
  const number = match[1].startsWith("MIN")
    ? SIGRTMIN + Number(above)
    : SIGRTMAX - Number(below);
  return isRealtime(number) ? number : NaN;
}

/** Whether a signal is queued each time it is sent: signal(7). */
export function isRealtime(number: number): boolean {
  return SIGRTMAX !== 0 && number >= SIGRTMIN && number <= SIGRTMAX;
}

/** The name of a signal's number. */
export function signalName(number: number): string {
  return isRealtime(number)
    ? `SIGRTMIN+${number - SIGRTMIN}`
    : NAMES.get(number) ?? `signal ${number}`;
}
