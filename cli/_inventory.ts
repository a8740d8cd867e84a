/** All objects of the kernel's that outlive the programs that have made them. */

import { posixItems } from "./_inventory_posix.ts";
import { sysvItems } from "./_inventory_sysv.ts";
import type { Item } from "./_item.ts";
import type { Kind } from "./_object_name.ts";

/** What was found, and what could not be looked at on this system. */
export interface Inventory {
  readonly items: readonly Item[];
  readonly missing: readonly string[];
}

/** Looks for objects of these kinds, in their order. */
export function takeInventory(kinds: readonly Kind[]): Inventory {
  const items: Item[] = [];
  const missing: string[] = [];
  for (const kind of kinds) {
    for (const find of [posixItems, sysvItems]) {
      try {
        items.push(...find(kind));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotSupported)) throw error;
        missing.push(error.message);
      }
    }
  }
  return { items, missing };
}
