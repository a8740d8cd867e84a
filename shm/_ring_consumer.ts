/**
 * The side of a ring that reads.
 *
 * Nothing that is read from the memory is believed: lengths and positions are
 * read once and checked, so that a producer that writes nonsense gets an error
 * out of us and nothing else.
 */

import { closedError } from "../_internal/errno.ts";
import { RecordViews } from "./_record_views.ts";
import { damaged, FIRST, type Records, recordSize } from "./_layout.ts";
import {
  after,
  AT_HEAD,
  AT_PRODUCER,
  AT_TAIL,
  distance,
  payloadAt,
  readPosition,
  recordAt,
  UNIT,
} from "./_ring_layout.ts";
import type { RingSide } from "./_ring_side.ts";
import { AWAKE, glance } from "./_sleeper.ts";

/** Up to so many bytes are copied word by word, which beats making a view. */
const SHORT = 256;

/** Once in so many attempts in vain, it is asked whether the producer lives. */
const LOOK_EVERY = 256;

/** Reads messages. */
export class RingConsumer {
  readonly #memory: Records;
  readonly #side: RingSide;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  readonly #size: number;
  readonly #views: RecordViews;
  /** Where we read next. */
  #head = 0;
  /**
   * How many bytes are known to be there. None if something has to be looked at
   * before anything is read: whether this is ours and open, for example.
   */
  #there = 0;
  /** How many are there while a message is being looked at. */
  #held = 0;
  /** Why nothing is: null at the end, undefined if something may come. */
  #none: null | undefined;
  /** How long the message is that is next. */
  #length = 0;
  /** The message that is being looked at. */
  #peeked: Uint8Array<ArrayBuffer> | undefined;
  /** Where the last message was copied to, and its words. */
  #target: Uint8Array | undefined;
  #targetWords: Int32Array | undefined;
  #inVain = 0;
  #closed = false;

  constructor(memory: Records, side: RingSide) {
    this.#memory = memory;
    this.#side = side;
    this.#words = memory.words;
    this.#data = memory.data;
    this.#size = memory.data.length;
    this.#views = new RecordViews(memory.data, UNIT);
  }

