/**
 * Surviving the use of memory that is mapped but not there. Linux, unless
 * memory may not be executed.
 */

import { libc } from "../_internal/_ffi.ts";
import { check } from "../_internal/errno.ts";
import { assemble, CODE_DATA, mapCode } from "../_internal/executable.ts";
import { type Address, pageSize } from "../_internal/mapping.ts";
import { busHandler, ENTRY, MARK } from "./_bus_handler.ts";

// The same on every processor of Linux.
const SIGBUS = 7;

// struct sigaction { handler; sigset_t sa_mask; int sa_flags; sa_restorer }
const SIGACTION_SIZE = 152;
const SIGACTION_FLAGS = 136;
const SA_SIGINFO = 0x4;
const SA_ONSTACK = 0x8000000;

// In words of 64 bits: see _bus_handler.ts.
const PREVIOUS = 0;
const PAGE = 1;
const USED = 2;
const ISOLATES = 3;
const RANGES = 4;
const RANGE = 3;
/** As many as there can be mappings, unless vm.max_map_count was raised. */
const MOST = 65_530;
/** How many bytes all of that has. */
const DATA_SIZE = 8 * (RANGES + RANGE * MOST);

const NONE = 0n;
/** Every page begins at a multiple of this, the smallest there is. */
const SMALLEST_PAGE = 4096n;

/** A range of memory that is guarded. */
export interface Guard {
  /** How many pages of it were used although they were not there. */
  readonly missing: number;
  /** To be called when it is unmapped. */
  release(): void;
}

/** The handler's data; null where there is no handler. */
let data: BigUint64Array | null | undefined;

/** All places before this are taken, but for what Workers have given back. */
let firstFree = 0;

/**
 * Guards memory, from when it is mapped until it is released. Undefined if that
 * cannot be done here, or for so much memory.
 */
export function guard(address: Address, length: number): Guard | undefined {
  data ??= findData();
  return data === null ? undefined : guardIn(data, address, length);
}

function guardIn(
  data: BigUint64Array,
  address: Address,
  length: number,
): Guard | undefined {
  const begin = Deno.UnsafePointer.value(address);
  const end = begin + BigInt(length);
  if (Atomics.load(data, ISOLATES) > 1n) forget(data, begin, end);
  for (let tries = 0; tries < MOST; tries++) {
    const slot = (firstFree + tries) % MOST;
    const at = RANGES + RANGE * slot;
    // Workers have the same handler.
    if (Atomics.compareExchange(data, at, NONE, begin) !== NONE) continue;
    firstFree = slot + 1;
    data[at + 2] = 0n;
    let last: number | undefined;
    raise(data, BigInt(slot + 1));
    Atomics.store(data, at + 1, end);
    return {
      get missing() {
        return last ?? Number(data[at + 2]);
      },
      release() {
        // The place is somebody else's from then on.
        last = Number(data[at + 2]);
        Atomics.store(data, at + 1, NONE);
        Atomics.store(data, at, NONE);
        firstFree = Math.min(firstFree, slot);
      },
    };
  }
  return undefined;
}

/**
 * Releases the ranges of Workers that have ended, which have told nobody. They are where something else
 * is mapped now, or they could not be seen; and there they would be found first.
 */
function forget(data: BigUint64Array, begin: bigint, end: bigint): void {
  const used = Number(Atomics.load(data, USED));
  for (let slot = 0; slot < used; slot++) {
    const at = RANGES + RANGE * slot;
    // Before its begin: if another range is put here meanwhile, the end differs.
    const itsEnd = Atomics.load(data, at + 1);
    if (itsEnd <= begin || Atomics.load(data, at) >= end) continue;
    const seen = Atomics.compareExchange(data, at + 1, itsEnd, NONE);
    if (seen === itsEnd) Atomics.store(data, at, NONE);
  }
}

/** Has the handler look at so many ranges at least. */
function raise(data: BigUint64Array, used: bigint): void {
  for (;;) {
    const before = Atomics.load(data, USED);
    if (before >= used) return;
    const seen = Atomics.compareExchange(data, USED, before, used);
    if (seen === before) return;
  }
}

function findData(): BigUint64Array | null {
  if (busHandler === undefined) return null;
  const previous = new BigUint64Array(SIGACTION_SIZE / 8);
  check(libc.sigaction(SIGBUS, null, previous), "sigaction");
  const found = dataOf(previous[0]) ?? install(busHandler, previous[0]);
  if (found !== null) Atomics.add(found, ISOLATES, 1n);
  return found;
}

/** The data of a handler, if it is ours. */
function dataOf(entry: bigint): BigUint64Array | undefined {
  const start = entry - BigInt(ENTRY);
  if (start <= 0n || start % SMALLEST_PAGE !== 0n) return undefined;
  const address = Deno.UnsafePointer.create(start)!;
  const mark = Deno.UnsafePointerView.getArrayBuffer(address, MARK.length);
  return new TextDecoder().decode(mark) === MARK ? dataAt(start) : undefined;
}

function dataAt(start: bigint): BigUint64Array {
  const address = Deno.UnsafePointer.create(start + BigInt(CODE_DATA))!;
  return new BigUint64Array(
    Deno.UnsafePointerView.getArrayBuffer(address, DATA_SIZE),
  );
}

function install(listing: string, previous: bigint): BigUint64Array | null {
  const mark = new TextEncoder().encode(MARK);
  const start = tryMap(new Uint8Array([...mark, ...assemble(listing)]));
  if (start === undefined) return null;
  const data = dataAt(start);
  data[PREVIOUS] = previous;
  data[PAGE] = BigInt(pageSize());
  const action = new DataView(new ArrayBuffer(SIGACTION_SIZE));
  action.setBigUint64(0, start + BigInt(ENTRY), true);
  action.setInt32(SIGACTION_FLAGS, SA_SIGINFO | SA_ONSTACK, true);
  check(libc.sigaction(SIGBUS, action, null), "sigaction");
  return data;
}

/** SELinux and systemd's MemoryDenyWriteExecute may say no: mprotect(2). */
function tryMap(code: Uint8Array): bigint | undefined {
  try {
    return Deno.UnsafePointer.value(mapCode(code, DATA_SIZE));
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}
