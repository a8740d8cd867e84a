/** Objects without a name. */

import { libc as base } from "../_internal/_ffi.ts";
import { cText } from "../_internal/arguments.ts";
import { check } from "../_internal/errno.ts";
import { blockSizeOf } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import { notSupported, os } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";
import {
  createObject,
  grow,
  growObject,
  memorySize,
  unlinkObject,
} from "./_object.ts";
import type { MemfdOptions } from "./memfd_options.ts";

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_HUGETLB = 4;

/** NAME_MAX less "memfd:". */
const LONGEST_NAME = 249;

const encoder = new TextEncoder();

/** Makes a memory file: memfd_create(2). Linux. */
export function createMemfd(options: MemfdOptions): number {
  const { size, name = "ipc", sealable, hugePages } = options;
  if (os !== "linux") {
    notSupported("a memfd", "use SharedMemory.anonymous() instead");
  }
  memorySize(size, "create a memfd");
  requireName(name);
  const flags = MFD_CLOEXEC | (sealable ? MFD_ALLOW_SEALING : 0) |
    (hugePages ? MFD_HUGETLB : 0);
  const fd = libc.memfd_create(cString(name), flags);
  check(fd, "memfd_create", { on: name });
  try {
    if (hugePages) requireMultiple(size, blockSizeOf(fd));
    if (hugePages) grow(fd, size, name);
    else growObject(fd, size, name);
    return fd;
  } catch (error) {
    base.close(fd);
    throw error;
  }
}

function requireName(name: string): void {
  cText(name, "create a memfd", "the name");
  const length = encoder.encode(name).length;
  if (length <= LONGEST_NAME) return;
  throw new RangeError(
    `Cannot create a memfd: the name must have at most ${LONGEST_NAME} bytes: ` +
      `it has ${length}`,
  );
}

function requireMultiple(size: number, page: number): void {
  if (size % page === 0) return;
  throw new RangeError(
    `Cannot create a memfd: the size in bytes must be a multiple of ${page}, ` +
      `the size of a huge page: current value is ${size}`,
  );
}

/** Makes an object that nobody can open. */
export function createUnnamed(size: number): number {
  memorySize(size, "create anonymous memory");
  if (os === "linux") return createMemfd({ size });
  const name = `/ipc-${crypto.randomUUID().slice(0, 23)}`;
  const fd = createObject(name, size, 0o600);
  unlinkObject(name);
  return fd;
}
