import { compile, missing } from "./peers.ts";
import { TempDir } from "./temp.ts";

/**
 * Compiles a C program of `tests/testdata` and answers its path, which is
 * there until the test file has been run. Without a compiler the path leads
 * nowhere.
 */
export async function compiled(name: string): Promise<string> {
  if (missing("cc")) return "/nowhere";
  const url = new URL(`../testdata/${name}`, import.meta.url);
  const directory = new TempDir();
  globalThis.addEventListener("unload", () => directory[Symbol.dispose]());
  const flags = ["-Wall", "-Wextra", "-Werror"];
  return await compile(await Deno.readTextFile(url), directory.path, flags);
}
