/** Whether locks have quick atomic operations here. */
export const HAS_QUICK_ATOMICS: boolean = Deno.build.os === "linux" &&
  Deno.build.arch === "x86_64";
