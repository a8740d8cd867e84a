/** A name that its object takes along when it is closed. */

import { lookAt } from "./file.ts";
import { os } from "./platform.ts";

/** The name of an object that was made here. */
export class TemporaryName {
  readonly #isOurs: () => boolean;
  readonly #unlink: () => void;

  /**
   * @param isOurs Whether it still is the name of what was made.
   * @param unlink Removes it.
   */
  constructor(isOurs: () => boolean, unlink: () => void) {
    this.#isOurs = isOurs;
    this.#unlink = unlink;
  }

  /** The same of an object that Linux has as a file, and macOS does not. */
  static ofFile(path: string, unlink: () => void): TemporaryName {
    if (os !== "linux") return new TemporaryName(() => true, unlink);
    const made = lookAt(path)?.identity;
    const isOurs = () => made !== undefined && lookAt(path)?.identity === made;
    return new TemporaryName(isOurs, unlink);
  }

  /** Removes it, unless somebody else has, or it is another object's by now. */
  remove(): void {
    if (!this.#isOurs()) return;
    try {
      this.#unlink();
    } catch (error) {
      // Somebody else was tidier.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
