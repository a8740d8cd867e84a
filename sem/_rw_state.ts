import { mirrorOf } from "./_mirror.ts";
import { OwnedWord } from "./_owned_word.ts";
import { ABSENT, quickAtomics, quickWords } from "./_quick_atomics.ts";
import { ReaderSlots } from "./_reader_slots.ts";
import type { Bed } from "./_word_parking.ts";

/** Where things are, behind the word that says what this is. */
const WRITER = 0;
const WRITER_START = 1;
const INSIDE = 2;
// These are the slots', who have them too.
const USED = 4;
const SLOTS = 5;
const SLOT = 2;

const FREE = 0;

// What is imported is no constant to V8's compiler, but these are.
const QUICK = quickWords;
const NO_WORD = ABSENT;
const { compareExchange, exchange } = quickAtomics;

/**
 * The state of a lock for readers and writers, as one isolate has it.
 *
 * A writer takes the owned word, which keeps new readers out, and then waits
 * until the slots of those are left who read already. A reader takes a slot and
 * then looks whether the owned word is free; if not, it leaves the slot. Each
 * shows what it writes before it looks at what the other writes, so that at
 * least one of them sees the other.
 *
 * A reader who leaves may overlook a writer who falls asleep at that moment, as
 * whoever gives an owned word back may: the sleeper looks again by himself.
 *
 * A word says that a writer is inside. It is set still when the owned word is
 * free or has been taken by another if that writer has died there.
 */
export class RwState {
  /**
   * Whether, when it was last taken, a writer had died inside, and nobody had
   * written since.
   */
  ownerDied = false;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #writer: OwnedWord;
  readonly #slots: ReaderSlots;
  // What the slots have is here, too, as each step to them takes a nanosecond.
  readonly #id: number;
  readonly #start: number;
  readonly #idle: number;
  /** Where the words are for quick operations, if they are anywhere. */
  readonly #mirror: number;
  #kept: number;
  /** How many of this isolate read; they have one slot. */
  #readers = 0;
  /** Whether we have the owned word, and wait for readers. */
  #draining = false;
  /** What the slots' word was before we have looked at them. */
  #seen = 0;
  /** Whether there was no slot left when we last looked. */
  #crowded = false;
  /** Whether who has the turn has slept, and so may have been woken. */
  #slept = false;

  /**
   * @param words All but the first word, in shared memory.
   * @param name What to call the lock in errors.
   */
  constructor(words: Int32Array<ArrayBuffer>, name: string) {
    const slots = new ReaderSlots(words);
    this.#words = words;
    this.#writer = new OwnedWord(words.subarray(WRITER, INSIDE), name);
    this.#slots = slots;
    this.#id = slots.id;
    this.#start = slots.start;
    this.#idle = slots.idle;
    this.#mirror = mirrorOf(words);
    this.#kept = slots.kept;
  }

