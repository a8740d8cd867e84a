/** The machine code of signals is what its listing says, and does what it is to. */

import { assertEquals, assertMatch } from "@std/assert";
import { assemble, ENTRY, LISTINGS, MARK } from "../signal/_machine_code.ts";
import { recordedHeaders } from "./_util/headers.ts";
import { isInstalled, missing, run } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const thisMachine = `${Deno.build.os}-${Deno.build.arch}`;

/** What the sources for a processor begin with. */
const BEGINNINGS: Readonly<Record<string, string>> = {
  x86_64: ".intel_syntax noprefix\n",
  aarch64: "",
};

for (const [arch, { handler, collector }] of Object.entries(LISTINGS)) {
  const as = `${arch}-linux-gnu-as`;
  // The other processor's assembler is not asked for.
  const here = thisMachine === `linux-${arch}`;
  const ignore = here ? missing(as) : !isInstalled(as);

  Deno.test(`an assembler makes the machine code for ${arch} of its listing`, {
    ignore,
  }, async () => {
    const mark = new TextEncoder().encode(MARK);
    assertEquals(mark.length, ENTRY);
    assertEquals(
      await assembled(arch, handler),
      new Uint8Array([...mark, ...assemble(handler)]),
    );
    assertEquals(await assembled(arch, collector), assemble(collector));
  });

  const emulator = `qemu-${arch}-static`;
  Deno.test(`the machine code for ${arch} handles signals`, {
    ignore: here
      ? missing("cc")
      : ![as, `${arch}-linux-gnu-gcc`, emulator].every(isInstalled),
  }, async () => {
    using directory = new TempDir();
    const files = ["handler", "collector"].map((name) => directory.join(name));
    const mark = new TextEncoder().encode(MARK);
    const code = new Uint8Array([...mark, ...assemble(handler)]);
    await Deno.writeFile(files[0], code);
    await Deno.writeFile(files[1], assemble(collector));
    const program = directory.join("program");
    const source = "tests/testdata/signal_handler.c";
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

/** What the assembler makes of the right-hand side of a listing. */
async function assembled(arch: string, listing: string): Promise<Uint8Array> {
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
