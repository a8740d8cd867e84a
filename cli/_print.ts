/** Printing, to a terminal, a file, or a program that may have read enough. */

import { styleText } from "node:util";
import { poll, type PollEntry, pollSync } from "../mux/mod.ts";

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

const OUTPUT_FD = 1;
const ROOM: readonly PollEntry[] = [{ fd: OUTPUT_FD, events: { write: true } }];
/** That nobody reads a pipe or socket any more is told of always. */
const END: readonly PollEntry[] = [{ fd: OUTPUT_FD, events: {} }];

/**
 * Waits until what is printed next will find room, so that nothing is taken
 * that would be lost if this program were ended meanwhile.
 *
 * @throws {OutputClosed} If nobody reads what is printed any more.
 */
export async function roomToPrint(): Promise<void> {
  const [{ error, hangup }] = await poll(ROOM);
  if (error || hangup) throw new OutputClosed();
}

/**
 * Waits for something to print, for as long as somebody would read it.
 *
 * @throws {OutputClosed} If nobody reads it any more.
 */
export async function whileRead<T>(
  wait: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const over = new AbortController();
  const gone = new AbortController();
  if (isPipe()) {
    poll(END, { signal: over.signal })
      .then(() => gone.abort(new OutputClosed()), () => {});
  }
  try {
    const signals = signal ? [signal, gone.signal] : [gone.signal];
    return await wait(AbortSignal.any(signals));
  } finally {
    over.abort();
  }
}

/** Files cannot be waited for, and terminals do not lose their readers. */
function isPipe(): boolean {
  const { isFifo, isSocket } = Deno.statSync(`/dev/fd/${OUTPUT_FD}`);
  return Boolean(isFifo || isSocket);
}

/**
 * Prints bytes, all of them.
 *
 * @throws {OutputClosed} If nobody reads them any more.
 */
export function print(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += printSome(bytes.subarray(done));
  }
}

function printSome(bytes: Uint8Array): number {
  try {
    return Deno.stdout.writeSync(bytes);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    // Somebody who has it open, too, has made it so.
    pollSync(ROOM);
    return 0;
  }
}
