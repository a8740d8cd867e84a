import { closedError } from "../_internal/errno.ts";
import { futexWait, type Word } from "../_internal/futex.ts";
import { soon } from "../_internal/park.ts";
import type { Cancel, Park, Parking } from "../_internal/wait.ts";
import { futexParking } from "../mux/futex.ts";

/** Pauses between two looks of those who sleep, in milliseconds. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 100;

/** What to sleep on, and what was in it when that was decided. */
export interface Bed {
  readonly word: Word;
  readonly expected: number;
}

/** Why and how somebody sleeps. */
export interface Sleep {
  /** Prepares to sleep; undefined if it is time for another attempt instead. */
  readonly prepare: () => Bed | undefined;
  /** Whether it is worth waking although nobody has woken. */
  readonly look: () => boolean;
  /** What is slept for, for errors. */
  readonly name: string;
}

/**
 * Parks on words of memory, and has a look from time to time: whoever was to
 * wake the sleeper may have been killed.
 */
export class WordParking implements Parking {
  readonly #sleep: Sleep;
  readonly #parkings = new Map<Word, Parking>();
  #expected = 0;
  #pause = FIRST_PAUSE;
  #suspects = false;

  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  readonly park: Park = (wake) => {
    const bed = this.#sleep.prepare();
    if (bed === undefined) return soon(wake);
    let pause = FIRST_PAUSE;
    const cancel = this.#parkOn(bed, (closed) => {
      clearTimeout(timer);
      wake(closed && closedError("wait", this.#sleep.name));
    });
    const look = () => {
      // It is just being closed.
      if (bed.word.length === 0) return;
      if (this.#sleep.look()) {
        this.#suspects = true;
        return cancel(wake);
      }
      pause = longer(pause);
      timer = setTimeout(look, pause);
    };
    let timer = setTimeout(look, pause);
    return (done) => {
      clearTimeout(timer);
      cancel(done);
    };
  };

  readonly parkSync = (milliseconds: number): void => {
    const bed = this.#sleep.prepare();
    if (bed === undefined) return;
    const end = performance.now() + this.#pause;
    const limit = Math.min(milliseconds, this.#pause);
    futexWait(bed.word, bed.expected, limit);
    if (performance.now() < end) return;
    this.#suspects = true;
    this.#pause = longer(this.#pause);
  };

  /** Whether to see if somebody has died, instead of waiting for him. */
  suspects(): boolean {
    const suspects = this.#suspects;
    this.#suspects = false;
    return suspects;
  }

  /** To be called when an attempt has succeeded: the next wait is another. */
  restart(): void {
    this.#pause = FIRST_PAUSE;
  }

  #parkOn({ word, expected }: Bed, wake: Parameters<Park>[0]): Cancel {
    let parking = this.#parkings.get(word);
    if (parking === undefined) {
      parking = futexParking(word, () => this.#expected);
      this.#parkings.set(word, parking);
    }
    this.#expected = expected;
    return parking.park(wake);
  }
}

function longer(pause: number): number {
  return Math.min(LONGEST_PAUSE, pause * 2);
}
