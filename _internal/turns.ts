/** Turns: one after the other, in the order in which they came. */

/** Has one operation at a time go on. */
export class Turns {
  /** Whether somebody has the turn. */
  taken = false;
  readonly #next: (() => void)[] = [];

  /** Resolves when it is our turn, which is then ours to pass on. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.taken) await this.#wait(signal);
    this.taken = true;
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const next = this.#next;
      function take(): void {
        signal?.removeEventListener("abort", abort);
        resolve();
      }
      function abort(): void {
        next.splice(next.indexOf(take), 1);
        reject(signal!.reason);
      }
      next.push(take);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Hands the turn to the next, without a moment in which it is nobody's. */
  pass(): void {
    const take = this.#next.shift();
    if (take === undefined) this.taken = false;
    else take();
  }

  /** Keeps the turn for all of `body`. */
  async hold<T>(
    body: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    await this.take(signal);
    try {
      return await body();
    } finally {
      this.pass();
    }
  }
}
