/** How much more an event counter can hold. */

import { libc } from "../_internal/_ffi.ts";
import { Descriptor } from "../_internal/descriptor.ts";
import { check } from "../_internal/errno.ts";
import { openFile } from "../_internal/file.ts";
import { F_GETFL, O_RDONLY, platform, POLLOUT } from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";

/** The most that a counter holds: eventfd(2). */
export const MOST = 0xffff_ffff_ffff_fffen;

/**
 * Whether adding `count` would have to wait. A child that shares the counter
 * may want to block in it, so its O_NONBLOCK is not ours to set.
 */
export function wouldWait(fd: number, count: bigint): boolean {
  const flags = check(libc.fcntl(fd, F_GETFL, 0n), "fcntl");
  if ((flags & platform.O_NONBLOCK) !== 0) return false;
  if ((poll(fd, POLLOUT, 0) & POLLOUT) === 0) return true;
  return count > 1n && MOST - counterOf(fd) < count;
}

/** What the counter holds, taking nothing: proc_pid_fdinfo(5). */
function counterOf(fd: number): bigint {
  using info = new Descriptor(openFile(`/proc/self/fdinfo/${fd}`, O_RDONLY));
  const text = new Uint8Array(1024);
  const length = check(libc.read(info.fd, text, 1024n), "read");
  const [, hex] = new TextDecoder().decode(text.subarray(0, length))
    .match(/^eventfd-count:\s*([0-9a-f]+)$/m) ?? [];
  return BigInt(`0x${hex ?? "0"}`);
}
