/** POSIX objects, as far as Linux shows them. */

import { MessageQueue } from "../mq/mod.ts";
import { Semaphore } from "../sem/mod.ts";
import { SharedMemory } from "../shm/mod.ts";
import { ifPossible, type Item } from "./_item.ts";
import { countUsers, type Users } from "./_mapped_files.ts";
import type { Kind } from "./_object_name.ts";

const MODE = 0o7777;

/** All of a kind. */
export function posixItems(kind: Kind): Item[] {
  switch (kind) {
    case "mq":
      return MessageQueue.list().map(queueItem).filter(isThere);
    case "shm":
      return mapped(SharedMemory.list(), (name) => `/dev/shm${name}`)
        .map(({ name, info, ...users }) => ({
          kind,
          name,
          size: info.size,
          ...users,
          ...ownership(info),
        }));
    case "sem":
      return mapped(Semaphore.list(), (name) => `/dev/shm/sem.${name.slice(1)}`)
        .map(({ name, info, ...users }) => ({
          kind,
          name,
          size: info.size,
          ...users,
          values: valuesOf(name),
          ...ownership(info),
        }));
  }
}

/** Undefined if it has been removed meanwhile. */
function queueItem(name: string): Item | undefined {
  try {
    using queue = MessageQueue.open(name, { write: false });
    const { maxMessages, messageSize, length: messages } = queue;
    const size = maxMessages * messageSize;
    const owned = ownershipAt(`/proc/self/fd/${queue.fd}`);
    return { kind: "mq", name, size, messages, maxMessages, ...owned };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    return { kind: "mq", name, ...ownershipAt(`/dev/mqueue${name}`) };
  }
}

function ownershipAt(path: string): ReturnType<typeof ownership> | undefined {
  const info = infoOf(path);
  return info && ownership(info);
}

interface Mapped extends Users {
  readonly name: string;
  readonly info: Deno.FileInfo;
}

/** Those of some files that are there still, and how many have them mapped. */
function mapped(
  names: readonly string[],
  pathOf: (name: string) => string,
): Mapped[] {
  if (names.length === 0) return [];
  const usersOf = countUsers();
  return names.flatMap((name) => {
    const info = infoOf(pathOf(name));
    // A directory, say, that is called like a semaphore is none.
    if (!info?.isFile) return [];
    return [{ name, info, ...usersOf(info.ino ?? 0) }];
  });
}

function valuesOf(name: string): number[] | undefined {
  using semaphore = ifPossible(() => Semaphore.open(name));
  return semaphore && [semaphore.value];
}

function infoOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    // Removed meanwhile, or not to be seen.
    return undefined;
  }
}

function ownership(
  { uid, mode, birthtime, ctime }: Deno.FileInfo,
): Pick<Item, "uid" | "mode" | "since"> {
  return {
    uid: uid ?? undefined,
    mode: mode === null ? undefined : mode & MODE,
    since: birthtime ?? ctime ?? undefined,
  };
}

function isThere(item: Item | undefined): item is Item {
  return item !== undefined;
}