  /** Takes it to read if no writer has it or waits for it. */
  tryRead(): boolean {
    const writer = this.#mirror;
    const slot = writer + this.#kept;
    if (
      QUICK[slot] !== this.#idle || QUICK[writer] !== FREE || this.#slept
    ) return this.#tryReadAnew(false);
    exchange(slot, this.#id);
    if (QUICK[writer] !== FREE) return this.#leaveSlot();
    this.#readers = 1;
    this.ownerDied = QUICK[writer + INSIDE] !== 0;
    return true;
  }

  /** The same, when somebody may have died who is in the way. */
  tryReadSuspiciously(): boolean {
    return this.#tryReadAnew(true);
  }

  #tryReadAnew(suspicious: boolean): boolean {
    const writer = this.#writer;
    if (writer.taken && !(suspicious && this.#freeFromDead())) return false;
    if (this.#readers === 0) {
      if (!this.#takeSlot(suspicious)) return false;
      if (!writer.free) return this.#leaveSlot();
    }
    this.#readers++;
    // There may be other readers asleep, and nobody wakes more than one.
    if (this.#slept) writer.passOn();
    return this.#taken();
  }

  #takeSlot(suspicious: boolean): boolean {
    const slots = this.#slots;
    if (suspicious && this.#crowded) slots.bury();
    this.#crowded = !slots.tryTake(suspicious);
    this.#kept = slots.kept;
    return !this.#crowded;
  }

  /** Takes it to write if nobody has it, or goes on waiting for readers. */
  tryWrite(): boolean {
    if (this.#slept) return this.#tryWriteAnew();
    const writer = this.#mirror;
    const found = compareExchange(writer, FREE, this.#id);
    if (found !== FREE) {
      return (this.#draining || found === NO_WORD) && this.#tryWriteAnew();
    }
    QUICK[writer + WRITER_START] = this.#start;
    const slots = writer + SLOTS;
    const end = slots + SLOT * QUICK[writer + USED];
    for (let slot = slots; slot < end; slot += SLOT) {
      if (QUICK[slot] <= FREE) continue;
      if (this.#words.length === 0) this.#writer.giveBack();
      this.#writer.requireOpen();
      this.#draining = true;
      return this.#tryEnter();
    }
    this.ownerDied = QUICK[writer + INSIDE] !== 0;
    QUICK[writer + INSIDE] = 1;
    return true;
  }

  #tryWriteAnew(): boolean {
    this.#writer.requireOpen();
    if (!this.#draining) {
      if (!this.#writer.tryTake(this.#slept)) return false;
      this.#draining = true;
    }
    return this.#tryEnter();
  }

  /** The same, when somebody may have died who is in the way. */
  tryWriteSuspiciously(): boolean {
    const writer = this.#writer;
    writer.requireOpen();
    if (!this.#draining) {
      if (!writer.tryTake(this.#slept) && !writer.tryTakeOver()) return false;
      this.#draining = true;
    }
    this.#slots.bury();
    return this.#tryEnter();
  }

  #tryEnter(): boolean {
    if (!this.#slots.empty && !this.#emptySince()) return false;
    this.#draining = false;
    this.#enter();
    return true;
  }

  #enter(): void {
    this.#taken();
    this.#words[INSIDE] = 1;
  }

  /** Ends what one who writes had. */
  endWrite(): void {
    const writer = this.#mirror;
    if (QUICK[writer] !== this.#id) return this.#endWriteSlowly();
    QUICK[writer + INSIDE] = 0;
    QUICK[writer + WRITER_START] = 0;
    QUICK[writer] = FREE;
  }

  #endWriteSlowly(): void {
    this.#words[INSIDE] = 0;
    this.#writer.giveBack();
  }

  /** Ends what one who reads had. */
  endRead(): void {
    if (this.#readers !== 1) return this.#endOneRead();
    this.#readers = 0;
    const writer = this.#mirror;
    const kept = this.#kept;
    // How many slots are used could be our number.
    if (QUICK[writer + kept] !== this.#id || kept === USED) {
      return void this.#leaveSlot();
    }
    QUICK[writer + kept] = this.#idle;
    if (QUICK[writer] !== FREE) this.#announce();
  }

  #endOneRead(): void {
    this.#writer.requireOpen();
    this.#readers--;
  }

  /** Wants it no more, after attempts. */
  retreat(): void {
    if (!this.#draining) return;
    this.#draining = false;
    this.#writer.giveBack();
  }

  /** Wants it no more, after attempts between which it may have slept. */
  giveUp(): void {
    // Nobody is left whose memory it would be.
    if (this.#words.length === 0) return;
    if (this.#draining) this.retreat();
    else this.#writer.passOn();
  }

  /** Prepares to sleep; undefined if it is time for another attempt. */
  prepareToSleep(): Bed | undefined {
    this.#slept = true;
    const { drained } = this.#slots;
    if (this.#draining) return { word: drained, expected: this.#seen };
    const expected = this.#writer.prepareToSleep();
    if (expected !== undefined) return { word: this.#writer.word, expected };
    if (!this.#crowded) return undefined;
    // Nobody wakes for a slot: there are so many that a look now and then does.
    return { word: drained, expected: Atomics.load(drained, 0) };
  }

  /** Whether it may be had without being woken. */
  look(): boolean {
    // Who has read may have been killed before he told, or while he read.
    if (this.#draining) return this.#slots.empty || this.#slots.haunted;
    return this.#crowded || this.#writer.worthAnotherLook;
  }

  /** Looks once more, after it has noted which change to wait for. */
  #emptySince(): boolean {
    this.#seen = Atomics.load(this.#slots.drained, 0);
    return this.#slots.empty;
  }

  /** Takes the word from one who is dead, to give it back at once. */
  #freeFromDead(): boolean {
    const taken = this.#writer.tryTakeOver();
    if (taken) this.#writer.giveBack();
    return taken;
  }

  /** Leaves the slot; has not got it to read. */
  #leaveSlot(): false {
    const slot = this.#mirror + this.#kept;
    // Also if the buffer was transferred since.
    if (this.#words.length === 0 && QUICK[slot] === this.#id) {
      QUICK[slot] = this.#idle;
    }
    this.#writer.requireOpen();
    this.#slots.leave();
    this.#announce();
    return false;
  }

  /** Tells the writer who may wait for readers. */
  #announce(): void {
    if (!this.#writer.free) this.#slots.announce();
  }

  #taken(): true {
    this.#slept = false;
    this.ownerDied = this.#words[INSIDE] !== 0;
    return true;
  }
}
