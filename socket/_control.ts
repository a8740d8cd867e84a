/**
 * Ancillary data: what goes with a message beside its bytes. cmsg(3)
 *
 * Nothing here calls the system: what a parser makes of bytes that come from
 * elsewhere can be tried with any bytes, in the layout of any system. All that
 * is in them is words of 32 bits, of lengths that are longer the low half.
 */

import { type Platform, platform, SCM_RIGHTS } from "../_internal/platform.ts";
import type { Credentials } from "./credentials.ts";

const WORD = 4;
/** `struct ucred` in words: the process, the user and the group. */
const UCRED = 3;

/** The most descriptors that one message can carry: SCM_MAX_FD of Linux. */
export const MOST_FDS = 253;

/** What goes with a message. */
export interface Control {
  readonly fds: readonly number[];
  readonly credentials: Credentials | undefined;
}

/** How many bytes at the most may come with one message. */
export function controlSize(table: Platform = platform): number {
  return space(MOST_FDS, table) + space(UCRED, table);
}

/** The ancillary data of a message to send; empty if there is none. */
export function encodeControl(
  { fds, credentials }: Control,
  table: Platform = platform,
): Uint8Array<ArrayBuffer> {
  const rights = fds.length > 0 ? space(fds.length, table) : 0;
  const identity = credentials ? space(UCRED, table) : 0;
  const words = new Int32Array((rights + identity) / WORD);
  if (fds.length > 0) writePart(words, 0, SCM_RIGHTS, fds, table);
  if (credentials) {
    const { pid, uid, gid } = credentials;
    const at = rights / WORD;
    writePart(words, at, table.SCM_CREDENTIALS, [pid, uid, gid], table);
  }
  return new Uint8Array(words.buffer);
}

const NO_FDS: readonly number[] = [];

/**
 * What came with a message. Never throws, and finds every descriptor that is
 * there completely, whatever else is wrong with the bytes: each is open now.
 *
 * @param words Where the kernel has put it: all parts of it are words.
 * @param length How many bytes it says there are.
 */
export function parseControl(
  words: Int32Array,
  length: number,
  table: Platform = platform,
): Control {
  const { cmsghdr, SOL_SOCKET, SCM_CREDENTIALS } = table;
  const header = cmsghdr.size / WORD;
  const level = cmsghdr.level / WORD;
  const type = cmsghdr.type / WORD;
  const end = Math.min(Math.floor(length / WORD), words.length);
  let fds = NO_FDS;
  let credentials: Credentials | undefined;
  for (let at = 0; at + header <= end;) {
    const bytes = words[at] >>> 0;
    if (bytes < cmsghdr.size) break;
    const from = at + header;
    const to = Math.min(at + Math.floor(bytes / WORD), end);
    if (words[at + level] === SOL_SOCKET) {
      const kind = words[at + type];
      if (kind === SCM_RIGHTS) {
        const more = words.subarray(from, to);
        fds = [...fds, ...more].filter((fd) => fd >= 0);
      } else if (isCredentials(kind, SCM_CREDENTIALS) && to - from >= UCRED) {
        credentials = readCredentials(words, from);
      }
    }
    at += align(bytes, cmsghdr.alignment) / WORD;
  }
  return { fds, credentials };
}

/** What a system does not have is 0 in its table, and 0 is no type. */
function isCredentials(kind: number, type: number): boolean {
  return kind === type && type !== 0;
}

/** Undefined for a message from before the kernel was asked to add them. */
function readCredentials(
  words: Int32Array,
  at: number,
): Credentials | undefined {
  const pid = words[at];
  if (pid <= 0) return undefined;
  return { pid, uid: words[at + 1] >>> 0, gid: words[at + 2] >>> 0 };
}

function writePart(
  words: Int32Array,
  at: number,
  type: number,
  data: readonly number[],
  { SOL_SOCKET, cmsghdr }: Platform,
): void {
  words[at] = cmsghdr.size + data.length * WORD;
  words[at + cmsghdr.level / WORD] = SOL_SOCKET;
  words[at + cmsghdr.type / WORD] = type;
  words.set(data, at + cmsghdr.size / WORD);
}

/** CMSG_SPACE of cmsg(3), for so many words. */
function space(words: number, { cmsghdr }: Platform): number {
  return align(cmsghdr.size, cmsghdr.alignment) +
    align(words * WORD, cmsghdr.alignment);
}

function align(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}
