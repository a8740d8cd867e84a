/** Opening the two ends of a FIFO without ever waiting in open(2). */

import { Descriptor } from "../_internal/descriptor.ts";
import { libc as base } from "../_internal/_ffi.ts";
import { E } from "../_internal/errno.ts";
import { toError } from "../_internal/error.ts";
import {
  fileTypeAt,
  fileTypeOf,
  openFile,
  tryOpenFile,
} from "../_internal/file.ts";
import { O_RDONLY, O_WRONLY, platform } from "../_internal/platform.ts";
import { newPipeReader, type PipeReader } from "../pipe/reader.ts";
import { newPipeWriter, type PipeWriter } from "../pipe/writer.ts";
import { fifoParking, writersHaveGone } from "./_end_of_file.ts";

/** What to call what is missing, in errors. */
export const KIND = { kind: "FIFO" };

/** Refuses a path under which there is something else than a FIFO. */
export function requireFifo(path: string): void {
  const type = fileTypeAt(path, KIND);
  if (type !== "FIFO") throw notFifo(path, type);
}

/** Opens the reading end, which succeeds whether or not there is a writer. */
export function openReader(path: string, persistent: boolean): PipeReader {
  const descriptor = openEnd(path, O_RDONLY);
  try {
    // Our own writing end keeps the last of the others from being the last.
    const companion = persistent ? openEnd(path, O_WRONLY) : undefined;
    return newPipeReader(descriptor, {
      atEnd: writersHaveGone,
      parking: fifoParking(descriptor),
      companion,
    });
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

/** Opens the writing end; undefined while there is no reader. */
export function tryOpenWriter(path: string): PipeWriter | undefined {
  // ENXIO: no reader, fifo(7). It also says that this is a socket.
  const flags = O_WRONLY | platform.O_NONBLOCK;
  const fd = tryOpenFile(path, flags, E.ENXIO, KIND);
  if (fd !== undefined) return newPipeWriter(own(fd, path));
  requireFifo(path);
  return undefined;
}

function openEnd(path: string, flags: number): Descriptor {
  return own(openFile(path, flags | platform.O_NONBLOCK, KIND), path);
}

function own(fd: number, path: string): Descriptor {
  const type = fileTypeOf(fd);
  if (type === "FIFO") return new Descriptor(fd, path);
  base.close(fd);
  throw notFifo(path, type);
}

function notFifo(path: string, type: string): Error {
  const code = type === "directory" ? "EISDIR" : "EINVAL";
  return toError(`${code}: not a FIFO but a ${type}, open '${path}'`, {
    code,
    errno: E[code],
    syscall: "open",
  });
}
