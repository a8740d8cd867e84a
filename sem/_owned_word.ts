import { closedError, E, systemError } from "../_internal/errno.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import { mirroredWords, mirrorOf } from "./_mirror.ts";
import { idIn, isDead, ownOwner, TAKEN_OVER, WAITED_FOR } from "./_owner.ts";
import { ABSENT, quickAtomics, quickWords } from "./_quick_atomics.ts";

const FREE = 0;

// What is imported is no constant to V8's compiler, but these are.
const QUICK = quickWords;
const NO_WORD = ABSENT;
const { compareExchange } = quickAtomics;

/** Where the two words are. */
const OWNER = 0;
const START = 1;

/** For how long somebody who was seen alive is believed to be, in ms. */
const BELIEVED = 1;

/**
 * A word that somebody owns or nobody, as `_owner.ts` has it. It is taken by
 * one compare-and-exchange and given back by another, or, where there are quick
 * atomic operations, by a plain write.
 *
 * - Whoever finds it taken and goes to sleep sets WAITED_FOR before, in the
 *   same word on which it then sleeps: if it has been given back in between,
 *   the kernel does not let it sleep.
 * - Whoever gives it back with WAITED_FOR wakes one. That one takes it with
 *   WAITED_FOR, as others may still sleep; or goes to sleep again and sets it;
 *   or wakes the next, if it does not want the word any more.
 * - Whoever gives it back by a plain write has looked just before whether it has
 *   WAITED_FOR. If that is set between the look and the moment at which the
 *   write is seen, it is written over, and whoever has set it sleeps if he is
 *   quick enough. Falling asleep takes longer than all of that, unless the one
 *   who writes loses the processor between two instructions.
 * - Whoever is killed with a wake-up that was for one takes it to the grave.
 * - So nobody sleeps long without looking, and who then finds the word without
 *   WAITED_FOR sets it again.
 * - The second word is 0 whenever the first one is. Only the owner writes it:
 *   so it is the owner's beginning, or 0 when it has just taken the first or is
 *   about to give it back. Whoever takes over from one who died says so in the
 *   first word until it has replaced what that one has left in the second.
 *
 * All of this holds in every order of steps, and whoever is killed in between:
 * see `tests/lock_model_test.ts`. Two things are relied on. The number of a dead
 * owner is not given to another who takes the same lock within the microseconds
 * between seeing that he is dead and taking over. And who is killed within the
 * nanoseconds between writing the first word and the second has a number that
 * does not come back soon: its new bearer would be taken for the owner.
 */
export class OwnedWord {
  /** To be slept on. */
  readonly word: Word;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #name: string;
  readonly #id: number;
  readonly #start: number;
  /** Where the words are for quick operations, if they are anywhere. */
  readonly #mirror: number;
  #believed = FREE;
  #when = 0;

  /**
   * @param words Both words, in shared memory.
   * @param name What to call the lock in errors.
   */
  constructor(words: Int32Array<ArrayBuffer>, name: string) {
    const { id, start } = ownOwner();
    this.word = words.subarray(OWNER, OWNER + 1);
    this.#words = words;
    this.#name = name;
    this.#id = id;
    this.#start = start;
    this.#mirror = mirrorOf(words);
  }

  /** Whether somebody owned it just now: a glance, and no more than a hint. */
  get taken(): boolean {
    this.requireOpen();
    return this.#words[OWNER] !== FREE;
  }

  /** Whether nobody owns it. */
  get free(): boolean {
    return this.load() === FREE;
  }

