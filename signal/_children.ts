/**
 * Programs that are started while threads block real-time signals because the
 * collector is there for them. A program begins with what the thread blocks
 * that starts it, execve(2); but it has no part in this.
 *
 * There are two ways to start one. The child of fork(2) calls what has been
 * registered, pthread_atfork(3). That of posix_spawn(3), by which Deno starts
 * most, calls nothing, but blocks what its attributes say: so Deno is made to
 * call something else, which has them say it, and goes on with posix_spawnp.
 * What a library starts by posix_spawn(3), Deno aside, is out of reach.
 */

import { checkReturned } from "../_internal/errno.ts";
import { assemble, CODE_DATA, mapCode } from "../_internal/executable.ts";
import { pageSize, protect } from "../_internal/mapping.ts";
import { PROT_READ, PROT_WRITE } from "../_internal/platform.ts";
import { bit, ownBlocked } from "../_internal/threads.ts";
import { FORKED, MARK, SPAWNING } from "./_children_code.ts";
import { libc } from "./_ffi.ts";
import { type Import, whereImported } from "./_imported.ts";
import type { MachineCode } from "./_machine_code.ts";

/** Every page begins at a multiple of this, the smallest there is. */
const SMALLEST_PAGE = 4096n;

// In words of 64 bits: see _children_code.ts.
const SPARED = 0;
const NEXT = 1;

/** The code's data, which all Workers share. */
let data: BigUint64Array | undefined;

/**
 * Has children not block a signal that threads are going to block for the
 * collector. If they block it already, this program was itself started so, and
 * hands that on.
 *
 * It is for good, as most threads block it for good. Whether somebody else has
 * a thread block it later, by FFI, the kernel does not tell: a child does not
 * block it then either.
 *
 * Called before any thread is told, and by one Worker at a time.
 */
export function spareChildren(signal: number, code: MachineCode): void {
  data ??= findData() ?? install(code);
  if ((ownBlocked() & bit(signal)) !== 0n) return;
  Atomics.or(data, SPARED, bit(signal));
}

/** Whether a signal is blocked only because of the collector. */
export function sparesChildren(signal: number): boolean {
  if (data === undefined) return false;
  return (Atomics.load(data, SPARED) & bit(signal)) !== 0n;
}

/** What this thread blocks otherwise than because of the collector. */
export function otherwiseBlocked(): bigint {
  return ownBlocked() & ~(data === undefined ? 0n : Atomics.load(data, SPARED));
}

/** Where Deno has the address of posix_spawnp(3). */
function spawning(): Import[] {
  return whereImported("posix_spawnp");
}

/** What another Worker has installed, or another copy of this package. */
function findData(): BigUint64Array | undefined {
  for (const { where } of spawning()) {
    const start = wordsAt(where, 1)[0] - BigInt(SPAWNING);
    if (start % SMALLEST_PAGE !== 0n) continue;
    const address = Deno.UnsafePointer.create(start)!;
    const mark = Deno.UnsafePointerView.getArrayBuffer(address, MARK.length);
    if (new TextDecoder().decode(mark) === MARK) return dataOf(start);
  }
  return undefined;
}

/** None of this can be undone: the code stays for as long as the process. */
function install(code: MachineCode): BigUint64Array {
  const mark = new TextEncoder().encode(MARK);
  const bytes = new Uint8Array([...mark, ...assemble(code.children)]);
  const start = Deno.UnsafePointer.value(mapCode(bytes));
  const words = dataOf(start);
  const forked = Deno.UnsafePointer.create(start + BigInt(FORKED));
  checkReturned(
    libc.__register_atfork(null, null, forked, null),
    "__register_atfork",
  );
  for (const { where, readOnly } of spawning()) {
    const first = where - where % BigInt(pageSize());
    const page = Deno.UnsafePointer.create(first)!;
    if (readOnly) protect(page, pageSize(), PROT_READ | PROT_WRITE);
    const word = wordsAt(where, 1);
    words[NEXT] = word[0];
    Atomics.store(word, 0, start + BigInt(SPAWNING));
    if (readOnly) protect(page, pageSize(), PROT_READ);
  }
  return words;
}

function dataOf(start: bigint): BigUint64Array {
  return wordsAt(start + BigInt(CODE_DATA), 2);
}

function wordsAt(address: bigint, count: number): BigUint64Array {
  const pointer = Deno.UnsafePointer.create(address)!;
  return new BigUint64Array(
    Deno.UnsafePointerView.getArrayBuffer(pointer, count * 8),
  );
}
