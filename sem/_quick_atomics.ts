/**
 * Atomic operations that cost what the processor takes for them. Those of
 * `Atomics` are calls of functions of V8's, and take three times as long; those
 * of WebAssembly are compiled to one instruction. But they reach no memory but
 * WebAssembly's own: for how other memory gets there see `_mirror.ts`.
 *
 * Only for x86-64, which keeps the order of the plain reads and writes that go
 * with them: see `word_order.ts`.
 */

import { assemble } from "../_internal/executable.ts";
import { os } from "../_internal/platform.ts";
import { STRONG } from "../_internal/word_order.ts";

/** Of 64 KiB, as in the module. */
const PAGES = 64;

/**
 * What is in every word that is nobody's memory, the first of all among them:
 * no word of a lock that is free, or of a semaphore that has something to give.
 * So whoever has no words there can do the same as all, and fails.
 */
export const ABSENT = -1;

/** How many words are {@linkcode ABSENT} at the beginning. */
const FIRST = 1024;

/** The operations. A word is said by its index in {@linkcode quickWords}. */
export interface QuickAtomics {
  /** As `Atomics.compareExchange`. */
  compareExchange(index: number, expected: number, value: number): number;
  /** As `Atomics.exchange`. */
  exchange(index: number, value: number): number;
  /** Takes 1 from what is more than 0, and answers 1; or 0 if it has not. */
  takeOne(index: number): number;
  /**
   * Adds 1 to what is from 0 to 2,147,483,646, and answers 1 if there is anything
   * but 0 in the next word after that, else 0; or -1 if it has not.
   */
  addOne(index: number): number;
}

/**
 * The module, as `tests/testdata/quick_atomics.wat` has it in words: the bytes,
 * a bar, and what they are.
 */
export const LISTING: string = `
00 61 73 6d 01 00 00 00       | magic number, version 1
01 13 03                      | 3 types
60 03 7f 7f 7f 01 7f          |   (i32, i32, i32) -> i32
60 02 7f 7f 01 7f             |   (i32, i32) -> i32
60 01 7f 01 7f                |   i32 -> i32
02 0d 01                      | 1 import
00 06 6d 65 6d 6f 72 79       |   memory
02 03 40 40                   |   shared, 64 pages at the least and most
03 05 04 00 01 02 02          | 4 functions, by their types
07 31 04                      | 4 exports, names first
0f 63 6f 6d 70 61 72 65 45 78 63 68 61 6e 67 65 00 00 | compareExchange
08 65 78 63 68 61 6e 67 65 00 01                      | exchange
07 74 61 6b 65 4f 6e 65 00 02                         | takeOne
06 61 64 64 4f 6e 65 00 03                            | addOne
0a 85 01 04                   | code
0f 00                         | compareExchange
20 00                         |   local.get 0
41 02                         |   i32.const 2
74                            |   i32.shl
20 01                         |   local.get 1
20 02                         |   local.get 2
fe 48 02 00                   |   i32.atomic.rmw.cmpxchg
0b                            |   end
0d 00                         | exchange
20 00                         |   local.get 0
41 02                         |   i32.const 2
74                            |   i32.shl
20 01                         |   local.get 1
fe 41 02 00                   |   i32.atomic.rmw.xchg
0b                            |   end
2b 01 01 7f                   | takeOne, with a local
02 40                         |   block
20 00                         |     local.get 0
41 02                         |     i32.const 2
74                            |     i32.shl
22 00                         |     local.tee 0
28 02 00                      |     i32.load
22 01                         |     local.tee 1
41 00                         |     i32.const 0
4c                            |     i32.le_s
0d 00                         |     br_if 0
20 00                         |     local.get 0
20 01                         |     local.get 1
20 01                         |     local.get 1
41 01                         |     i32.const 1
6b                            |     i32.sub
fe 48 02 00                   |     i32.atomic.rmw.cmpxchg
20 01                         |     local.get 1
46                            |     i32.eq
0f                            |     return
0b                            |   end
41 00                         |   i32.const 0
0b                            |   end
39 01 01 7f                   | addOne, with a local
02 40                         |   block
20 00                         |     local.get 0
41 02                         |     i32.const 2
74                            |     i32.shl
22 00                         |     local.tee 0
28 02 00                      |     i32.load
22 01                         |     local.tee 1
41 ff ff ff ff 07             |     i32.const 2147483647
4f                            |     i32.ge_u
0d 00                         |     br_if 0
20 00                         |     local.get 0
20 01                         |     local.get 1
20 01                         |     local.get 1
41 01                         |     i32.const 1
6a                            |     i32.add
fe 48 02 00                   |     i32.atomic.rmw.cmpxchg
20 01                         |     local.get 1
47                            |     i32.ne
0d 00                         |     br_if 0
20 00                         |     local.get 0
28 02 04                      |     i32.load, 4 bytes on
41 00                         |     i32.const 0
47                            |     i32.ne
0f                            |     return
0b                            |   end
41 7f                         |   i32.const -1
0b                            |   end
`;

/** What does nothing and answers that, for words that are all absent. */
const NONE: QuickAtomics = {
  compareExchange: () => ABSENT,
  exchange: () => ABSENT,
  takeOne: () => 0,
  addOne: () => -1,
};

const memory = os === "linux" && STRONG ? tryAllocate() : undefined;

/** The words. All are absent where there is no WebAssembly. */
export const quickWords: Int32Array = memory === undefined
  ? new Int32Array(FIRST)
  : new Int32Array(memory.buffer);
quickWords.fill(ABSENT, 0, FIRST);

/** The operations, each a constant for who imports it. */
export const quickAtomics: QuickAtomics = memory === undefined
  ? NONE
  : instantiate(memory);

function tryAllocate(): WebAssembly.Memory | undefined {
  const size = { initial: PAGES, maximum: PAGES, shared: true };
  try {
    return new WebAssembly.Memory(size);
  } catch {
    // V8 was told not to compile, or there are not so many addresses.
    return undefined;
  }
}

function instantiate(memory: WebAssembly.Memory): QuickAtomics {
  const module = new WebAssembly.Module(new Uint8Array(assemble(LISTING)));
  const { exports } = new WebAssembly.Instance(module, { "": { memory } });
  return exports as unknown as QuickAtomics;
}
