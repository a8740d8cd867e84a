import { wholeNumber } from "../_internal/arguments.ts";
import { closedError } from "../_internal/errno.ts";
import { futexWake, type Word } from "../_internal/futex.ts";
import { type MemoryRegion, onUnmap } from "../_internal/mapped_region.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import {
  byteLengthOf,
  findWords,
  initWords,
  type Layout,
  nameAt,
} from "./_layout.ts";
import { WordParking } from "./_word_parking.ts";

/**
 * A word follows of which the low half counts those who have arrived, and the
 * high half the times that all had; then how many "all" is. The last is unused.
 */
const LAYOUT: Layout = { kind: "Barrier", magic: "BAR1", words: 4 };
const STATE = 1;
const COUNT = 2;

const ARRIVED = 0xffff;
const ROUND_SHIFT = 16;

/**
 * A place in memory that processes share, at which they wait for each other:
 * when so many have arrived, all of them go on, and the next round begins.
 *
 * Who has arrived counts even if he is killed then. Who is killed before he has
 * arrived is waited for until somebody else arrives in his place: give waits a
 * time-out where that can happen. An aborted wait has not arrived.
 *
 * There is nothing to close: when the memory is closed or resized, waits that
 * are pending reject with `Deno.errors.BadResource`, and so does every use from
 * then on.
 *
 * @example
 * ```ts
 * import { Barrier } from "@ipc/core/sem";
 * import { SharedMemory } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * const barrier = Barrier.init(memory, 0, 2);
 *
 * // In two programs; one of them is told that it was the last.
 * const both = [barrier.wait(), Barrier.at(memory, 0).wait()];
 * assertEquals(await Promise.all(both), [false, true]);
 * ```
 */
export class Barrier {
  /** How many bytes of memory it takes. */
  static readonly byteLength: number = byteLengthOf(LAYOUT);

  readonly #words: Int32Array<ArrayBuffer>;
  readonly #word: Word;
  readonly #name: string;
  readonly #count: number;

  private constructor(words: Int32Array<ArrayBuffer>, name: string) {
    this.#words = words;
    this.#word = words.subarray(STATE, STATE + 1);
    this.#name = name;
    this.#count = words[COUNT];
  }

  /**
   * Makes a barrier at which nobody waits.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes: a multiple of 4.
   * @param count How many have to arrive, from 1 to 65,535.
   * @returns The barrier.
   * @throws {RangeError} If the offset is misaligned or out of range, or the
   * count cannot be.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Barrier } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const alone = Barrier.init(memory, 0, 1);
   * console.log(await alone.wait()); // true
   * ```
   */
  static init(memory: MemoryRegion, offset: number, count: number): Barrier {
    wholeNumber(count, "place a Barrier", "the count", 1, ARRIVED);
    const words = initWords(memory, offset, LAYOUT, [0, count]);
    return new Barrier(words, nameAt(LAYOUT, offset));
  }

  /**
   * Finds a barrier that was made.
   *
   * @param memory Memory that processes share.
   * @param offset Where in it, in bytes.
   * @returns The barrier.
   * @throws {IpcError} `EINVAL` if there is none.
   * @throws {RangeError} If the offset is misaligned or out of range.
   * @throws {TypeError} If the memory is not shared, or only to be read.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Barrier } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * Barrier.init(memory, 0, 3);
   * console.log(Barrier.at(memory, 0).count); // 3
   * ```
   */
  static at(memory: MemoryRegion, offset: number): Barrier {
    const words = findWords(memory, offset, LAYOUT);
    return new Barrier(words, nameAt(LAYOUT, offset));
  }

  /** How many have to arrive. */
  get count(): number {
    return this.#count;
  }

  /**
   * How many have arrived and wait at this moment.
   *
   * @throws {Deno.errors.BadResource} If the memory is closed.
   */
  get arrived(): number {
    return this.#load() & ARRIVED;
  }

