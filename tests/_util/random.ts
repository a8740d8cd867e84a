/** Numbers that are random and the same every time, for tests of all inputs. */

/** xorshift32, whose period is 2³² − 1. */
export class Random {
  #state: number;

  /** @param seed Any number but 0. */
  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number of 32 bits. */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  /** A whole number from 0 to `most`, both included. */
  upTo(most: number): number {
    return this.next() % (most + 1);
  }
}
