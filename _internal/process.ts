/**
 * Who a process is, in 64 bits: so that memory can say who uses it, and whether
 * that one lives can be found out even after its number was given to another.
 *
 * The number is in bits 0 to 21, when the process was started in bits 22 to 53,
 * and its process namespace, in which alone the number means something, in bits
 * 54 to 63. What is not known is 0; an identity of 0 is nobody. In memory it is
 * an element of a `BigUint64Array`.
 */

import { libc } from "./_ffi.ts";
import { E, errno } from "./errno.ts";
import { inodeAt } from "./file.ts";
import { os } from "./platform.ts";
import { processStat } from "./proc.ts";

const PID_BITS = 22n;
const START_BITS = 32n;
const NAMESPACES = 1023n;

/** Nobody. */
export const NOBODY = 0n;

let own: bigint | undefined;

/** Who this process is. */
export function ownIdentity(): bigint {
  return own ??= identityOf(Deno.pid);
}

/** Who a process is, or on Linux a thread: its number is one like a process's. */
export function identityOf(id: number): bigint {
  return identity(id, startOf(id) ?? 0n);
}

/** Who had a number since a moment, in our process namespace. */
export function identity(pid: number, start: bigint): bigint {
  const namespace = ownNamespace() << (PID_BITS + START_BITS);
  return BigInt(pid) | start << PID_BITS | namespace;
}

/** When a process was started; 0 if that is not known. */
export function startIn(identity: bigint): bigint {
  return BigInt.asUintN(Number(START_BITS), identity >> PID_BITS);
}

/** The process namespace that a process is in; 0 if that is not known. */
export function namespaceIn(identity: bigint): bigint {
  return identity >> (PID_BITS + START_BITS);
}

/** The number of a process. */
export function pidOf(identity: bigint): number {
  return Number(BigInt.asUintN(Number(PID_BITS), identity));
}

/** Whether a process can be found here: not if its namespace is another. */
export function isHere(identity: bigint): boolean {
  const namespace = namespaceIn(identity);
  return namespace === 0n || namespace === ownNamespace();
}

/**
 * Whether a process still runs. One that ended is dead although nobody has
 * waited for it yet. Where that cannot be found out, it lives: in another
 * process namespace, or if nothing but its number is known and that is in use.
 */
export function isAlive(identity: bigint): boolean {
  const pid = pidOf(identity);
  if (pid === 0) return false;
  if (!isHere(identity)) return true;
  // EPERM: it is somebody else's.
  if (libc.kill(pid, 0) < 0 && errno() === E.ESRCH) return false;
  const start = startOf(pid);
  if (start === undefined) return false;
  const expected = startIn(identity);
  return start === 0n || expected === 0n || start === expected;
}

/**
 * When a process was started, in ticks of which only the low bits are kept; 0
 * if that cannot be known, undefined if it has ended.
 */
function startOf(pid: number): bigint | undefined {
  if (os !== "linux") return 0n;
  const stat = processStat(pid);
  if (stat === undefined) return 0n;
  const { state, threads, start } = stat;
  // The first thread of many may have ended before the others.
  if ((state === "Z" || state === "X") && threads <= 1) return undefined;
  return BigInt.asUintN(Number(START_BITS), start);
}

let namespace: bigint | undefined;

/** A number for our process namespace, from 1 up; 0 if it is not known. */
function ownNamespace(): bigint {
  return namespace ??= findNamespace();
}

function findNamespace(): bigint {
  if (os !== "linux") return 0n;
  try {
    return inodeAt("/proc/self/ns/pid") % NAMESPACES + 1n;
  } catch {
    return 0n;
  }
}
