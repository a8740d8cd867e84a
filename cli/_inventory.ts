/** All objects of the kernel's that outlive the programs that have made them. */

import { posixItems } from "./_inventory_posix.ts";
import { sysvItems } from "./_inventory_sysv.ts";
import type { Item } from "./_item.ts";
import type { Kind } from "./_object_name.ts";

/** What was found, and why the rest could not be looked for. */
export interface Inventory {
  readonly items: readonly Item[];
  readonly errors: readonly Error[];
}

/** Looks for objects of these kinds, in their order. */
export function takeInventory(kinds: readonly Kind[]): Inventory {
  const items: Item[] = [];
  const errors: Error[] = [];
  for (const kind of kinds) {
    for (const find of [posixItems, sysvItems]) {
      try {
        items.push(...find(kind));
      } catch (error) {
        errors.push(error as Error);
      }
    }
  }
  return { items, errors };
}
