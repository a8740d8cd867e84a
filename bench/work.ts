/** What a measured side does: opens its side of a case and carries out orders. */

import { setSpinning } from "../mux/mod.ts";
import type { Endpoint, Role, Voice } from "./case.ts";
import { cases } from "./cases/mod.ts";
import { measureAsync, measureSync } from "./measuring.ts";
import {
  type Assignment,
  type Order,
  ordersPath,
  parseOrder,
  type Sample,
} from "./orders.ts";
import { peers } from "./peers/mod.ts";

/** Works until there are no more orders; side `a` prints what came out. */
export async function work(
  { case: name, voice, role, place }: Assignment,
): Promise<void> {
  const own = cases.flatMap((each) => each.peers ?? []);
  const all = [...cases, ...peers, ...own];
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no case "${name}"`);
  if (voice === "async, no spin") setSpinning(0);
  const endpoint = await found.open(place, role);
  for (const order of orders(ordersPath(place, role))) {
    const sample = await carryOut(endpoint, voice, role, order);
    if (sample !== undefined) console.log(JSON.stringify(sample));
  }
}

function carryOut(
  endpoint: Endpoint,
  voice: Voice,
  role: Role,
  order: Order,
): Promise<Sample | undefined> | Sample | undefined {
  if (voice === "sync") return measureSync(endpoint.sync!, role, order);
  return measureAsync(endpoint.async!, role, order);
}

/** Blocks the thread between orders: an idle worker must not disturb others. */
function* orders(path: string): Generator<Order> {
  using file = Deno.openSync(path);
  const buffer = new Uint8Array(256);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const end = text.indexOf("\n");
    if (end >= 0) {
      yield parseOrder(text.slice(0, end));
      text = text.slice(end + 1);
      continue;
    }
    const count = file.readSync(buffer);
    if (count === null) return;
    text += decoder.decode(buffer.subarray(0, count));
  }
}
