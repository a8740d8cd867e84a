/** What an assembler makes of the machine code that is in this package. */

import { assertEquals } from "@std/assert";
import { isInstalled, missing, run } from "./peers.ts";
import { TempDir } from "./temp.ts";

/** What sources for a processor begin with. */
const BEGINNINGS: Readonly<Record<string, string>> = {
  x86_64: ".intel_syntax noprefix\n",
  aarch64: "",
};

/** Whether a listing is for the processor of this machine. */
export function isForHere(arch: string): boolean {
  return Deno.build.os === "linux" && Deno.build.arch === arch;
}

/** Whether to do without an assembler; that for other processors is a bonus. */
export function missingAssembler(arch: string): boolean {
  const as = `${arch}-linux-gnu-as`;
  return isForHere(arch) ? missing(as) : !isInstalled(as);
}

/** What the assembler makes of the right-hand side of a listing. */
export async function assembled(
  arch: string,
  listing: string,
): Promise<Uint8Array> {
  using directory = new TempDir();
  const [source, object, binary] = ["source.s", "object.o", "binary"]
    .map((name) => directory.join(name));
  const lines = listing.trim().split("\n").map((line) => line.split("|")[1]);
  await Deno.writeTextFile(source, `${BEGINNINGS[arch]}${lines.join("\n")}\n`);
  const prefix = `${arch}-linux-gnu-`;
  const copying = ["-O", "binary", "-j", ".text", object, binary];
  const assembling = await run(`${prefix}as`, ["-o", object, source]);
  const copied = await run(`${prefix}objcopy`, copying);
  assertEquals([assembling.stderr, copied.stderr], ["", ""]);
  return await Deno.readFile(binary);
}
