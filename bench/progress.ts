/** How far it is: one line that is rewritten, or a line each where it cannot. */

/** Reports steps to standard error. */
export class Progress implements Disposable {
  readonly #total: number;
  readonly #terminal = Deno.stderr.isTerminal();
  #done = 0;
  #last = "";

  /** @param total How many steps there will be. */
  constructor(total: number) {
    this.#total = total;
  }

  /**
   * Says what begins now.
   *
   * @param part The larger part it belongs to; a line of its own in a log.
   * @param detail What it is exactly; for terminals only.
   */
  step(part: string, detail: string): void {
    const share = Math.floor(100 * this.#done++ / this.#total);
    const percent = `${share}%`.padStart(4);
    if (this.#terminal) {
      write(`\r\x1b[K${percent}  ${part}: ${detail}`);
    } else if (part !== this.#last) {
      write(`${percent}  ${part}\n`);
    }
    this.#last = part;
  }

  /** Clears the line. */
  [Symbol.dispose](): void {
    if (this.#terminal) write("\r\x1b[K");
  }
}

function write(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
