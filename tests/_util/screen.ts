/** What programs print to a terminal, as it comes. */

import type { Pty } from "@ipc/core/pty";

/** Somebody at a terminal, who types and reads. */
export class Screen {
  readonly #pty: Pty;
  readonly #options: { readonly signal: AbortSignal };
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(pty: Pty, options: { readonly signal: AbortSignal }) {
    this.#pty = pty;
    this.#options = options;
  }

  /** Types something. */
  async type(text: string): Promise<void> {
    await this.#pty.writeAll(text, this.#options);
  }

  /** Waits for something to appear; answers all that came before its end. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match !== null) {
        const end = match.index + match[0].length;
        const seen = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        return seen;
      }
      const more = await this.#next();
      if (more === null) {
        throw new Error(`${pattern} never came: ${JSON.stringify(this.#text)}`);
      }
      this.#text += more;
    }
  }

  /** All that is still to come, to the end. */
  async rest(): Promise<string> {
    for (;;) {
      const more = await this.#next();
      if (more === null) return this.#text;
      this.#text += more;
    }
  }

  async #next(): Promise<string | null> {
    const p = new Uint8Array(65_536);
    const count = await this.#pty.read(p, this.#options);
    if (count === null) return null;
    return this.#decoder.decode(p.subarray(0, count), { stream: true });
  }
}
