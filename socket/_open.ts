/** Making sockets, and taking them over. */

import {
  adopt,
  Descriptor,
  setCloseOnExec,
  setNonblocking,
} from "../_internal/descriptor.ts";
import { fdNumber } from "../_internal/arguments.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import {
  AF_UNIX,
  notSupported,
  os,
  platform,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../_internal/platform.ts";
import { ADDRESS_SIZE } from "./_address.ts";
import { libc } from "./_ffi.ts";
import { getOption } from "./_socket_option.ts";

/** What the flags are that a socket is made with, where it can be. */
const FLAGS = platform.SOCK_CLOEXEC | platform.SOCK_NONBLOCK;

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [SOCK_STREAM]: "stream",
  [SOCK_DGRAM]: "datagram",
  [SOCK_SEQPACKET]: "seqpacket",
};

/** A new socket; `name` is what it will be known by in errors. */
export function newSocket(type: number, name?: string): Descriptor {
  requireType(type);
  const fd = check(libc.socket(AF_UNIX, type | FLAGS, 0), "socket");
  return own(fd, name);
}

/** Two new sockets that are connected with each other. */
export function newPair(type: number): [Descriptor, Descriptor] {
  requireType(type);
  const fds = new Int32Array(2);
  check(libc.socketpair(AF_UNIX, type | FLAGS, 0, fds), "socketpair");
  return [own(fds[0]), own(fds[1])];
}

/** The next connection; undefined if there is none yet. */
export function attemptAccept(listener: Descriptor): Descriptor | undefined {
  const { fd, name } = listener;
  const accepted = os === "darwin"
    ? libc.accept(fd, null, null)
    : libc.accept4(fd, null, null, FLAGS);
  if (accepted >= 0) return own(accepted, name);
  const number = errno();
  // Whoever had connected has gone again: accept(2).
  const again = [E.EAGAIN, E.EINTR, E.ECONNABORTED].includes(number);
  if (again) return undefined;
  throw systemError(number, "accept", { on: name });
}

function own(fd: number, name?: string): Descriptor {
  const descriptor = new Descriptor(fd, name);
  if (FLAGS === 0) {
    setCloseOnExec(fd);
    setNonblocking(fd, true);
  }
  return descriptor;
}

function requireType(type: number): void {
  if (type === SOCK_SEQPACKET && os === "darwin") {
    notSupported("a seqpacket socket", "use a stream and MessageStream");
  }
}

/**
 * Takes over a socket that came from elsewhere.
 *
 * @param fd Its number.
 * @param types What it may be: SOCK_STREAM and so on.
 * @param listens Whether it has to listen for connections, or must not.
 */
export function adoptSocket(
  fd: number,
  types: readonly number[],
  listens: boolean,
): { readonly descriptor: Descriptor; readonly type: number } {
  fdNumber(fd, "take over a socket");
  const type = getOption(fd, platform.SO_TYPE);
  if (familyOf(fd) !== AF_UNIX) throw refusal(fd, "not a Unix socket");
  if (!types.includes(type)) {
    const wanted = types.map((type) => TYPE_NAMES[type]).join(" or ");
    const found = TYPE_NAMES[type] ?? "other";
    throw refusal(fd, `not a ${wanted} socket but a ${found} socket`);
  }
  if (type !== SOCK_DGRAM && listensNow(fd) !== listens) {
    const not = listens ? "not a" : "a";
    throw refusal(fd, `${not} socket that listens for connections`);
  }
  return { descriptor: adopt(fd, "read and write"), type };
}

function listensNow(fd: number): boolean {
  return getOption(fd, platform.SO_ACCEPTCONN) !== 0;
}

function familyOf(fd: number): number {
  const address = new Uint8Array(ADDRESS_SIZE);
  const length = new Uint32Array([ADDRESS_SIZE]);
  const result = libc.getsockname(fd, address, length);
  check(result, "getsockname", { on: `fd ${fd}` });
  return address[platform.sockaddrUn.family];
}

function refusal(fd: number, what: string): TypeError {
  return new TypeError(`Cannot take over fd ${fd}: it is ${what}`);
}
