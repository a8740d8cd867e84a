/** C programs that are given machine code of this package, and try it out. */

import { assertEquals } from "@std/assert";
import { isForHere } from "./assembled.ts";
import { isInstalled, missing, run } from "./peers.ts";
import { TempDir } from "./temp.ts";

/** What they print, to their output and as errors, if all is well. */
export const SOUND = ["sound\n", ""];

/** Whether there is no compiler for a processor, or no emulator of it. */
export function missingCompiler(arch: string): boolean {
  if (isForHere(arch)) return missing("cc");
  return ![`${arch}-linux-gnu-gcc`, `qemu-${arch}-static`].every(isInstalled);
}

/**
 * What a program of `tests/testdata` prints, to its output and as errors, that
 * is given the files of some codes.
 */
export async function runWith(
  arch: string,
  name: string,
  codes: readonly Uint8Array[],
): Promise<[string, string]> {
  using directory = new TempDir();
  const files = codes.map((_, i) => directory.join(`code${i}`));
  for (const [i, code] of codes.entries()) Deno.writeFileSync(files[i], code);
  const program = directory.join("program");
  const source = new URL(`../testdata/${name}`, import.meta.url).pathname;
  const here = isForHere(arch);
  const flags = ["-Wall", "-Werror", "-O1", "-static", "-pthread"];
  const compiler = here ? "cc" : `${arch}-linux-gnu-gcc`;
  const compiled = await run(compiler, [...flags, "-o", program, source]);
  assertEquals(compiled.stderr, "");
  const command = here ? [program] : [`qemu-${arch}-static`, program];
  const { stdout, stderr } = await run(command[0], [
    ...command.slice(1),
    ...files,
  ]);
  return [stdout, stderr];
}
