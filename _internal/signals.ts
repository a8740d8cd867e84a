/** The names and numbers of signals: signal(7). */

import { constants } from "node:os";

const NUMBERS: Readonly<Record<string, number>> = constants.signals;
/** Linux has 64, macOS 31. */
const LAST = 64;

/** The number of a signal given by name or number. */
export function signalNumber(
  signal: Deno.Signal | number,
  verb: string,
): number {
  const number = typeof signal === "number" ? signal : NUMBERS[signal];
  if (Number.isInteger(number) && number >= 0 && number <= LAST) return number;
  throw new TypeError(
    `Cannot ${verb}: the signal must be the name or number of one: ` +
      `current value is ${signal}`,
  );
}

/** The name of a signal's number. */
export function signalName(number: number): string {
  const name = Object.keys(NUMBERS).find((key) => NUMBERS[key] === number);
  return name ?? `signal ${number}`;
}