  /** A copy of the next message; null at the end, undefined if there is none. */
  tryReceive(): Uint8Array<ArrayBuffer> | null | undefined {
    if (this.#there === 0 && !this.#look()) return this.#none;
    const at = this.#open();
    const length = this.#length;
    const message = at + length <= this.#size
      ? this.#data.slice(at, at + length)
      : this.#readRound(at, new Uint8Array(length));
    this.#advance();
    return message;
  }

  /** The length of the next message, which is copied; or as above. */
  tryReceiveInto(p: Uint8Array): number | null | undefined {
    if (this.#there === 0 && !this.#look()) return this.#none;
    const at = this.#open();
    const length = this.#length;
    if (length > p.length) throw this.#tooShort(p.length);
    if (at + length > this.#size) this.#readRound(at, p);
    else if (length <= SHORT && this.#hasWords(p)) this.#readShort(at, p);
    else p.set(this.#views.view(at, length));
    this.#advance();
    return length;
  }

  /** The next message where it is, until it is released; or as above. */
  tryPeek(): Uint8Array<ArrayBuffer> | null | undefined {
    if (this.#peeked !== undefined && !this.#closed) return this.#peeked;
    if (this.#there === 0 && !this.#look()) return this.#none;
    const at = this.#open();
    // Nothing else can be received before it is released.
    this.#held = this.#there;
    this.#there = 0;
    return this.#peeked = at + this.#length <= this.#size
      ? this.#views.view(at, this.#length)
      : this.#readRound(at, new Uint8Array(this.#length));
  }

  /** Gives the room of the message back that was peeked at. */
  release(): void {
    if (this.#closed) throw closedError("receive", this.#memory.name);
    if (this.#peeked === undefined) {
      throw new TypeError("Cannot release: no message is being peeked at");
    }
    this.#peeked = undefined;
    this.#there = this.#held;
    this.#advance();
  }

  /** Whether trying again would not be in vain, as far as memory tells. */
  isReady(): boolean {
    return this.#side.otherClosed || this.#find();
  }

  /** Ends it; nothing is received any more. */
  close(): void {
    this.#closed = true;
    this.#there = 0;
    this.#side.close();
  }

  /** Looks whether there is something now; says why if there is not. */
  #look(): boolean {
    this.#prepare();
    if (this.#find()) return true;
    if (++this.#inVain % LOOK_EVERY === 0) this.#side.look();
    const { otherClosed } = this.#side;
    const ended = otherClosed ? undefined : this.#side.takeEnd();
    // Its last messages came before it closed or ended.
    const over = otherClosed || ended !== undefined;
    if (over && this.#find()) return true;
    if (ended !== undefined) throw ended;
    this.#none = otherClosed ? null : undefined;
    return false;
  }

  /** Begins, if this is the beginning, and finds out what is wrong. */
  #prepare(): void {
    if (this.#closed) throw closedError("receive", this.#memory.name);
    if (this.#peeked !== undefined) {
      throw new TypeError(
        "Cannot receive: the message that is being peeked at has to be " +
          "released before",
      );
    }
    if (this.#side.claimed) return;
    this.#side.claim();
    this.#head = readPosition(this.#memory, AT_HEAD, "receive");
  }

  #find(): boolean {
    const tail = readPosition(this.#memory, AT_TAIL, "receive");
    const there = distance(this.#head, tail, this.#size);
    if (there > this.#size) {
      throw damaged(this.#memory, "receive", `the tail is ${tail}`);
    }
    this.#there = there;
    return there > 0;
  }

  /** Reads the header of the next record; answers where its data begin. */
  #open(): number {
    const record = recordAt(this.#head, this.#size);
    const length = this.#words[FIRST + (record >> 2)];
    if (
      length < 0 || length > this.#memory.capacity ||
      recordSize(length, UNIT) > this.#there
    ) {
      const what = `a message has ${length} bytes`;
      throw damaged(this.#memory, "receive", what);
    }
    this.#length = length;
    return payloadAt(this.#head, this.#size);
  }

  #readRound<P extends Uint8Array>(at: number, p: P): P {
    const first = this.#size - at;
    p.set(this.#data.subarray(at));
    p.set(this.#data.subarray(0, this.#length - first), first);
    return p;
  }

  /** Whether `p` can be written in words, as most can; remembers the last. */
  #hasWords(p: Uint8Array): boolean {
    if (this.#target !== p) {
      const { buffer, byteOffset, length } = p;
      this.#target = p;
      this.#targetWords = byteOffset % 4 === 0
        ? new Int32Array(buffer, byteOffset, length >> 2)
        : undefined;
    }
    return this.#targetWords !== undefined;
  }

  #readShort(at: number, p: Uint8Array): void {
    const from = this.#words;
    const to = this.#targetWords!;
    const length = this.#length;
    const first = FIRST + (at >> 2);
    const count = length >> 2;
    for (let i = 0; i < count; i++) to[i] = from[first + i];
    for (let i = count << 2; i < length; i++) p[i] = this.#data[at + i];
  }

  /** Gives the room of the message back. */
  #advance(): void {
    const words = this.#words;
    const size = recordSize(this.#length, UNIT);
    this.#head = after(this.#head, size, this.#size);
    this.#there -= size;
    Atomics.store(words, AT_HEAD, this.#head);
    // After the head: a producer that sleeps has looked at it before.
    if (glance(words, AT_PRODUCER) !== AWAKE) this.#side.wakeOther();
  }

  #tooShort(room: number): Error {
    return new RangeError(
      `Cannot receive: the message has ${this.#length} bytes and there is ` +
        `room for ${room}; it is still there`,
    );
  }
}
