/** The C programs, compiled when they are first needed. */

import { fileURLToPath } from "node:url";

/** A program that can be run, or why it cannot. */
export type Compiled =
  | { readonly path: string }
  | { readonly missing: string }
  | { readonly failure: string };

/** Compiles the files of `c/` into a directory. */
export class Compiler {
  readonly #directory: string;
  readonly #done = new Map<string, Promise<Compiled>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Compiles a file, once. */
  compile(source: string): Promise<Compiled> {
    let result = this.#done.get(source);
    if (result === undefined) {
      result = this.#compile(source);
      this.#done.set(source, result);
    }
    return result;
  }

  async #compile(source: string): Promise<Compiled> {
    const input = fileURLToPath(new URL(`./c/${source}`, import.meta.url));
    const path = `${this.#directory}/${source.replace(/\.c$/, "")}`;
    const args = ["-O2", "-pthread", "-o", path, input];
    try {
      const cc = new Deno.Command("cc", { args, stdin: "null" });
      const { success, stderr } = await cc.output();
      if (success) return { path };
      const text = new TextDecoder().decode(stderr);
      return { failure: `cc: ${text.replaceAll(/\s+/g, " ").trim()}` };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        return { missing: "there is no cc here" };
      }
      throw error;
    }
  }
}
