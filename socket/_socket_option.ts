/** getsockopt(2) and setsockopt(2). */

import { wholeNumber } from "../_internal/arguments.ts";
import { check } from "../_internal/errno.ts";
import { platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import type { BufferOptions } from "./buffer_options.ts";
import type { PeerCredentials } from "./credentials.ts";

const MOST = 0x7fffffff;

/** A number that is an option of the socket. */
export function getOption(fd: number, name: number): number {
  const value = new Int32Array(1);
  readOption(fd, platform.SOL_SOCKET, name, value);
  return value[0];
}

function readOption(
  fd: number,
  level: number,
  name: number,
  value: Int32Array<ArrayBuffer>,
): void {
  const length = new Uint32Array([value.byteLength]);
  const result = libc.getsockopt(fd, level, name, value, length);
  check(result, "getsockopt", { on: `fd ${fd}` });
}

/** Sets a number that is an option of the socket. */
export function setOption(fd: number, name: number, value: number): void {
  const bytes = new Int32Array([value]);
  const result = libc.setsockopt(fd, platform.SOL_SOCKET, name, bytes, 4);
  check(result, "setsockopt", { on: `fd ${fd}` });
}

/** Sets the buffers' sizes that are given; they have been checked. */
export function setBuffers(fd: number, options: BufferOptions): void {
  const { sendBufferSize, receiveBufferSize } = options;
  if (sendBufferSize !== undefined) {
    setOption(fd, platform.SO_SNDBUF, sendBufferSize);
  }
  if (receiveBufferSize !== undefined) {
    setOption(fd, platform.SO_RCVBUF, receiveBufferSize);
  }
}

/** Refuses a size that no buffer can have. */
export function checkBufferSize(size: number, what: string): void {
  wholeNumber(size, "set a buffer's size", what, 1, MOST);
}

/** Refuses sizes that no buffers can have. */
export function checkBuffers(options: BufferOptions): void {
  for (const what of ["sendBufferSize", "receiveBufferSize"] as const) {
    const size = options[what];
    if (size !== undefined) checkBufferSize(size, what);
  }
}

/** Level of the options of macOS's Unix sockets: SOL_LOCAL. */
const SOL_LOCAL = 0;
/** `struct xucred` of macOS: version, user, number of groups, groups. */
const XUCRED_WORDS = 19;

/** Who is at the other end. */
export function getPeer(fd: number): PeerCredentials {
  const { SOL_SOCKET, SO_PEERCRED, LOCAL_PEERCRED, LOCAL_PEERPID } = platform;
  if (SO_PEERCRED !== 0) {
    const ucred = new Int32Array(3);
    readOption(fd, SOL_SOCKET, SO_PEERCRED, ucred);
    const [uid, gid] = new Uint32Array(ucred.buffer, 4);
    // A process that has no number here: in another PID namespace.
    return ucred[0] > 0 ? { pid: ucred[0], uid, gid } : { uid, gid };
  }
  const xucred = new Int32Array(XUCRED_WORDS);
  readOption(fd, SOL_LOCAL, LOCAL_PEERCRED, xucred);
  const pid = new Int32Array(1);
  readOption(fd, SOL_LOCAL, LOCAL_PEERPID, pid);
  const words = new Uint32Array(xucred.buffer);
  return { pid: pid[0], uid: words[1], gid: words[3] };
}
