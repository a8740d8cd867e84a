/** Making, finding and removing POSIX message queues. */

import { fileMode, wholeNumber } from "../_internal/arguments.ts";
import { libc as base } from "../_internal/_ffi.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import { identityOf } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import {
  notSupported,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  os,
  platform,
} from "../_internal/platform.ts";
import { posixName } from "../_internal/posix_name.ts";
import { libc } from "./_ffi.ts";
import { limitHint, type QueueSize, withDefaults } from "./_posix_limits.ts";

const KIND = "message queue";

/** NAME_MAX: mq_overview(7). */
const LONGEST_NAME = 255;
const MOST = 0x7fffffff;

// struct mq_attr { long mq_flags; long mq_maxmsg; long mq_msgsize;
//                  long mq_curmsgs; long reserved[4]; }
const ATTRIBUTES = 8;
const MAXMSG = 1;
const MSGSIZE = 2;
const CURMSGS = 3;

/** How a queue is made. */
export interface MakeOptions extends Partial<QueueSize> {
  readonly mode?: number;
}

/** Makes a queue and answers its descriptor, for both directions. */
export function makeQueue(name: string, options: MakeOptions): number {
  const verb = `create a ${KIND}`;
  const path = queueName(name, verb);
  const { maxMessages, messageSize, mode = 0o600 } = options;
  fileMode(mode, verb);
  for (const [what, value] of Object.entries({ maxMessages, messageSize })) {
    if (value !== undefined) wholeNumber(value, verb, what, 1, MOST);
  }
  const size = { maxMessages, messageSize };
  const attributes = toAttributes(size);
  const flags = O_RDWR | platform.O_CREAT | platform.O_EXCL;
  const fd = mqOpen(path, flags, mode, attributes);
  if (fd < 0) {
    const number = errno();
    const hint = limitHint(number, size);
    throw systemError(number, "mq_open", { on: name, kind: KIND, hint });
  }
  // The umask has only taken permissions away, so nobody got in meanwhile.
  if (libc.fchmod(fd, mode) >= 0) return fd;
  const number = errno();
  base.close(fd);
  libc.mq_unlink(path);
  throw systemError(number, "fchmod", { on: name });
}

/** `struct mq_attr`; null for what the kernel gives who asks for nothing. */
function toAttributes(
  size: Partial<QueueSize>,
): BigInt64Array<ArrayBuffer> | null {
  // The kernel takes both or neither.
  if (size.maxMessages === undefined && size.messageSize === undefined) {
    return null;
  }
  const { maxMessages, messageSize } = withDefaults(size);
  const attributes = new BigInt64Array(ATTRIBUTES);
  attributes[MAXMSG] = BigInt(maxMessages);
  attributes[MSGSIZE] = BigInt(messageSize);
  return attributes;
}

/** Finds a queue and answers its descriptor. */
export function findQueue(name: string, read: boolean, write: boolean): number {
  const verb = `open a ${KIND}`;
  const path = queueName(name, verb);
  if (!read && !write) {
    throw new TypeError(`Cannot ${verb}: read and write are both false`);
  }
  const access = read ? write ? O_RDWR : O_RDONLY : O_WRONLY;
  const fd = mqOpen(path, access, 0, null);
  if (fd >= 0) return fd;
  const number = errno();
  throw systemError(number, "mq_open", {
    on: name,
    kind: KIND,
    hint: number === E.EACCES && access === O_RDWR
      ? "if one direction is enough, open it with read: false or write: false"
      : undefined,
  });
}

function mqOpen(
  path: Uint8Array<ArrayBuffer>,
  flags: number,
  mode: number,
  attributes: BigInt64Array<ArrayBuffer> | null,
): number {
  // Not O_NONBLOCK, which belongs to the open queue: a program that is given
  // the descriptor expects it blocking, and attempts here have time-outs.
  return libc.mq_open(path, flags | platform.O_CLOEXEC, mode, attributes);
}

/** Whether a name is that of an open queue, as far as one may know. */
export function isNameOf(name: string, fd: number): boolean {
  const path = queueName(name, `unlink a ${KIND}`);
  const other = mqOpen(path, O_RDONLY, 0, null);
  // Without permission to read it, it is taken for ours.
  if (other < 0) return errno() !== E.ENOENT;
  try {
    return identityOf(other) === identityOf(fd);
  } finally {
    base.close(other);
  }
}

/** Removes a queue's name. */
export function unlinkQueue(name: string): void {
  const path = queueName(name, `unlink a ${KIND}`);
  check(libc.mq_unlink(path), "mq_unlink", { on: name, kind: KIND });
}

/** What the kernel knows of a queue: mq_getattr(3). */
export function queueAttributes(
  fd: number,
  name: string,
): QueueSize & { readonly length: number } {
  const attributes = new BigInt64Array(ATTRIBUTES);
  check(libc.mq_getattr(fd, attributes), "mq_getattr", { on: name });
  return {
    maxMessages: Number(attributes[MAXMSG]),
    messageSize: Number(attributes[MSGSIZE]),
    length: Number(attributes[CURMSGS]),
  };
}

function queueName(name: string, verb: string): Uint8Array<ArrayBuffer> {
  requireMqueue();
  return cString(posixName(name, verb, LONGEST_NAME));
}

/** Of the systems here only Linux has POSIX message queues. */
export function requireMqueue(): void {
  if (os === "linux") return;
  notSupported("MessageQueue", "use SysvMessageQueue, or a Unix socket");
}
