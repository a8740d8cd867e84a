/**
 * In which order others see what is written to shared memory, where the
 * processor keeps an order by itself: there a plain access does what costs ten
 * nanoseconds as one of `Atomics`.
 *
 * x86-64 shows what is written in the order in which it is written, and reads
 * in order, too. All that it may do is to show something later than it reads
 * what comes after: a write waits in the store buffer until the next atomic
 * instruction, interrupt or switch to another thread, or for as long as it takes
 * to get at the memory. (Intel SDM, volume 3, "Memory Ordering"; AMD APM, volume
 * 2, "Memory System".)
 *
 * V8 is relied on as well: it leaves out none of the reads and writes of
 * elements of typed arrays, moves none past another of the same memory, and none
 * past the call of a function that it does not know, as those of `Atomics`, of
 * WebAssembly and of C libraries are.
 */

import { arch } from "./platform.ts";

/**
 * Whether this is such a processor. V8's compiler takes nothing that is imported
 * for a constant: where each nanosecond counts, a module has to copy it.
 */
export const STRONG: boolean = arch === "x86_64";
