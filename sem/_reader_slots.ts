import { futexWake, type Word } from "../_internal/futex.ts";
import { isDead, ownOwner, TAKEN_OVER } from "./_owner.ts";

const FREE = 0;
/** Whose the slot is does not read now. */
const IDLE = 1 << 31;

/** Where things are in the words of the lock: two words, then the slots. */
const DRAINED = 3;
const USED = 4;
const FIRST = 5;
/** How many words a slot has. */
const SLOT = 2;
/** How many slots there are. */
const MOST = 61;
/** Behind the 45 slots that are kept by whoever has taken them. */
const SHARED = FIRST + SLOT * 45;

/**
 * Who reads: a slot for each isolate that does, with who that is, as an owned
 * word has it. Nobody waits for a slot.
 *
 * Whoever has read keeps the slot, so that he need not take it again: nobody
 * else writes there as long as he lives. While he does not read it is idle, and
 * in nobody's way. The last of the slots are not kept but given back, for those
 * who find all others taken. A slot is above 0 while somebody reads there, and
 * never else.
 *
 * One word says how many slots have ever been used, so that a writer need not
 * look at all of them. Another one changes when somebody has left a slot for
 * whom a writer may be waiting.
 */
export class ReaderSlots {
  /** To be slept on by the one writer who waits for readers. */
  readonly drained: Word;
  /** Who we are, which is in our slot while we read. */
  readonly id: number;
  /** What is in our slot while we do not, if we keep it. */
  readonly idle: number;
  /** Since when we are. */
  readonly start: number;
  readonly #words: Int32Array<ArrayBuffer>;
  /** Where we read, or have read; at first a word that never looks idle. */
  #at = USED;

  /** @param words All of the lock but the first word, in shared memory. */
  constructor(words: Int32Array<ArrayBuffer>) {
    const { id, start } = ownOwner();
    this.id = id;
    this.idle = id | IDLE;
    this.start = start;
    this.#words = words;
    this.drained = words.subarray(DRAINED, DRAINED + 1);
  }

  /**
   * Which word of memory is our slot, if we keep one: it is ours when it is
   * idle. Else some word that never looks like that.
   */
  get kept(): number {
    return this.#at < SHARED ? this.#at : USED;
  }

  /**
   * Takes a slot. Writers see that before anything is read after it.
   *
   * @param thoroughly Whether to look for those of the dead once more.
   * @returns Whether there was one.
   */
  tryTake(thoroughly: boolean): boolean {
    if (this.#tryTakeAgain()) return true;
    const end = Math.min(this.#end(), SHARED);
    if (this.#tryTakeOne(FIRST, end, isFree)) return true;
    // That takes longer than all the rest. But programs that come and go would
    // use all slots in the end, and writers have to look at those.
    const dead = thoroughly || this.#at === USED;
    return dead && this.#tryTakeOne(FIRST, end, isOfTheDead) ||
      this.#tryTakeOne(end, this.#words.length, isFree);
  }

  /** Leaves our slot. */
  leave(): void {
    const words = this.#words;
    const at = this.#at;
    // Unless somebody has made the lock anew.
    if (words[at] !== this.id) return;
    if (at < SHARED) return void Atomics.store(words, at, this.idle);
    words[at + 1] = 0;
    Atomics.store(words, at, FREE);
  }

  /** Tells the writer who waits that a slot has become free. */
  announce(): void {
    Atomics.add(this.#words, DRAINED, 1);
    futexWake(this.drained);
  }

  /** Whether nobody reads, for who has written atomically that he writes. */
  get empty(): boolean {
    const words = this.#words;
    const end = this.#end();
    for (let at = FIRST; at < end; at += SLOT) {
      if (Atomics.load(words, at) > FREE) return false;
    }
    return true;
  }

  /** Whether one who reads has died. */
  get haunted(): boolean {
    return this.#dead().next().done === false;
  }

  /** Gives the slots of those back who have died while they read. */
  bury(): void {
    const words = this.#words;
    for (const { at, word } of this.#dead()) {
      // Ours for a moment, as what the dead one has left there must go first.
      const taken = this.id | TAKEN_OVER;
      if (Atomics.compareExchange(words, at, word, taken) !== word) continue;
      words[at + 1] = 0;
      Atomics.store(words, at, FREE);
    }
  }

  /** Takes a slot that we keep, perhaps by another lock, and have left. */
  #tryTakeAgain(): boolean {
    const words = this.#words;
    const end = Math.min(this.#end(), SHARED);
    for (let at = FIRST; at < end; at += SLOT) {
      // Else it is of one who had our number and is dead.
      const isOurs = words[at] === this.idle && words[at + 1] === this.start;
      if (!isOurs) continue;
      this.#at = at;
      Atomics.store(words, at, this.id);
      return true;
    }
    return false;
  }

  /** Takes the first of some slots that may be taken, and still can be. */
  #tryTakeOne(
    from: number,
    to: number,
    may: (word: number, start: number) => boolean,
  ): boolean {
    const words = this.#words;
    for (let at = from; at < to; at += SLOT) {
      const word = Atomics.load(words, at);
      if (!may(word, Atomics.load(words, at + 1))) continue;
      if (this.#tryTakeAt(at, word)) return true;
    }
    return false;
  }

  #tryTakeAt(at: number, word: number): boolean {
    const words = this.#words;
    const taken = this.id | TAKEN_OVER;
    if (Atomics.compareExchange(words, at, word, taken) !== word) return false;
    words[at + 1] = this.start;
    Atomics.store(words, at, this.id);
    this.#at = at;
    this.#raiseUsed((at - FIRST) / SLOT + 1);
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
    for (let at = FIRST; at < end; at += SLOT) {
      const word = Atomics.load(words, at);
      if (word <= FREE) continue;
      if (isDead(word, Atomics.load(words, at + 1))) yield { at, word };
    }
  }

  /** Behind the last slot that was ever used. */
  #end(): number {
    const words = this.#words;
    const used = Atomics.load(words, USED);
    return FIRST + SLOT * Math.min(used, MOST);
  }
}

function isFree(word: number): boolean {
  return word === FREE;
}

function isOfTheDead(word: number, start: number): boolean {
  return word < FREE && isDead(word, start);
}
