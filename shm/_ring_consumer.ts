/**
 * The side of a ring that reads.
 *
 * Nothing that is read from the memory is believed: lengths and positions are
 * read once and checked, so that a producer that writes nonsense gets an error
 * out of us and nothing else.
 */

import { closedError } from "../_internal/errno.ts";
import { RecordViews } from "./_record_views.ts";
import {
  damaged,
  FIRST,
  longsOf,
  type Records,
  recordSize,
} from "./_layout.ts";
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
import { ReusedBytes, SHORT } from "./_reused_bytes.ts";
import type { RingSide } from "./_ring_side.ts";
import { AWAKE, glance, store } from "./_sleeper.ts";

/** Once in so many attempts in vain, it is asked whether the producer lives. */
const LOOK_EVERY = 256;

/** Reads messages. */
export class RingConsumer {
  readonly #memory: Records;
  readonly #side: RingSide;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #longs: BigInt64Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  /** Where messages are copied to. */
  readonly #target = new ReusedBytes();
  readonly #size: number;
  readonly #views: RecordViews;
  /** Where we read next. */
  #head = 0;
  /** Where that was when we last looked whether the producer sleeps. */
  #settled = 0;
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
  /** Whether a message is being looked at. */
  #peeked = false;
  /** Where it is, if that would go round the end: memory of its own. */
  #own: Uint8Array<ArrayBuffer> | undefined;
  /** What of it the last message has filled. */
  #lastPart: Uint8Array<ArrayBuffer> | undefined;
  #inVain = 0;
  #closed = false;

  constructor(memory: Records, side: RingSide) {
    this.#memory = memory;
    this.#side = side;
    this.#words = memory.words;
    this.#longs = longsOf(memory);
    this.#data = memory.data;
    this.#size = memory.data.length;
    this.#views = new RecordViews(memory.data, UNIT);
  }

  /**
   * A copy of the next message; null at the end, undefined if there is none.
   *
   * @param into Where it goes; memory of its own unless given.
   */
  tryReceive(
    into?: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer> | null | undefined {
    if (this.#there === 0 && !this.#look()) return this.#none;
    const at = this.#open();
    const message = into === undefined
      ? this.#copyOut(at)
      : this.#copyInto(at, into);
    this.#advance();
    return message;
  }

  /** The next message where it is, until it is released; or as above. */
  tryPeek(): Uint8Array<ArrayBuffer> | null | undefined {
    if (this.#peeked && !this.#closed) return this.#peekAgain();
    if (this.#there === 0 && !this.#look()) return this.#none;
    const at = this.#open();
    // Nothing else can be received before it is released.
    this.#held = this.#there;
    this.#there = 0;
    this.#peeked = true;
    const length = this.#length;
    return at + length <= this.#size
      ? this.#views.view(at, length)
      : this.#own = this.#readRound(at, new Uint8Array(length));
  }

  #peekAgain(): Uint8Array<ArrayBuffer> {
    const at = payloadAt(this.#head, this.#size);
    return this.#own ?? this.#views.view(at, this.#length);
  }

  /** Gives the room of the message back that was peeked at. */
  release(): void {
    if (!this.#peeked || this.#closed) throw this.#nothingPeeked();
    this.#peeked = false;
    this.#own = undefined;
    this.#there = this.#held;
    this.#advance();
  }

  #nothingPeeked(): Error {
    return this.#closed
      ? closedError("receive", this.#memory.name)
      : new TypeError("Cannot release: no message is being peeked at");
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
    this.#settle();
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
    if (this.#peeked) {
      throw new TypeError(
        "Cannot receive: the message that is being peeked at has to be " +
          "released before",
      );
    }
    if (this.#side.claimed) return;
    this.#side.claim();
    this.#head = readPosition(this.#memory, AT_HEAD, "receive");
    this.#settled = this.#head;
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

  #copyOut(at: number): Uint8Array<ArrayBuffer> {
    const end = at + this.#length;
    return end <= this.#size
      ? this.#data.slice(at, end)
      : this.#readRound(at, new Uint8Array(this.#length));
  }

  #copyInto(
    at: number,
    into: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer> {
    const length = this.#length;
    if (length > into.length) throw this.#tooShort(into.length);
    const longs = length <= SHORT ? this.#target.words(into) : null;
    if (at + length > this.#size) this.#readRound(at, into);
    else if (longs === null) into.set(this.#views.view(at, length));
    else this.#copyShort(at, into, longs);
    return length === into.length ? into : this.#part(into);
  }

  /** The part that the message fills, which often is as long as the last. */
  #part(into: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const last = this.#lastPart;
    const same = last?.buffer === into.buffer &&
      last.byteOffset === into.byteOffset && last.length === this.#length;
    return same ? last : this.#lastPart = into.subarray(0, this.#length);
  }

  /** Copies the message in words of 64 bits. */
  #copyShort(
    at: number,
    into: Uint8Array<ArrayBuffer>,
    to: BigInt64Array<ArrayBuffer>,
  ): void {
    const from = this.#longs;
    const length = this.#length;
    const first = FIRST / 2 + (at >> 3);
    const count = length >> 3;
    for (let i = 0; i < count; i++) to[i] = from[first + i];
    const data = this.#data;
    for (let i = count << 3; i < length; i++) into[i] = data[at + i];
  }

  #readRound(
    at: number,
    into: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer> {
    const first = this.#size - at;
    into.set(this.#data.subarray(at));
    into.set(this.#data.subarray(0, this.#length - first), first);
    return into;
  }

  /** Gives the room of the message back. */
  #advance(): void {
    const words = this.#words;
    const size = recordSize(this.#length, UNIT);
    this.#head = after(this.#head, size, this.#size);
    this.#there -= size;
    store(words, AT_HEAD, this.#head);
    if (words[AT_PRODUCER] !== AWAKE) this.#side.wakeOther();
  }

  /**
   * Looks whether the producer sleeps, for certain: it has looked at the head
   * before. With each message that would cost as much as all the rest; and if
   * it is overlooked there, the next message that is received makes up for it,
   * or this does when there is none.
   */
  #settle(): void {
    if (this.#settled === this.#head) return;
    this.#settled = this.#head;
    Atomics.store(this.#words, AT_HEAD, this.#head);
    if (glance(this.#words, AT_PRODUCER) !== AWAKE) this.#side.wakeOther();
  }

  #tooShort(room: number): Error {
    return new RangeError(
      `Cannot receive: the message has ${this.#length} bytes and there is ` +
        `room for ${room}; it is still there`,
    );
  }
}
