/** Programs without privileges, for tests that run as root. */

/**
 * The command that runs a Deno that becomes nobody: its coverage, which others
 * may be asked for by the environment, is not nobody's to write.
 */
export const DENO_FOR_NOBODY: readonly string[] = [
  "env",
  "-u",
  "DENO_COVERAGE_DIR",
  Deno.execPath(),
];

/**
 * What a script begins with to go on as the user nobody; `attempt` then prints
 * how an action went.
 */
export const BECOME_NOBODY = `
  const nobody = Deno.dlopen("libc.so.6", {
    setgroups: { parameters: ["usize", "pointer"], result: "i32" },
    setgid: { parameters: ["u32"], result: "i32" },
    setuid: { parameters: ["u32"], result: "i32" },
  }).symbols;
  nobody.setgroups(0n, null);
  nobody.setgid(65534);
  nobody.setuid(65534);
  function attempt(what, action) {
    try {
      action();
      console.log(what, "succeeded");
    } catch (error) {
      console.log(what, error.constructor.name, error.code);
    }
  }
`;
