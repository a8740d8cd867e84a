/** System V segments as the kernel has them: shmget(2), shmat(2), shmctl(2). */

import {
  check,
  E,
  errno,
  type ErrorContext,
  systemError,
} from "../_internal/errno.ts";
import { MappedRegion } from "../_internal/mapped_region.ts";
import { type Address, mappedAt } from "../_internal/mapping.ts";
import {
  IPC_CREAT,
  IPC_RMID,
  IPC_STAT,
  os,
  platform,
  SHM_RDONLY,
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
  SysvSharedMemoryEntry,
  SysvSharedMemoryStat,
} from "./sysv_stat.ts";

const KIND = "System V shared memory segment";

/** How segments are made and found; the size counts when one is made. */
export function segments(size: number = 0): SysvKind {
  return {
    kind: KIND,
    syscall: "shmget",
    // One that is there has to have that size at least: shmget(2).
    get: (key, flags) =>
      libc.shmget(key, flags & IPC_CREAT ? BigInt(size) : 0n, flags),
    hint(number) {
      if (number === E.EINVAL) {
        return `${size} bytes are more than the system allows (kernel.shmmax)`;
      }
      if (number === E.ENOSPC || number === E.ENOMEM) {
        return "there is no room, or there are too many (kernel.shmmni, shmall)";
      }
      return undefined;
    },
  };
}

/** What a segment is called in errors. */
export function contextOf(id: number): ErrorContext {
  return { on: `id ${id}`, kind: KIND };
}

/** Whether there is a segment with that id. */
export function segmentExists(id: number): boolean {
  const buffer = new Uint8Array(platform.shmidDs.size);
  // EACCES: it is there, but not for our eyes.
  return libc.shmctl(id, IPC_STAT, buffer) >= 0 || errno() === E.EACCES;
}

/** Maps a segment, all of it. */
export function attach(id: number, readOnly: boolean): MappedRegion {
  const { size } = statSegment(id);
  const result = libc.shmat(id, null, readOnly ? SHM_RDONLY : 0);
  const number = errno();
  const address = mappedAt(result);
  if (address === undefined) throw sysvError(number, "shmat", contextOf(id));
  const name = `shared memory ${id}`;
  return new MappedRegion(address, size, { unmap: detach, name });
}

function detach(address: Address): void {
  check(libc.shmdt(address), "shmdt");
}

/** Has a segment removed as soon as nobody has it attached. */
export function removeSegment(id: number): void {
  control(id, IPC_RMID, null);
}

/** What the kernel knows of a segment. */
export function statSegment(id: number): SysvSharedMemoryStat {
  const { shmidDs } = platform;
  const view = new DataView(new ArrayBuffer(shmidDs.size));
  control(id, IPC_STAT, view);
  return {
    ...readOwnership(view),
    size: number64(view, shmidDs.segsz),
    attached: os === "darwin"
      ? view.getUint16(shmidDs.nattch, true)
      : number64(view, shmidDs.nattch),
    creatorPid: view.getInt32(shmidDs.cpid, true),
    lastPid: view.getInt32(shmidDs.lpid, true),
    lastAttach: moment(number64(view, shmidDs.atime)),
    lastDetach: moment(number64(view, shmidDs.dtime)),
    changed: moment(number64(view, shmidDs.ctime)),
  };
}

/** All segments of this system, or of this container. */
export function listSegments(): SysvSharedMemoryEntry[] {
  return listSysv("shm", "see ipcs -m").map(({ number, ownership }) => ({
    id: number("shmid"),
    key: number("key"),
    ...ownership,
    size: number("size"),
    attached: number("nattch"),
    creatorPid: number("cpid"),
    lastPid: number("lpid"),
    lastAttach: moment(number("atime")),
    lastDetach: moment(number("dtime")),
    changed: moment(number("ctime")),
  }));
}

function control(
  id: number,
  command: number,
  view: DataView<ArrayBuffer> | null,
): void {
  if (libc.shmctl(id, command, view) >= 0) return;
  const number = errno();
  throw number === E.EPERM
    ? systemError(number, "shmctl", {
      ...contextOf(id),
      hint: "only the owner may",
    })
    : sysvError(number, "shmctl", contextOf(id));
}

function number64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}
