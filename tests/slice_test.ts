/** How those who never have to wait share the thread with the event loop. */

import { assertEquals, assertGreater } from "@std/assert";
import { nextTurn, sliceIsOver } from "../_internal/slice.ts";

const LANES = 10;

/** How many operations each lane gets until its slice is over, for some turns. */
async function lanes(turns: number): Promise<number[][]> {
  while (!sliceIsOver());
  return await Promise.all(Array.from({ length: LANES }, async () => {
    const counts: number[] = [];
    for (let i = 0; i < turns; i++) {
      await nextTurn();
      let count = 0;
      while (!sliceIsOver()) count++;
      counts.push(count);
    }
    return counts;
  }));
}

Deno.test("all who never wait share one slice of each turn", async () => {
  const counts = await lanes(20);
  for (let turn = 0; turn < 20; turn++) {
    const busy = counts.filter((lane) => lane[turn] > 0);
    assertEquals(busy.length, 1, `in turn ${turn}`);
  }
});

Deno.test("each of them gets it now and then", async () => {
  for (const lane of await lanes(3 * LANES)) {
    assertGreater(lane.filter((count) => count > 0).length, 1);
  }
});

Deno.test("the event loop goes round between any two slices", async () => {
  let turns = 0;
  let running = true;
  function turn(): void {
    turns++;
    if (running) setTimeout(turn, 0);
  }
  const over = Promise.withResolvers<void>();
  setTimeout(turn, 0);
  await lanes(50);
  running = false;
  setTimeout(over.resolve, 5);
  await over.promise;
  assertGreater(turns, 5);
});
