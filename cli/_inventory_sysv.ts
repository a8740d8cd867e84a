/** System V objects. */

import { SysvMessageQueue } from "../mq/mod.ts";
import { SysvSemaphoreSet } from "../sem/mod.ts";
import { SysvSharedMemory } from "../shm/mod.ts";
import { ifPossible, type Item } from "./_item.ts";
import type { Kind } from "./_object_name.ts";

/** All of a kind. */
export function sysvItems(kind: Kind): Item[] {
  switch (kind) {
    case "mq":
      return SysvMessageQueue.list().map((entry) => ({
        ...common(kind, entry),
        size: ifPossible(() => SysvMessageQueue.fromId(entry.id).stat())
          ?.maxBytes,
        messages: entry.length,
      }));
    case "shm":
      return SysvSharedMemory.list().map((entry) => ({
        ...common(kind, entry),
        size: entry.size,
        users: entry.attached,
      }));
    case "sem":
      return SysvSemaphoreSet.list().map((entry) => ({
        ...common(kind, entry),
        values: ifPossible(() => SysvSemaphoreSet.fromId(entry.id).values),
      }));
  }
}

interface Entry {
  readonly id: number;
  readonly key: number;
  readonly uid: number;
  readonly mode: number;
  readonly changed?: Date;
}

function common(kind: Kind, { id, key, uid, mode, changed }: Entry): Item {
  return { kind, id, key, uid, mode, since: changed };
}
