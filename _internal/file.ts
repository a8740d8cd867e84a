/** Opening, removing and telling apart what has a path. */

import { libc } from "./_ffi.ts";
import { check, E, errno, type ErrorContext } from "./errno.ts";
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

/** What the file at `path` is, following links: "FIFO", "directory" …. */
export function fileTypeAt(path: string, context?: ErrorContext): string {
  const buffer = new Uint8Array(platform.stat.size);
  const result = os === "darwin"
    ? libc.stat(cString(path), buffer)
    : libc.statx(platform.AT_FDCWD, cString(path), 0, STATX_TYPE, buffer);
  check(result, "stat", { on: path, ...context });
  return fileType(modeOf(buffer));
}

/** What the open file `fd` is. */
export function fileTypeOf(fd: number): string {
  const buffer = new Uint8Array(platform.stat.size);
  const result = os === "darwin"
    ? libc.fstat(fd, buffer)
    : libc.statx(fd, cString(""), AT_EMPTY_PATH, STATX_TYPE, buffer);
  check(result, "fstat", { on: `fd ${fd}` });
  return fileType(modeOf(buffer));
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
  const buffer = new Uint8Array(platform.stat.size);
  const result = os === "darwin"
    ? libc.lstat(cString(path), buffer)
    : libc.statx(
      platform.AT_FDCWD,
      cString(path),
      platform.AT_SYMLINK_NOFOLLOW,
      STATX_TYPE | STATX_MODE | STATX_INO | STATX_BTIME,
      buffer,
    );
  if (result < 0 && errno() === E.ENOENT) return undefined;
  check(result, "stat", { on: path });
  const mode = modeOf(buffer);
  const { inode, birth } = platform.stat;
  const parts = [inode, birth, birth + 8].map((offset) =>
    new DataView(buffer.buffer).getBigUint64(offset, true)
  );
  return {
    type: fileType(mode),
    mode: mode & ~S_IFMT,
    identity: parts.join(" "),
  };
}

// Linux only, statx(2).
const AT_EMPTY_PATH = 0x1000;
const STATX_TYPE = 1;
const STATX_MODE = 2;
const STATX_INO = 0x100;
const STATX_BTIME = 0x800;

function modeOf(stat: Uint8Array<ArrayBuffer>): number {
  return new DataView(stat.buffer).getUint16(platform.stat.mode, true);
}

function fileType(mode: number): string {
  return FILE_TYPES[mode & S_IFMT] ?? "file of unknown type";
}

/** Opens `path`, always O_CLOEXEC, and answers the descriptor's number. */
export function openFile(
  path: string,
  flags: number,
  context?: ErrorContext,
): number {
  const fd = libc.open(cString(path), flags | platform.O_CLOEXEC, 0);
  return check(fd, "open", { on: path, ...context });
}

/**
 * Like {@linkcode openFile}, but answers undefined instead of throwing when
 * the error is the one that is expected: errors are dear where one is usual.
 */
export function tryOpenFile(
  path: string,
  flags: number,
  expected: number,
  context?: ErrorContext,
): number | undefined {
  const fd = libc.open(cString(path), flags | platform.O_CLOEXEC, 0);
  if (fd < 0 && errno() === expected) return undefined;
  return check(fd, "open", { on: path, ...context });
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
