import type { PipeReader } from "../pipe/mod.ts";

/** Takes text from a pipe line by line. */
export class Lines {
  readonly #reader: PipeReader;
  readonly #buffer = new Uint8Array(4096);
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(reader: PipeReader) {
    this.#reader = reader;
  }

  /** The next line, without its end. */
  async next(signal: AbortSignal): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const count = await this.#reader.read(this.#buffer, { signal });
      if (count === null) throw new Error("It ended without an answer");
      this.#text += this.#decode(count);
    }
  }

  /** All that is there by now, in one line. */
  rest(): string {
    for (;;) {
      const count = this.#reader.tryRead(this.#buffer);
      if (!count) return this.#text.replaceAll(/\s+/g, " ").trim();
      this.#text += this.#decode(count);
    }
  }

  #decode(count: number): string {
    const part = this.#buffer.subarray(0, count);
    return this.#decoder.decode(part, { stream: true });
  }
}
