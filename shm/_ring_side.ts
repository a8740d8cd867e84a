/** One side of a ring: taking it, and its dealings with the other. */

import type { Word } from "../_internal/futex.ts";
import { claim, type OwnedSide, unclaim } from "./_owner.ts";
import { Peer } from "./_peer.ts";
import type { Records } from "./_layout.ts";
import {
  AT_CONSUMER,
  AT_PRODUCER,
  CONSUMER_OWNER,
  PRODUCER_OWNER,
} from "./_ring_layout.ts";
import { AWAKE, CLOSED, Sleeper, wakeSleepers } from "./_sleeper.ts";

/** The two sides. */
export type Role = "producer" | "consumer";

/** One side of a ring. */
export class RingSide {
  readonly #side: OwnedSide;
  readonly #peer: Peer;
  /** What this side is doing, and the other. */
  readonly #own: Word;
  readonly #other: Word;
  readonly #name: string;
  #sleeper: Sleeper | undefined;
  #claimed = false;

  constructor(memory: Records, role: Role) {
    const { words, name } = memory;
    const { buffer, byteOffset } = words;
    const owners = new BigUint64Array(buffer, byteOffset, CONSUMER_OWNER + 1);
    const producer = {
      owners,
      index: PRODUCER_OWNER,
      role: "producer",
      verb: "send",
      name,
    };
    const consumer = {
      owners,
      index: CONSUMER_OWNER,
      role: "consumer",
      verb: "receive",
      name,
    };
    const [own, other] = role === "producer"
      ? [producer, consumer]
      : [consumer, producer];
    const [at, otherAt] = role === "producer"
      ? [AT_PRODUCER, AT_CONSUMER]
      : [AT_CONSUMER, AT_PRODUCER];
    this.#side = own;
    this.#peer = new Peer(other);
    this.#own = words.subarray(at, at + 1);
    this.#other = words.subarray(otherAt, otherAt + 1);
    this.#name = name;
  }

  /** Whether this object has the side. */
  get claimed(): boolean {
    return this.#claimed;
  }

  /** Takes the side, if nobody has it who lives. */
  claim(): void {
    claim(this.#side);
    this.#claimed = true;
    Atomics.store(this.#own, 0, AWAKE);
    // So that the other side knows whom to watch.
    this.wakeOther();
  }

  /** Wakes the other side if it sleeps. */
  wakeOther(): void {
    wakeSleepers(this.#other);
  }

  /** Whether the other side has closed. */
  get otherClosed(): boolean {
    return Atomics.load(this.#other, 0) === CLOSED;
  }

  /** The error that the other side's process has ended, once. */
  takeEnd(): Error | undefined {
    return this.#peer.takeEnd(this.#side.verb);
  }

  /** Says now and then whether the other side's process lives. */
  look(): void {
    this.#peer.look();
  }

  /** How to sleep; `ready` says whether there is something to do. */
  sleeper(ready: () => boolean): Sleeper {
    return this.#sleeper ??= new Sleeper({
      word: this.#own,
      peer: this.#peer,
      ready,
      name: this.#name,
    });
  }

  /** Gives the side back and tells the other; whoever waits gets an error. */
  close(): void {
    // Empty if the memory was closed before.
    if (this.#claimed && this.#own.length > 0) {
      Atomics.store(this.#own, 0, CLOSED);
      this.wakeOther();
      unclaim(this.#side);
    }
    this.#claimed = false;
    this.#peer.close();
    this.#sleeper?.close();
  }
}
