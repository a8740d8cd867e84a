/** Opening, removing and telling apart what has a path. */

import { libc } from "./_ffi.ts";
import { check, E, errno, type ErrorContext, systemError } from "./errno.ts";
import { cString } from "./memory.ts";
import { O_RDONLY, os, platform, S_IFMT } from "./platform.ts";

/** What a file is, by the S_IFMT bits of its mode. inode(7). */
const FILE_TYPES: Readonly<Record<number, string>> = {
  0x1000: "FIFO",
  0x2000: "character device",
  0x4000: "directory",
  0x6000: "block device",
  0x8000: "regular file",
  0xa000: "symbolic link",
  0xc000: "socket",
};

/** What is none of these. */
export const UNKNOWN_TYPE = "file of unknown type";

/** What the file at `path` is, following links: "FIFO", "directory" …. */
export function fileTypeAt(path: string, context?: ErrorContext): string {
  return fileType(statAt(path, context));
}

/** What the open file `fd` is. */
export function fileTypeOf(fd: number): string {
  return fileType(statOf(fd));
}

/** What {@linkcode lookAt} sees. */
export interface FileLook {
  readonly type: string;
  /** Permission bits. */
  readonly mode: number;
  /**
   * Tells it from whatever else was or will be under the path: the inode's
   * number, which may be used again, and when it was made.
   */
  readonly identity: string;
}

/**
 * Looks at what is under `path` itself, not at what a link leads to; answers
 * undefined if there is nothing.
 */
export function lookAt(path: string): FileLook | undefined {
  const stat = tryStat(path, false);
  if (stat === undefined) return undefined;
  const { inode, birth } = platform.stat;
  const parts = [inode, birth, birth + 8]
    .map((offset) => stat.getBigUint64(offset, true));
  return {
    type: fileType(stat),
    mode: modeOf(stat) & ~S_IFMT,
    identity: parts.join(" "),
  };
}

/** How many bytes the open file `fd` has. */
export function fileLengthOf(fd: number): number {
  return Number(statOf(fd).getBigInt64(platform.stat.length, true));
}

/** How many bytes the file at `path` has, following links. */
export function fileLengthAt(path: string): number {
  return Number(statAt(path).getBigInt64(platform.stat.length, true));
}

/** How the system would like the open file `fd` to be divided, in bytes. */
export function blockSizeOf(fd: number): number {
  return statOf(fd).getUint32(platform.stat.blockSize, true);
}

/** What no two files have in common, of the open file `fd`. */
export function identityOf(fd: number): string {
  return identity(statOf(fd));
}

/** The same of the file at `path`, following links. */
export function identityAt(path: string): string {
  return identity(statAt(path));
}

/** The number of the file at `path`, following links. */
export function inodeAt(path: string): bigint {
  return statAt(path).getBigUint64(platform.stat.inode, true);
}

// Linux only, statx(2).
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;

function statAt(path: string, context?: ErrorContext): DataView {
  const buffer = new Uint8Array(platform.stat.size);
  check(stat(path, buffer, true), "stat", { on: path, ...context });
  return new DataView(buffer.buffer);
}

function tryStat(path: string, follow: boolean): DataView | undefined {
  const buffer = new Uint8Array(platform.stat.size);
  const result = stat(path, buffer, follow);
  if (result < 0 && errno() === E.ENOENT) return undefined;
  check(result, "stat", { on: path });
  return new DataView(buffer.buffer);
}

function stat(
  path: string,
  buffer: Uint8Array<ArrayBuffer>,
  follow: boolean,
): number {
  const name = cString(path);
  if (os === "darwin") {
    return follow ? libc.stat(name, buffer) : libc.lstat(name, buffer);
  }
  const { AT_FDCWD, AT_SYMLINK_NOFOLLOW } = platform;
  const flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
  const mask = STATX_BASIC_STATS | STATX_BTIME;
  return libc.statx(AT_FDCWD, name, flags, mask, buffer);
}

function statOf(fd: number): DataView {
  const buffer = new Uint8Array(platform.stat.size);
  const result = os === "darwin"
    ? libc.fstat(fd, buffer)
    : libc.statx(fd, cString(""), AT_EMPTY_PATH, STATX_BASIC_STATS, buffer);
  check(result, "fstat", { on: `fd ${fd}` });
  return new DataView(buffer.buffer);
}

function modeOf(stat: DataView): number {
  return stat.getUint16(platform.stat.mode, true);
}

function identity(stat: DataView): string {
  const { device, inode } = platform.stat;
  // Two numbers of 32 bits on Linux: major and minor.
  const on = os === "darwin"
    ? stat.getInt32(device, true)
    : stat.getBigUint64(device, true);
  return `${on}:${stat.getBigUint64(inode, true)}`;
}

function fileType(stat: DataView): string {
  const mode = modeOf(stat);
  return FILE_TYPES[mode & S_IFMT] ?? UNKNOWN_TYPE;
}

/** Opens `path`, always O_CLOEXEC, and answers the descriptor's number. */
export function openFile(
  path: string,
  flags: number,
  context?: ErrorContext,
  mode: number = 0,
): number {
  const fd = libc.open(cString(path), flags | platform.O_CLOEXEC, mode);
  return check(fd, "open", { on: path, ...context });
}

/**
 * Like {@linkcode openFile}, but answers undefined instead of throwing when
 * the error is the one that is expected, or trying again may help: errors are
 * dear where one is usual.
 */
export function tryOpenFile(
  path: string,
  flags: number,
  expected: number,
  context?: ErrorContext,
): number | undefined {
  const fd = libc.open(cString(path), flags | platform.O_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const number = errno();
  // EAGAIN: a lease has to end before, fcntl(2). Or it is not of this call: a
  // lock within V8 leaves it here when a thread has to wait for it just now.
  if (number === expected || number === E.EAGAIN) return undefined;
  throw systemError(number, "open", { on: path, ...context });
}

/** Removes the name `path`. */
export function unlinkFile(path: string, context?: ErrorContext): void {
  check(libc.unlink(cString(path)), "unlink", { on: path, ...context });
}

/** All of a small file, such as those in /proc. */
export function readTextFile(path: string): string {
  const fd = openFile(path, O_RDONLY);
  try {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(4096);
    for (let text = "";;) {
      const count = libc.read(fd, buffer, BigInt(buffer.length));
      check(count, "read", { on: path });
      if (count === 0) return text;
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } finally {
    libc.close(fd);
  }
}

// struct dirent of Linux: readdir(3).
const DIRENT_NAME = 19;

/** The names in a directory, without "." and "..". Linux. */
export function listDirectory(path: string, context?: ErrorContext): string[] {
  const directory = libc.opendir(cString(path));
  if (directory === null) check(-1, "opendir", { on: path, ...context });
  const names: string[] = [];
  for (;;) {
    const entry = libc.readdir(directory);
    if (entry === null) break;
    const view = new Deno.UnsafePointerView(entry);
    const name = view.getCString(DIRENT_NAME);
    if (name !== "." && name !== "..") names.push(name);
  }
  libc.closedir(directory);
  return names;
}
