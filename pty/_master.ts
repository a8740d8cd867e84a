/** Making a pseudo-terminal: pty(7). */

import { libc as base } from "../_internal/_ffi.ts";
import { Descriptor } from "../_internal/descriptor.ts";
import { check, checkReturned } from "../_internal/errno.ts";
import { openFile } from "../_internal/file.ts";
import { O_RDWR, platform } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";

/** Names are like `/dev/pts/12`, and at most 128 bytes long on macOS. */
const NAME_SIZE = 128;

/**
 * Opens the side of a new one that a terminal emulator has.
 *
 * @returns The descriptor, and the path of the side that programs have.
 */
export function openMaster(): { readonly fd: number; readonly name: string } {
  const flags = O_RDWR | platform.O_NOCTTY | platform.O_CLOEXEC |
    platform.O_NONBLOCK;
  const fd = check(libc.posix_openpt(flags), "posix_openpt");
  try {
    check(libc.grantpt(fd), "grantpt");
    check(libc.unlockpt(fd), "unlockpt");
    const name = new Uint8Array(NAME_SIZE);
    checkReturned(libc.ptsname_r(fd, name, BigInt(NAME_SIZE)), "ptsname_r");
    const end = name.indexOf(0);
    return { fd, name: new TextDecoder().decode(name.subarray(0, end)) };
  } catch (error) {
    base.close(fd);
    throw error;
  }
}

/**
 * Opens the side that programs have, without being controlled by it.
 *
 * @param master What it is closed with, at the latest.
 */
export function openSlave(master: Descriptor): Descriptor {
  const { name } = master;
  const flags = O_RDWR | platform.O_NOCTTY | platform.O_NONBLOCK;
  const slave = new Descriptor(openFile(name, flags), name);
  master.onClose(() => slave.close());
  return slave;
}
