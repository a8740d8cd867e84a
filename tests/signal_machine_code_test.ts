/** The machine code of signals is what its listing says, and does what it is to. */

import { assertEquals, assertMatch } from "@std/assert";
import { assemble } from "../_internal/executable.ts";
import * as childrenCode from "../signal/_children_code.ts";
import { ENTRY, LISTINGS, MARK } from "../signal/_machine_code.ts";
import { assembled, isForHere, missingAssembler } from "./_util/assembled.ts";
import { recordedHeaders } from "./_util/headers.ts";
import { readSource } from "./_util/modules.ts";
import { isInstalled, missing, run } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

for (
  const [arch, { handler, collector, children }] of Object.entries(LISTINGS)
) {
  Deno.test(`an assembler makes the machine code for ${arch} of its listing`, {
    ignore: missingAssembler(arch),
  }, async () => {
    const mark = new TextEncoder().encode(MARK);
    assertEquals(mark.length, ENTRY);
    assertEquals(
      await assembled(arch, handler),
      new Uint8Array([...mark, ...assemble(handler)]),
    );
    assertEquals(await assembled(arch, collector), assemble(collector));
    const { FORKED } = childrenCode;
    const childrenMark = new TextEncoder().encode(childrenCode.MARK);
    assertEquals(childrenMark.length, FORKED);
    assertEquals(
      await assembled(arch, children),
      new Uint8Array([...childrenMark, ...assemble(children)]),
    );
  });

  Deno.test(`the machine code for ${arch} handles signals`, {
    ignore: missingCompiler(arch),
  }, async () => {
    const codes = [marked(MARK, handler), assemble(collector)];
    assertEquals(await runWith(arch, "signal_handler.c", codes), SOUND);
  });

  Deno.test(`the machine code for ${arch} sees to children's signals`, {
    ignore: missingCompiler(arch),
  }, async () => {
    const codes = [marked(childrenCode.MARK, children)];
    assertEquals(await runWith(arch, "signal_children.c", codes), SOUND);
  });

  Deno.test(`the numbers in the machine code for ${arch} are on record`, () => {
    const headers = recordedHeaders(`linux-${arch}`);
    function number(expression: string): string {
      return `#?${headers.get(expression)}\\b`;
    }
    const info = (member: string) => number(`offsetof(siginfo_t, ${member})`);
    const mask = number("offsetof(ucontext_t, uc_sigmask)");
    assertMatch(handler, new RegExp(`${info("si_code")}.*si_code`));
    assertMatch(handler, new RegExp(`${mask}.*uc_sigmask`));
    assertMatch(handler, new RegExp(`${number("SYS_write")}.*write\\(2\\)`));
    const parking = number("SYS_ppoll");
    assertMatch(collector, new RegExp(`${parking}.*ppoll\\(2\\)`));
    const masking = number("SYS_rt_sigprocmask");
    assertMatch(collector, new RegExp(`${masking}.*rt_sigprocmask\\(2\\)`));
    assertMatch(collector, new RegExp(`${number("SIG_SETMASK")}.*SIG_SETMASK`));
    assertMatch(children, new RegExp(`${masking}.*rt_sigprocmask\\(2\\)`));
    assertMatch(children, new RegExp(`${number("SIG_UNBLOCK")}.*SIG_UNBLOCK`));
    const attributes = (member: string) =>
      number(`offsetof(posix_spawnattr_t, ${member})`);
    assertMatch(children, new RegExp(`${attributes("__ss")}.*__ss`));
    assertEquals(headers.get("offsetof(posix_spawnattr_t, __flags)"), 0);
  });
}

const SOUND = ["sound\n", ""];

function missingCompiler(arch: string): boolean {
  if (isForHere(arch)) return missing("cc");
  return ![`${arch}-linux-gnu-gcc`, `qemu-${arch}-static`].every(isInstalled);
}

/** Code that begins with what it is recognized by. */
function marked(mark: string, listing: string): Uint8Array {
  return new Uint8Array([
    ...new TextEncoder().encode(mark),
    ...assemble(listing),
  ]);
}

/**
 * What a program of `tests/testdata` prints, to its output and as errors, that
 * is given the files of some codes.
 */
async function runWith(
  arch: string,
  name: string,
  codes: readonly Uint8Array[],
): Promise<[string, string]> {
  using directory = new TempDir();
  const files = codes.map((_, i) => directory.join(`code${i}`));
  for (const [i, code] of codes.entries()) Deno.writeFileSync(files[i], code);
  const [program, source] = ["program", "source.c"]
    .map((file) => directory.join(file));
  await Deno.writeTextFile(source, readSource(`tests/testdata/${name}`));
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
