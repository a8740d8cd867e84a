/** What callers give to be sent, checked and in the form the kernel takes. */

import { bytes, wholeNumber } from "../_internal/arguments.ts";
import { notSupported, platform } from "../_internal/platform.ts";
import { fdOf, type Watchable } from "../mux/watchable.ts";
import { encodeControl, MOST_FDS } from "./_control.ts";
import { libc } from "./_ffi.ts";
import type { Credentials } from "./credentials.ts";
import type { SendOptions } from "./message_options.ts";

const MOST_PID = 0x7fffffff;
const MOST_ID = 0xffffffff;

const encoder = new TextEncoder();
/** The bytes of what is to be sent; text is UTF-8. */
export function toBytes(data: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof data === "string" ? encoder.encode(data) : bytes(data, "send");
}

/**
 * Makes the ancillary data for what the options say; undefined if they say
 * nothing. It is made anew for each attempt, because a descriptor's object may
 * have been closed since the last, and its number be another's.
 */
export function controlMaker(
  options: SendOptions | undefined,
): ControlMaker | undefined {
  if (options === undefined) return undefined;
  const { fds = [], credentials = false } = options;
  if (fds.length === 0 && credentials === false) return undefined;
  if (fds.length > MOST_FDS) {
    throw new RangeError(
      `Cannot send: there must be at most ${MOST_FDS} descriptors: ` +
        `current value is ${fds.length}`,
    );
  }
  const identity = toCredentials(credentials);
  const numbers = () => fds.map((fd: Watchable) => fdOf(fd, "send"));
  numbers();
  return () => encodeControl({ fds: numbers(), credentials: identity });
}

/** Makes the ancillary data of one attempt. */
export type ControlMaker = () => Uint8Array<ArrayBuffer>;

function toCredentials(
  credentials: boolean | Credentials,
): Credentials | undefined {
  if (credentials === false) return undefined;
  if (platform.SCM_CREDENTIALS === 0) {
    notSupported("a message with credentials", "ask for the connection's peer");
  }
  if (credentials === true) {
    return { pid: libc.getpid(), uid: libc.getuid(), gid: libc.getgid() };
  }
  const { pid, uid, gid } = credentials;
  wholeNumber(pid, "send", "the pid", 1, MOST_PID);
  wholeNumber(uid, "send", "the uid", 0, MOST_ID);
  wholeNumber(gid, "send", "the gid", 0, MOST_ID);
  return { pid, uid, gid };
}
