/** Printing, to a terminal, a file, or a program that may have read enough. */

import { styleText } from "node:util";

const encoder = new TextEncoder();

/** Whether what is printed may have colours: see https://no-color.org. */
export function hasColours(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor;
}

/** Text in bold, where there are such things. */
export function bold(text: string): string {
  return hasColours()
    ? styleText("bold", text, { validateStream: false })
    : text;
}

/** Prints a line. */
export function printLine(text: string): void {
  print(encoder.encode(`${text}\n`));
}

/** Whoever read what is printed has read enough, as `head` does. */
export class OutputClosed extends Error {}

/**
 * Prints bytes, all of them.
 *
 * @throws {OutputClosed} If nobody reads them any more.
 */
export function print(bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length;) {
      done += Deno.stdout.writeSync(bytes.subarray(done));
    }
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw error;
  }
}
