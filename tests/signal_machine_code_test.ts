/** The machine code of signals is what its listing says, and does what it is to. */

import { assertEquals, assertMatch } from "@std/assert";
import { assemble } from "../_internal/executable.ts";
import { ENTRY, LISTINGS, MARK } from "../signal/_machine_code.ts";
import { assembled, isForHere, missingAssembler } from "./_util/assembled.ts";
import { recordedHeaders } from "./_util/headers.ts";
import { readSource } from "./_util/modules.ts";
import { isInstalled, missing, run } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

for (const [arch, { handler, collector }] of Object.entries(LISTINGS)) {
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
  });

  const here = isForHere(arch);
  const emulator = `qemu-${arch}-static`;
  Deno.test(`the machine code for ${arch} handles signals`, {
    ignore: here
      ? missing("cc")
      : ![`${arch}-linux-gnu-gcc`, emulator].every(isInstalled),
  }, async () => {
    using directory = new TempDir();
    const files = ["handler", "collector"].map((name) => directory.join(name));
    const mark = new TextEncoder().encode(MARK);
    const code = new Uint8Array([...mark, ...assemble(handler)]);
    await Deno.writeFile(files[0], code);
    await Deno.writeFile(files[1], assemble(collector));
    const program = directory.join("program");
    const source = directory.join("source.c");
    await Deno.writeTextFile(
      source,
      readSource("tests/testdata/signal_handler.c"),
    );
    const flags = ["-Wall", "-Werror", "-O1", "-static", "-pthread"];
    const compiler = here ? "cc" : `${arch}-linux-gnu-gcc`;
    const compiled = await run(compiler, [...flags, "-o", program, source]);
    assertEquals(compiled.stderr, "");
    const [command, ...args] = here ? [program] : [emulator, program];
    const { stdout, stderr } = await run(command, [...args, ...files]);
    assertEquals([stdout, stderr], ["sound\n", ""]);
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
  });
}
