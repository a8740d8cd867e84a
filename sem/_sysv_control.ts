/** What the kernel knows of System V semaphores: semget(2), semctl(2). */

import { wholeNumber } from "../_internal/arguments.ts";
import { E, errno, type ErrorContext } from "../_internal/errno.ts";
import {
  IPC_NOWAIT,
  IPC_RMID,
  IPC_STAT,
  os,
  platform,
} from "../_internal/platform.ts";
import { sleepSync } from "../_internal/poll.ts";
import {
  listSysv,
  moment,
  readOwnership,
  sysvError,
  type SysvKind,
} from "../_internal/sysv.ts";
import { libc } from "./_ffi.ts";
import { MOST_VALUE } from "./_operations.ts";
import type {
  SysvSemaphoreSetEntry,
  SysvSemaphoreSetStat,
} from "./sysv_stat.ts";

const KIND = "System V semaphore set";

/** What an index has room for: `unsigned short`. */
const MOST_COUNT = 65_535;

/** For how many milliseconds a set that is just being made is waited for. */
const PATIENCE = 100;
/** How old a set must be not to be waited for, in seconds. */
const SETTLED = 2;

/** How sets are made and found; the count matters when one is made. */
export function sysvSets(count: number = 0): SysvKind {
  return {
    kind: KIND,
    syscall: "semget",
    get: (key, flags) => libc.semget(key, count, flags),
    hint: (number) =>
      number === E.EINVAL
        ? `the one that is there has fewer than ${count} semaphores, or that ` +
          `is more than a set may have${seeKernelSem()}`
        : number === E.ENOSPC
        ? `there are as many as the system allows${seeKernelSem()}`
        : undefined,
  };
}

function seeKernelSem(): string {
  return os === "linux" ? ": see /proc/sys/kernel/sem" : "";
}

/** A number of semaphores that a set could have. */
export function setCount(count: number): number {
  return wholeNumber(count, `create a ${KIND}`, "the count", 1, MOST_COUNT);
}

/** Values for all semaphores of a set. */
export function setValues(
  values: ArrayLike<number>,
  count: number,
  verb: string,
): readonly number[] {
  if (values?.length !== count) {
    throw new RangeError(
      `Cannot ${verb}: there must be ${count} values: there are ` +
        `${values?.length}`,
    );
  }
  return Array.from(values, (value) => setValue(value, verb));
}

/** A value for one semaphore. */
export function setValue(value: number, verb: string): number {
  return wholeNumber(value, verb, "the value", 0, MOST_VALUE);
}

/** What a set is called in errors. */
export function contextOf(id: number): ErrorContext {
  return { on: `id ${id}`, kind: KIND };
}

/**
 * Gives the semaphores of a set that was just made, which are 0, their values.
 * By adding to them, so that nothing is lost of what somebody has already
 * added, and in one operation, by which those who open the set know that it
 * is ready.
 */
export function initialise(id: number, values: readonly number[]): void {
  const added = values.flatMap((value, index) =>
    value === 0 ? [] : [index, value, IPC_NOWAIT]
  );
  if (added.length > 0 && tryOperate(id, added)) return;
  if (added.length > 0) writeValues(id, values);
  // Changes nothing, but is an operation.
  const [first] = values;
  tryOperate(
    id,
    first === 0 ? [0, 0, IPC_NOWAIT] : [0, -1, IPC_NOWAIT, 0, 1, IPC_NOWAIT],
  );
}

/** Answers false if those are too many, or somebody else was faster. */
function tryOperate(id: number, sembufs: readonly number[]): boolean {
  const count = BigInt(sembufs.length / 3);
  if (libc.semop(id, new Int16Array(sembufs), count) >= 0) return true;
  const number = errno();
  if (number === E.E2BIG || number === E.EAGAIN) return false;
  throw sysvError(number, "semop", contextOf(id));
}

/**
 * How many semaphores a set has. Somebody may just be making it: it is ready
 * when it was operated on. But not all programs do so, so that is not waited
 * for for long, and only if the set is new.
 */
export function settledCount(id: number): number {
  for (let waited = 0;; waited++) {
    const view = tryReadStruct(id);
    // This user may not know more than the kernel tells when it refuses.
    if (view === undefined) return MOST_COUNT;
    const { semidDs } = platform;
    const changed = number64(view, semidDs.ctime);
    const settled = number64(view, semidDs.otime) !== 0 ||
      Date.now() / 1000 - changed > SETTLED;
    if (settled || waited >= PATIENCE) return countIn(view);
    sleepSync(1);
  }
}

/** Whether there is a set with that id. */
export function setExists(id: number): boolean {
  // EACCES: it is there, but not for our eyes.
  const result = libc.semctl(id, 0, IPC_STAT, emptyStruct());
  return result >= 0 || errno() === E.EACCES;
}

/** Tells about a set. */
export function setStat(id: number): SysvSemaphoreSetStat {
  const view = emptyStruct();
  control(id, 0, IPC_STAT, view);
  const { semidDs, GETPID, GETNCNT, GETZCNT } = platform;
  const semaphores = readValues(id, countIn(view)).map((value, index) => ({
    value,
    lastPid: control(id, index, GETPID, null),
    waiting: control(id, index, GETNCNT, null),
    waitingForZero: control(id, index, GETZCNT, null),
  }));
  return {
    ...readOwnership(view),
    count: semaphores.length,
    lastOperation: moment(number64(view, semidDs.otime)),
    changed: moment(number64(view, semidDs.ctime)),
    semaphores,
  };
}

/** All sets of this system, or of this container. */
export function listSets(): SysvSemaphoreSetEntry[] {
  return listSysv("sem", "see ipcs -s").map(({ number, ownership }) => ({
    id: number("semid"),
    key: number("key"),
    ...ownership,
    count: number("nsems"),
    lastOperation: moment(number("otime")),
    changed: moment(number("ctime")),
  }));
}

/** Reads the values of all semaphores. */
export function readValues(id: number, count: number): number[] {
  const values = new Uint16Array(count);
  control(id, 0, platform.GETALL, values);
  return [...values];
}

/** Sets the values of all semaphores. */
export function writeValues(id: number, values: readonly number[]): void {
  control(id, 0, platform.SETALL, new Uint16Array(values));
}

/** Sets the value of one semaphore. */
export function writeValue(id: number, index: number, value: number): void {
  const { SETVAL } = platform;
  controlled(libc.semctl_value(id, index, SETVAL, BigInt(value)), id);
}

/** Removes a set, and wakes all who wait for it with EIDRM. */
export function removeSet(id: number): void {
  control(id, 0, IPC_RMID, null);
}

function control(
  id: number,
  index: number,
  command: number,
  buffer: ArrayBufferView<ArrayBuffer> | null,
): number {
  return controlled(libc.semctl(id, index, command, buffer), id);
}

function controlled(result: number, id: number): number {
  if (result >= 0) return result;
  const number = errno();
  const hint = number === E.EPERM ? "only the owner may" : undefined;
  throw sysvError(number, "semctl", { ...contextOf(id), hint });
}

function tryReadStruct(id: number): DataView<ArrayBuffer> | undefined {
  const view = emptyStruct();
  const result = libc.semctl(id, 0, IPC_STAT, view);
  if (result < 0 && errno() === E.EACCES) return undefined;
  controlled(result, id);
  return view;
}

function emptyStruct(): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(platform.semidDs.size));
}

/** An unsigned short on macOS; the low half of an unsigned long on Linux. */
function countIn(view: DataView): number {
  return view.getUint16(platform.semidDs.nsems, true);
}

function number64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}
