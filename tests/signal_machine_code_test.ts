/** The machine code of signals is what its listing says, and does what it is to. */

import { assertEquals, assertMatch } from "@std/assert";
import { assemble } from "../_internal/executable.ts";
import * as childrenCode from "../signal/_children_code.ts";
import { ENTRY, LISTINGS, MARK } from "../signal/_machine_code.ts";
import { assembled, missingAssembler } from "./_util/assembled.ts";
import { missingCompiler, runWith, SOUND } from "./_util/code_program.ts";
import { recordedHeaders } from "./_util/headers.ts";

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

/** Code that begins with what it is recognized by. */
function marked(mark: string, listing: string): Uint8Array {
  return new Uint8Array([
    ...new TextEncoder().encode(mark),
    ...assemble(listing),
  ]);
}
