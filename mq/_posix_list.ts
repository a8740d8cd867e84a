/** The names of all POSIX message queues: only their file system has them. */

import { libc as base } from "../_internal/_ffi.ts";
import { errno, systemError } from "../_internal/errno.ts";
import { listDirectory, readTextFile } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import { libc } from "./_ffi.ts";
import { requireMqueue } from "./_posix_open.ts";

// The same on every architecture: syscalls(2).
const SYS_FSOPEN = 430n;
const SYS_FSCONFIG = 431n;
const SYS_FSMOUNT = 432n;
// linux/mount.h
const FSOPEN_CLOEXEC = 1n;
const FSCONFIG_CMD_CREATE = 6n;
const FSMOUNT_CLOEXEC = 1n;

/** Answers the names, in order. */
export function listQueues(): string[] {
  requireMqueue();
  const path = mountPoint();
  const names = path === undefined ? listUnmounted() : listDirectory(path);
  return names.map((name) => `/${name}`).sort();
}

/** Where the file system is mounted: proc_pid_mountinfo(5). */
function mountPoint(): string | undefined {
  for (const line of readTextFile("/proc/self/mountinfo").split("\n")) {
    const [mount, filesystem] = line.split(" - ");
    if (filesystem?.split(" ")[0] !== "mqueue") continue;
    return unescape(mount.split(" ")[4]);
  }
  return undefined;
}

/** Spaces and the like are written as three octal digits. */
function unescape(path: string): string {
  return path.replaceAll(
    /\\(\d{3})/g,
    (_, digits) => String.fromCharCode(parseInt(digits, 8)),
  );
}

/** Has the file system for itself for a moment, mounted nowhere. */
function listUnmounted(): string[] {
  const filesystem = open(
    "fsopen",
    libc.fsopen(SYS_FSOPEN, cString("mqueue"), FSOPEN_CLOEXEC),
  );
  try {
    const fd = BigInt(filesystem);
    const configured = libc
      .fsconfig(SYS_FSCONFIG, fd, FSCONFIG_CMD_CREATE, null, null, 0n);
    open("fsconfig", configured);
    const root = open(
      "fsmount",
      libc.fsmount(SYS_FSMOUNT, fd, FSMOUNT_CLOEXEC, 0n),
    );
    try {
      return listDirectory(`/proc/self/fd/${root}`);
    } finally {
      base.close(root);
    }
  } finally {
    base.close(filesystem);
  }
}

function open(syscall: string, result: bigint): number {
  if (result >= 0n) return Number(result);
  throw systemError(errno(), syscall, {
    on: "mqueue",
    hint: "only the superuser can list message queues before somebody has " +
      "run mkdir -p /dev/mqueue && mount -t mqueue none /dev/mqueue",
  });
}