  /** What is in the first word. */
  load(): number {
    this.requireOpen();
    return Atomics.load(this.#words, OWNER);
  }

  /**
   * Takes it if it is free.
   *
   * @param waitedFor Whether somebody may be sleeping.
   */
  tryTake(waitedFor: boolean): boolean {
    const taken = waitedFor ? this.#id | WAITED_FOR : this.#id;
    const at = this.#mirror;
    const found = compareExchange(at, FREE, taken);
    if (found !== FREE) return found === NO_WORD && this.#tryTakeSlowly(taken);
    QUICK[at + START] = this.#start;
    return true;
  }

  #tryTakeSlowly(taken: number): boolean {
    this.requireOpen();
    const words = this.#words;
    if (Atomics.compareExchange(words, OWNER, FREE, taken) !== FREE) {
      return false;
    }
    words[START] = this.#start;
    return true;
  }

  /** Takes it if its owner is dead. */
  tryTakeOver(): boolean {
    const dead = this.load();
    if (dead === FREE || !this.#isDead(dead)) return false;
    const words = this.#words;
    const taken = this.#id | WAITED_FOR | TAKEN_OVER;
    if (Atomics.compareExchange(words, OWNER, dead, taken) !== dead) {
      return false;
    }
    words[START] = this.#start;
    Atomics.and(words, OWNER, ~TAKEN_OVER);
    return true;
  }

  /** Whether it could be taken, even from one who is dead. */
  get takeable(): boolean {
    const word = this.load();
    return word === FREE || this.#isDead(word);
  }

  /**
   * Whether one who sleeps has to do something: it could be taken, or it is not
   * known any more that somebody sleeps.
   */
  get worthAnotherLook(): boolean {
    return (this.load() & WAITED_FOR) === 0 || this.takeable;
  }

  /** Whether somebody owns it who is dead. */
  get ownerDied(): boolean {
    const word = this.load();
    return word !== FREE && this.#isDead(word);
  }

  /**
   * Says that somebody is about to sleep until it is free.
   *
   * @returns What is in the word then; undefined if that has just changed, and
   * it may be free.
   */
  prepareToSleep(): number | undefined {
    const word = this.load();
    if (word === FREE) return undefined;
    const waitedFor = word | WAITED_FOR;
    if (word === waitedFor) return word;
    const found = Atomics
      .compareExchange(this.#words, OWNER, word, waitedFor);
    return found === word ? waitedFor : undefined;
  }

  /**
   * Gives it back, and wakes one if somebody may be sleeping.
   *
   * @throws {Deno.errors.PermissionDenied} If it is not ours any more.
   */
  giveBack(): void {
    const at = this.#mirror;
    if (QUICK[at] !== this.#id) return this.#giveBackSlowly();
    QUICK[at + START] = 0;
    QUICK[at] = FREE;
  }

  #giveBackSlowly(): void {
    const words = this.#reachable();
    const id = this.#id;
    // What we have written ourselves is seen without being read atomically.
    if (idIn(words[OWNER]) !== id) throw this.#notOurs();
    words[START] = 0;
    if (Atomics.compareExchange(words, OWNER, id, FREE) === id) return;
    Atomics.store(words, OWNER, FREE);
    futexWake(words.subarray(OWNER, OWNER + 1), 1);
  }

  /** The words, also if their buffer was transferred while we owned them. */
  #reachable(): Int32Array<ArrayBuffer> {
    const at = this.#mirror;
    if (this.#words.length === 0 && QUICK[at] !== NO_WORD) {
      return mirroredWords(at, 2);
    }
    this.requireOpen();
    return this.#words;
  }

  /** Wakes the next, for one who was woken and does not want it any more. */
  passOn(): void {
    futexWake(this.word, 1);
  }

  #isDead(word: number): boolean {
    const now = performance.now();
    if (word === this.#believed && now - this.#when < BELIEVED) return false;
    if (isDead(word, Atomics.load(this.#words, START))) return true;
    this.#believed = word;
    this.#when = now;
    return false;
  }

  /** Throws if the memory is closed. */
  requireOpen(): void {
    if (this.#words.length === 0) throw closedError("acquire", this.#name);
  }

  #notOurs(): Error {
    return systemError(E.EPERM, "release", {
      on: this.#name,
      hint: "somebody has made it anew, or has taken it over",
    });
  }
}
