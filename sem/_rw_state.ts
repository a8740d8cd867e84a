import { OwnedWord } from "./_owned_word.ts";
import { ReaderSlots } from "./_reader_slots.ts";
import type { Bed } from "./_word_parking.ts";

/** Where things are, behind the word that says what this is. */
const WRITER = 0;
const INSIDE = 2;
const READERS = 3;

/** What is found when it was taken; nothing if it was not. */
export type Taken = "in order" | "owner died" | undefined;

/**
 * The state of a lock for readers and writers, as one isolate has it.
 *
 * A writer takes the owned word, which keeps new readers out, and then waits
 * until the slots of those are empty who read already. A reader takes a slot
 * and then looks whether the owned word is free; if not, it gives the slot back.
 * Each writes before it looks at what the other writes, so that at least one of
 * them sees the other.
 *
 * A word says that a writer is inside. It is set still when the owned word is
 * free or has been taken by another if that writer has died there.
 */
export class RwState {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #writer: OwnedWord;
  readonly #slots: ReaderSlots;
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
    this.#words = words;
    this.#writer = new OwnedWord(words.subarray(WRITER, INSIDE), name);
    this.#slots = new ReaderSlots(words.subarray(READERS));
  }

  /** Takes it to read if no writer has it or waits for it. */
  tryRead(suspicious: boolean): Taken {
    const writer = this.#writer;
    if (writer.taken && !(suspicious && this.#freeFromDead())) return undefined;
    if (this.#readers === 0) {
      if (suspicious && this.#crowded) this.#slots.bury();
      this.#crowded = !this.#slots.tryTake();
      if (this.#crowded) return undefined;
      if (!writer.free) {
        this.#leaveSlot();
        return undefined;
      }
    }
    this.#readers++;
    // There may be other readers asleep, and nobody wakes more than one.
    if (this.#slept) writer.passOn();
    return this.#taken();
  }

  /** Takes it to write if nobody has it, or goes on waiting for readers. */
  tryWrite(suspicious: boolean): Taken {
    if (!this.#draining) {
      const writer = this.#writer;
      const taken = writer.tryTake(this.#slept) ||
        suspicious && writer.tryTakeOver();
      if (!taken) return undefined;
      this.#draining = true;
    }
    if (suspicious) this.#slots.bury();
    if (!this.#slots.empty && !this.#emptySince()) return undefined;
    this.#draining = false;
    const taken = this.#taken();
    this.#words[INSIDE] = 1;
    return taken;
  }

  /** Ends what one who reads had. */
  endRead(): void {
    this.#writer.requireOpen();
    if (--this.#readers === 0) this.#leaveSlot();
  }

  /** Ends what one who writes had. */
  endWrite(): void {
    this.#words[INSIDE] = 0;
    this.#writer.giveBack();
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
    return this.#crowded || this.#writer.takeable;
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

  #leaveSlot(): void {
    this.#slots.giveBack();
    if (!this.#writer.free) this.#slots.announce();
  }

  #taken(): Taken {
    this.#slept = false;
    return this.#words[INSIDE] === 0 ? "in order" : "owner died";
  }
}