  /**
   * Arrives if that is all that is waited for.
   *
   * @returns Whether it was: then all go on. Otherwise it has not arrived.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Barrier } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const barrier = Barrier.init(memory, 0, 2);
   * assertEquals(barrier.tryWait(), false);
   * const waiting = barrier.wait();
   * assertEquals(barrier.tryWait(), true);
   * await waiting;
   * ```
   */
  tryWait(): boolean {
    for (;;) {
      const state = this.#load();
      if (!this.#lastMissing(state)) return false;
      if (this.#exchange(state, nextRound(state))) return this.#end();
    }
  }

  /**
   * Arrives, and blocks the thread until all have.
   *
   * @param options The longest to wait.
   * @returns Whether it was the last of them.
   * @throws {Deno.errors.TimedOut} If they had not in time; then it has not
   * arrived.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   *
   * @example
   * ```ts
   * import { Barrier } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   * import { assertThrows } from "@std/assert";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const barrier = Barrier.init(memory, 0, 2);
   * assertThrows(
   *   () => barrier.waitSync({ timeout: 10 }),
   *   Deno.errors.TimedOut,
   * );
   * console.log(barrier.arrived); // 0
   * ```
   */
  waitSync(options?: SyncWaitOptions): boolean {
    const round = this.#arrive();
    if (round === undefined) return true;
    try {
      this.#queue(round).runSync(() => this.#isOver(round), options);
    } catch (error) {
      if (this.#withdraw(round)) throw error;
    }
    return false;
  }

  /**
   * Arrives, and waits until all have.
   *
   * @param options A signal that ends the wait; then it has not arrived.
   * @returns Whether it was the last of them.
   * @throws {Deno.errors.BadResource} If the memory is closed, now or
   * meanwhile.
   *
   * @example
   * ```ts
   * import { Barrier } from "@ipc/core/sem";
   * import { SharedMemory } from "@ipc/core/shm";
   *
   * using memory = SharedMemory.anonymous(4096);
   * const barrier = Barrier.init(memory, 0, 1);
   * await barrier.wait({ signal: AbortSignal.timeout(1000) });
   * ```
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    options?.signal?.throwIfAborted();
    const round = this.#arrive();
    if (round === undefined) return true;
    const bytes = new Uint8Array(this.#words.buffer);
    const forget = onUnmap(bytes, () => this.#withdraw(round), "wait");
    try {
      await this.#queue(round).run(() => this.#isOver(round), options);
    } catch (error) {
      if (this.#withdraw(round)) throw error;
    } finally {
      forget();
    }
    return false;
  }

  /** Answers the round whose end is to be waited for; undefined if it ended. */
  #arrive(): number | undefined {
    for (;;) {
      const state = this.#load();
      const isLast = this.#lastMissing(state);
      if (!this.#exchange(state, isLast ? nextRound(state) : state + 1)) {
        continue;
      }
      if (!isLast) return roundIn(state);
      this.#end();
      return undefined;
    }
  }

  /** Takes an arrival back; answers false if the round had ended before. */
  #withdraw(round: number): boolean {
    while (this.#words.length > 0) {
      const state = this.#load();
      if (roundIn(state) !== round) return false;
      if (this.#exchange(state, state - 1)) break;
    }
    return true;
  }

  #lastMissing(state: number): boolean {
    return (state & ARRIVED) + 1 === this.#count;
  }

  /** Wakes all others of a round that has ended. */
  #end(): true {
    futexWake(this.#word);
    return true;
  }

  #queue(round: number): WaitQueue {
    const parking = new WordParking({
      name: this.#name,
      prepare: () => {
        const expected = this.#load();
        return roundIn(expected) === round
          ? { word: this.#word, expected }
          : undefined;
      },
      look: () => roundIn(this.#load()) !== round,
    });
    return new WaitQueue(parking, "wait", this.#name);
  }

  #isOver(round: number): true | undefined {
    return roundIn(this.#load()) === round ? undefined : true;
  }

  #load(): number {
    if (this.#words.length === 0) throw closedError("wait", this.#name);
    return Atomics.load(this.#words, STATE);
  }

  #exchange(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, STATE, from, to) === from;
  }
}

function roundIn(state: number): number {
  return state >>> ROUND_SHIFT;
}

function nextRound(state: number): number {
  return (roundIn(state) + 1) << ROUND_SHIFT;
}
