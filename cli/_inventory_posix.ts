/** POSIX objects, as far as Linux shows them. */

import { MessageQueue } from "../mq/mod.ts";
import { Semaphore } from "../sem/mod.ts";
import { SharedMemory } from "../shm/mod.ts";
import { ifAllowed, type Item } from "./_item.ts";
import { countUsers } from "./_mapped_files.ts";
import type { Kind } from "./_object_name.ts";

const MODE = 0o7777;

/** All of a kind. */
export function posixItems(kind: Kind): Item[] {
  switch (kind) {
    case "mq":
      return MessageQueue.list().map(queueItem).filter(isThere);
    case "shm":
      return mapped(SharedMemory.list(), (name) => `/dev/shm${name}`)
        .map(({ name, info, users }) => ({
          kind,
          name,
          size: info.size,
          users,
          ...ownership(info),
        }));
    case "sem":
      return mapped(Semaphore.list(), (name) => `/dev/shm/sem.${name.slice(1)}`)
        .map(({ name, info, users }) => ({
          kind,
          name,
          size: info.size,
          users,
          values: valuesOf(name),
          ...ownership(info),
        }));
  }
}

function queueItem(name: string): Item | undefined {
  using queue = ifAllowed(() => MessageQueue.open(name, { write: false }));
  const path = queue ? `/proc/self/fd/${queue.fd}` : `/dev/mqueue${name}`;
  const info = infoOf(path);
  if (queue === undefined && info === undefined) return { kind: "mq", name };
  return {
    kind: "mq",
    name,
    size: queue && queue.maxMessages * queue.messageSize,
    messages: queue?.length,
    maxMessages: queue?.maxMessages,
    ...(info && ownership(info)),
  };
}

/** Those of some files that are there still, and how many have them mapped. */
function mapped(
  names: readonly string[],
  pathOf: (name: string) => string,
): { name: string; info: Deno.FileInfo; users: number }[] {
  if (names.length === 0) return [];
  const users = countUsers();
  return names.flatMap((name) => {
    const info = infoOf(pathOf(name));
    if (info === undefined) return [];
    return [{ name, info, users: users.get(info.ino ?? 0) ?? 0 }];
  });
}

function valuesOf(name: string): number[] | undefined {
  using semaphore = ifAllowed(() => Semaphore.open(name));
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
