/**
 * What many processes keep books on, in memory and in a file, so that what went
 * wrong between them shows.
 */

const COUNTER = 0;
const INSIDE = 1;
const REPAIRS = 2;
const SURPRISES = 3;
const ENTRIES = 16;
const STATES = 48;
const MEMBERS = 32;

const ABSENT = 0;
const IDLE = 1;
const WAITS = 2;
const IS_INSIDE = 3;

/** The books. */
export class Ledger implements Disposable {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #file: Deno.FsFile;
  readonly #number = new Int32Array(1);
  readonly #bytes = new Uint8Array(this.#number.buffer);

  constructor(memory: ArrayBuffer, directory: string) {
    this.#words = new Int32Array(memory, 0, STATES + MEMBERS);
    this.#file = Deno.openSync(`${directory}/ledger`, {
      read: true,
      write: true,
      create: true,
    });
  }

  /** How often somebody has found the books out of order, after a death. */
  get repairs(): number {
    return this.#words[REPAIRS];
  }

  /** How often they were so although nobody can have died. */
  get surprises(): number {
    return this.#words[SURPRISES];
  }

  /** The numbers that should all be the same. */
  get sums(): readonly [memory: number, file: number, members: number] {
    return [this.#words[COUNTER], this.#read(), this.#entries()];
  }

  /** Whether somebody has arrived since he was said to be absent. */
  isThere(index: number): boolean {
    return Atomics.load(this.#words, STATES + index) !== ABSENT;
  }

  /** Whether somebody was inside when he was asked last. */
  isInside(index: number): boolean {
    return Atomics.load(this.#words, STATES + index) === IS_INSIDE;
  }

  entriesOf(index: number): number {
    return this.#words[ENTRIES + index];
  }

  absent(index: number): void {
    Atomics.store(this.#words, STATES + index, ABSENT);
  }

  arrive(index: number): void {
    Atomics.store(this.#words, STATES + index, IDLE);
  }

  waits(index: number): void {
    Atomics.store(this.#words, STATES + index, WAITS);
  }

  left(index: number): void {
    Atomics.store(this.#words, STATES + index, IDLE);
  }

  /**
   * Does what has to be done alone.
   *
   * @param index Who does.
   * @param ownerDied Whether the lock says that somebody has died in here, if
   * it says anything.
   */
  enter(index: number, ownerDied: boolean | undefined): void {
    const words = this.#words;
    Atomics.store(words, STATES + index, IS_INSIDE);
    this.recover(ownerDied);
    words[INSIDE] = 1 + index;
    const counter = words[COUNTER];
    const file = this.#read();
    if (counter !== file) words[SURPRISES]++;
    this.#write(file + 1);
    words[COUNTER] = counter + 1;
    words[ENTRIES + index]++;
    if (words[INSIDE] !== 1 + index) words[SURPRISES]++;
    words[INSIDE] = 0;
  }

  /** Puts the books in order if somebody has died inside. */
  recover(ownerDied: boolean | undefined): void {
    const words = this.#words;
    if (words[INSIDE] === 0) return;
    // Whoever was in here is dead, or he would be here still.
    if (ownerDied === false) words[SURPRISES]++;
    words[REPAIRS]++;
    this.#repair();
    words[INSIDE] = 0;
  }

  /** Looks whether all is in order, at the same time as others who look. */
  look(ownerDied: boolean | undefined): void {
    const [memory, file, members] = this.sums;
    const inOrder = this.#words[INSIDE] === 0 && memory === file &&
      memory === members;
    if (!inOrder && ownerDied === false) Atomics.add(this.#words, SURPRISES, 1);
  }

  /** The members' own numbers are right, as each is changed in one step. */
  #repair(): void {
    const sum = this.#entries();
    this.#words[COUNTER] = sum;
    this.#write(sum);
  }

  /** To be called when nobody is left who could. */
  settle(): void {
    if (this.#words[INSIDE] !== 0) this.#repair();
  }

  /** How much more often those with even numbers have entered than the others. */
  get stock(): number {
    return this.#members()
      .reduce((sum, entries, i) => i % 2 === 0 ? sum + entries : sum - entries);
  }

  #entries(): number {
    return this.#members().reduce((sum, entries) => sum + entries, 0);
  }

  /** How often each member has entered. */
  #members(): Int32Array<ArrayBuffer> {
    return this.#words.subarray(ENTRIES, ENTRIES + MEMBERS);
  }

  #read(): number {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#number[0] = 0;
    this.#file.readSync(this.#bytes);
    return this.#number[0];
  }

  #write(number: number): void {
    this.#number[0] = number;
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(this.#bytes);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
