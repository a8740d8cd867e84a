/**
 * One of two who write a word of their own and then read that of the other, in
 * rounds that both begin at the same moment; answers what it has read.
 */

import { libc } from "../../_internal/_ffi.ts";
import { mirrorOf } from "../../sem/_mirror.ts";
import { quickAtomics, quickWords } from "../../sem/_quick_atomics.ts";
import { SharedMemory } from "../../shm/mod.ts";

/** What it is told. */
export interface Order {
  /** The name of the memory. */
  readonly name: string;
  /** Which of both it is: 0 or 1. */
  readonly side: number;
  readonly rounds: number;
}

/** Where both count who has come to a round. */
const ARRIVALS = 0;
/** Where the words are, far from each other. */
const WORDS = [64, 128];
/** How often to look before giving the processor away. */
const LOOKS = 1000;

function play({ name, side, rounds }: Order): Int32Array {
  using memory = SharedMemory.open(name);
  const words = new Int32Array(memory.buffer);
  const [own, other] = [WORDS[side], WORDS[1 - side]]
    .map((index) => mirrorOf(words) + index);
  const saw = new Int32Array(rounds);
  for (let round = 1; round <= rounds; round++) {
    Atomics.add(words, ARRIVALS, 1);
    let looks = 0;
    while (Atomics.load(words, ARRIVALS) < 2 * round) {
      if (++looks % LOOKS === 0) libc.sched_yield();
    }
    quickAtomics.exchange(own, round);
    saw[round - 1] = quickWords[other];
  }
  return saw;
}

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage: (saw: Int32Array) => void;
};

scope.onmessage = ({ data }) => scope.postMessage(play(data));
