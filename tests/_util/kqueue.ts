/** The system's kqueue; on Linux, that of a small library that has one. */

import { Kqueue } from "../../mux/kqueue.ts";
import type { KqueueOptions } from "../../mux/kqueue_options.ts";
import { missing, run } from "./peers.ts";
import { TempDir } from "./temp.ts";

const folder = new URL("../testdata/kqueue/", import.meta.url);

/** Whether there is no kqueue here, and nothing to make one of. */
export const noKqueue: boolean = Deno.build.os !== "darwin" && missing("cc");

/** How to get one. */
export const kqueueOptions: KqueueOptions =
  Deno.build.os === "darwin" || noKqueue ? {} : await compileKqueue();

/** Opened by importing this: within a test the library would be a leak. */
async function compileKqueue(): Promise<KqueueOptions> {
  using directory = new TempDir();
  const library = directory.join("kqueue.so");
  const sources = [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".c"))
    .map(({ name }) => new URL(name, folder).pathname);
  const flags = ["-O2", "-shared", "-fPIC", "-pthread"];
  const warnings = ["-Wall", "-Wextra", "-Werror"];
  const { code, stderr } = await run("cc", [
    ...flags,
    ...warnings,
    "-o",
    library,
    ...sources,
  ]);
  if (code !== 0) throw new Error(`cc failed: ${stderr}`);
  const options = { library, constants: { EVFILT_USER: -11 } };
  new Kqueue(options).close();
  return options;
}

/** Defines a test of what a kqueue does. */
export function testKqueue(
  behaviour: string,
  fn: (kqueue: Kqueue) => void | Promise<void>,
): void {
  Deno.test(`a kqueue ${behaviour}`, { ignore: noKqueue }, async () => {
    using kqueue = new Kqueue(kqueueOptions);
    await fn(kqueue);
  });
}
