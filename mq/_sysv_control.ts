/** What the kernel knows of System V message queues: msgctl(2). */

import { wholeNumber } from "../_internal/arguments.ts";
import { E, errno, type ErrorContext } from "../_internal/errno.ts";
import { readTextFile } from "../_internal/file.ts";
import {
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  os,
  platform,
} from "../_internal/platform.ts";
import {
  listSysv,
  moment,
  readOwnership,
  sysvError,
  type SysvKind,
} from "../_internal/sysv.ts";
import { libc } from "./_ffi.ts";
import type {
  SysvMessageQueueEntry,
  SysvMessageQueueStat,
} from "./sysv_stat.ts";

const MSGMNI = "/proc/sys/kernel/msgmni";
const MSGMAX = "/proc/sys/kernel/msgmax";

const MOST_BYTES = Number.MAX_SAFE_INTEGER;

/** How these queues are made and found. */
export const sysvQueues: SysvKind = {
  kind: "System V message queue",
  syscall: "msgget",
  get: (key, flags) => libc.msgget(key, flags),
  hint(number) {
    if (number !== E.ENOSPC) return undefined;
    return os === "linux"
      ? `there are as many as ${MSGMNI} allows, which is ${
        readTextFile(MSGMNI).trim()
      }`
      : "there are as many as the system allows; see ipcs -q";
  },
};

/** How long a message may be, as far as anybody says. */
export function messageLimit(): string {
  return os === "linux"
    ? `${MSGMAX} allows ${readTextFile(MSGMAX).trim()}`
    : "the system does not allow that many";
}

/** Whether there is a queue with that id. */
export function queueExists(id: number): boolean {
  // EACCES: it is there, but not for our eyes.
  return libc.msgctl(id, IPC_STAT, emptyStruct()) === 0 || errno() === E.EACCES;
}

/** Tells about a queue. */
export function queueStat(
  id: number,
  context: ErrorContext,
): SysvMessageQueueStat {
  const { msqidDs } = platform;
  const view = readStruct(id, context);
  return {
    ...readOwnership(view),
    length: number64(view, msqidDs.qnum),
    bytes: number64(view, msqidDs.cbytes),
    maxBytes: number64(view, msqidDs.qbytes),
    lastSendPid: view.getInt32(msqidDs.lspid, true),
    lastReceivePid: view.getInt32(msqidDs.lrpid, true),
    lastSend: moment(number64(view, msqidDs.stime)),
    lastReceive: moment(number64(view, msqidDs.rtime)),
    changed: moment(number64(view, msqidDs.ctime)),
  };
}

/** Sets how many bytes a queue holds. */
export function setQueueBytes(
  id: number,
  bytes: number,
  context: ErrorContext,
): void {
  wholeNumber(bytes, "set maxBytes", "the number of bytes", 1, MOST_BYTES);
  const view = readStruct(id, context);
  view.setBigUint64(platform.msqidDs.qbytes, BigInt(bytes), true);
  control(
    id,
    IPC_SET,
    view,
    context,
    "only the owner may, and only the superuser more than " +
      "/proc/sys/kernel/msgmnb allows",
  );
}

/** Removes a queue, and wakes all who wait for it with EIDRM. */
export function removeQueue(id: number, context: ErrorContext): void {
  control(id, IPC_RMID, null, context, "only the owner may");
}

/** All queues of this system, or of this container. */
export function listSysvQueues(): SysvMessageQueueEntry[] {
  return listSysv("msg", "see ipcs -q").map(({ number, ownership }) => ({
    id: number("msqid"),
    key: number("key"),
    ...ownership,
    length: number("qnum"),
    bytes: number("cbytes"),
    lastSendPid: number("lspid"),
    lastReceivePid: number("lrpid"),
    lastSend: moment(number("stime")),
    lastReceive: moment(number("rtime")),
    changed: moment(number("ctime")),
  }));
}

/** How many bytes a queue holds, unless this user may not know that. */
export function tryMaxBytes(
  id: number,
  context: ErrorContext,
): number | undefined {
  const view = emptyStruct();
  if (libc.msgctl(id, IPC_STAT, view) === 0) {
    return number64(view, platform.msqidDs.qbytes);
  }
  const number = errno();
  if (number === E.EACCES) return undefined;
  throw sysvError(number, "msgctl", context);
}

function readStruct(id: number, context: ErrorContext): DataView<ArrayBuffer> {
  const view = emptyStruct();
  control(id, IPC_STAT, view, context);
  return view;
}

function emptyStruct(): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(platform.msqidDs.size));
}

function control(
  id: number,
  command: number,
  view: DataView<ArrayBuffer> | null,
  context: ErrorContext,
  denied?: string,
): void {
  if (libc.msgctl(id, command, view) >= 0) return;
  const number = errno();
  const hint = number === E.EPERM ? denied : undefined;
  throw sysvError(number, "msgctl", { ...context, hint });
}

function number64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}
