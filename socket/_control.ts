/**
 * Ancillary data: what goes with a message beside its bytes. cmsg(3)
 *
 * Nothing here calls the system: what a parser makes of bytes that come from
 * elsewhere can be tried with any bytes, in the layout of any system.
 */

import { type Platform, platform, SCM_RIGHTS } from "../_internal/platform.ts";
import type { Credentials } from "./credentials.ts";

const INT = 4;
/** `struct ucred`: three words, the process, the user and the group. */
const UCRED = 12;

/** The most descriptors that one message can carry: SCM_MAX_FD of Linux. */
export const MOST_FDS = 253;

/** What goes with a message. */
export interface Control {
  readonly fds: readonly number[];
  readonly credentials: Credentials | undefined;
}

/** How many bytes at the most may come with one message. */
export function controlSize(table: Platform = platform): number {
  return space(MOST_FDS * INT, table) + space(UCRED, table);
}

/** The ancillary data of a message to send; empty if there is none. */
export function encodeControl(
  { fds, credentials }: Control,
  table: Platform = platform,
): Uint8Array<ArrayBuffer> {
  const rights = fds.length > 0 ? space(fds.length * INT, table) : 0;
  const identity = credentials ? space(UCRED, table) : 0;
  const bytes = new Uint8Array(rights + identity);
  const view = new DataView(bytes.buffer);
  const { size } = table.cmsghdr;
  if (fds.length > 0) {
    writeHeader(view, 0, fds.length * INT, SCM_RIGHTS, table);
    fds.forEach((fd, i) => view.setInt32(size + i * INT, fd, true));
  }
  if (credentials) {
    const { pid, uid, gid } = credentials;
    writeHeader(view, rights, UCRED, table.SCM_CREDENTIALS, table);
    view.setInt32(rights + size, pid, true);
    view.setUint32(rights + size + INT, uid, true);
    view.setUint32(rights + size + 2 * INT, gid, true);
  }
  return bytes;
}

/**
 * What came with a message. Never throws, and finds every descriptor that is
 * there completely, whatever else is wrong with the bytes: each is open now.
 *
 * @param bytes Where the kernel has put it.
 * @param length How many bytes it says there are.
 */
export function parseControl(
  bytes: Uint8Array,
  length: number,
  table: Platform = platform,
): Control {
  const { size, level, type, alignment } = table.cmsghdr;
  const end = Math.min(length, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fds: number[] = [];
  let credentials: Credentials | undefined;
  for (let at = 0; at + size <= end;) {
    const all = view.getUint32(at, true);
    if (all < size) break;
    const from = at + size;
    const to = Math.min(at + all, end);
    if (view.getInt32(at + level, true) === table.SOL_SOCKET) {
      const kind = view.getInt32(at + type, true);
      if (kind === SCM_RIGHTS) readFds(view, from, to, fds);
      // 0 is no type: what a system does not have is 0 in its table.
      else if (
        kind !== 0 && kind === table.SCM_CREDENTIALS && to - from >= UCRED
      ) {
        credentials = readCredentials(view, from);
      }
    }
    at += align(all, alignment);
  }
  return { fds, credentials };
}

function readFds(view: DataView, from: number, to: number, fds: number[]) {
  for (let at = from; at + INT <= to; at += INT) {
    const fd = view.getInt32(at, true);
    if (fd >= 0) fds.push(fd);
  }
}

/** Undefined for a message from before the kernel was asked to add them. */
function readCredentials(view: DataView, at: number): Credentials | undefined {
  const pid = view.getInt32(at, true);
  if (pid <= 0) return undefined;
  const uid = view.getUint32(at + INT, true);
  const gid = view.getUint32(at + 2 * INT, true);
  return { pid, uid, gid };
}

function writeHeader(
  view: DataView,
  at: number,
  length: number,
  type: number,
  { SOL_SOCKET, cmsghdr }: Platform,
): void {
  view.setUint32(at, cmsghdr.size + length, true);
  view.setInt32(at + cmsghdr.level, SOL_SOCKET, true);
  view.setInt32(at + cmsghdr.type, type, true);
}

/** CMSG_SPACE of cmsg(3). */
function space(length: number, { cmsghdr }: Platform): number {
  return align(cmsghdr.size, cmsghdr.alignment) +
    align(length, cmsghdr.alignment);
}

function align(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}
