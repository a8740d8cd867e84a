/** The machine code that watches an epoll is what its listing says, and works. */

import { assertEquals, assertMatch } from "@std/assert";
import { assemble } from "../_internal/executable.ts";
import { LISTINGS } from "../mux/_watch_code.ts";
import { assembled, missingAssembler } from "./_util/assembled.ts";
import { missingCompiler, runWith, SOUND } from "./_util/code_program.ts";
import { recordedHeaders } from "./_util/headers.ts";

for (const [arch, listing] of Object.entries(LISTINGS)) {
  Deno.test(`an assembler makes the watching code for ${arch} of its listing`, {
    ignore: missingAssembler(arch),
  }, async () => {
    assertEquals(await assembled(arch, listing), assemble(listing));
  });

  Deno.test(`the watching code for ${arch} calls while it may, and ends`, {
    ignore: missingCompiler(arch),
  }, async () => {
    const codes = [assemble(listing)];
    assertEquals(await runWith(arch, "watch_thread.c", codes), SOUND);
  });

  Deno.test(`the numbers in the watching code for ${arch} are on record`, () => {
    const headers = recordedHeaders(`linux-${arch}`);
    for (const name of ["rt_sigprocmask", "epoll_pwait", "futex"]) {
      const number = headers.get(`SYS_${name}`);
      assertMatch(listing, new RegExp(`, #?${number} .*${name}\\(2\\)`));
    }
  });
}
