/** What commands read. */

import { stdin } from "node:process";
import { createInterface } from "node:readline";

/** All of the input. */
export async function readInput(): Promise<Uint8Array> {
  return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
}

/** The input line by line, each as soon as it is there. */
export function linesOfInput(): AsyncIterable<string> {
  return createInterface({ input: stdin, crlfDelay: Infinity });
}
