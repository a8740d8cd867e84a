import { futexWake, type Word } from "../_internal/futex.ts";
import { isDead, ownOwner, TAKEN_OVER } from "./_owner.ts";

const FREE = 0;

/** Where things are: two words, and then two for each slot. */
const DRAINED = 0;
const USED = 1;
const SLOTS = 2;
const SLOT_WORDS = 2;

/**
 * Who reads: a slot for each isolate that does, with who that is, as an owned
 * word has it. Nobody waits for a slot.
 *
 * One word says how many slots have ever been used, so that a writer need not
 * look at all of them. Another one changes when a slot becomes free that a
 * writer may be waiting for.
 */
export class ReaderSlots {
  /** To be slept on by the one writer who waits for readers. */
  readonly drained: Word;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #id: number;
  readonly #start: number;
  #mine = SLOTS;

  /** @param words All of it, in shared memory. */
  constructor(words: Int32Array<ArrayBuffer>) {
    const { id, start } = ownOwner();
    this.drained = words.subarray(DRAINED, DRAINED + 1);
    this.#words = words;
    this.#id = id;
    this.#start = start;
  }

  /** Takes a slot; answers whether there was one. */
  tryTake(): boolean {
    // The last one is probably free.
    if (this.#tryTakeAt(this.#mine)) return true;
    for (let at = SLOTS; at < this.#words.length; at += SLOT_WORDS) {
      if (this.#tryTakeAt(at)) return true;
    }
    return false;
  }

  /** Gives our slot back. */
  giveBack(): void {
    this.#words[this.#mine + 1] = 0;
    Atomics.store(this.#words, this.#mine, FREE);
  }

  /** Tells the writer who waits that a slot has become free. */
  announce(): void {
    Atomics.add(this.#words, DRAINED, 1);
    futexWake(this.drained);
  }

  /** Whether nobody reads. */
  get empty(): boolean {
    const words = this.#words;
    const end = this.#end();
    for (let at = SLOTS; at < end; at += SLOT_WORDS) {
      if (Atomics.load(words, at) !== FREE) return false;
    }
    return true;
  }

  /** Whether one who reads has died. */
  get haunted(): boolean {
    return this.#dead().next().done === false;
  }

  /** Gives the slots of those back who have died. */
  bury(): void {
    const words = this.#words;
    for (const { at, word } of this.#dead()) {
      // Ours for a moment, as what the dead one has left there must go first.
      const taken = this.#id | TAKEN_OVER;
      if (Atomics.compareExchange(words, at, word, taken) !== word) continue;
      words[at + 1] = 0;
      Atomics.store(words, at, FREE);
    }
  }

  #tryTakeAt(at: number): boolean {
    const words = this.#words;
    if (Atomics.compareExchange(words, at, FREE, this.#id) !== FREE) {
      return false;
    }
    words[at + 1] = this.#start;
    this.#mine = at;
    this.#raiseUsed((at - SLOTS) / SLOT_WORDS + 1);
    return true;
  }

  #raiseUsed(wanted: number): void {
    const words = this.#words;
    // It never becomes less, so that an old number is none that is too large.
    let used = words[USED];
    while (used < wanted) {
      const found = Atomics.compareExchange(words, USED, used, wanted);
      if (found === used) return;
      used = found;
    }
  }

  *#dead(): Generator<{ readonly at: number; readonly word: number }> {
    const words = this.#words;
    const end = this.#end();
    for (let at = SLOTS; at < end; at += SLOT_WORDS) {
      const word = Atomics.load(words, at);
      if (word === FREE) continue;
      if (isDead(word, Atomics.load(words, at + 1))) yield { at, word };
    }
  }

  /** Behind the last slot that was ever used. */
  #end(): number {
    return SLOTS + SLOT_WORDS * Atomics.load(this.#words, USED);
  }
}
