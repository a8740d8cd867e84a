/** What waits learn about how to begin. */

import { assertEquals, assertThrows } from "@std/assert";
import { Spin } from "../_internal/spin.ts";
import { WaitQueue } from "../_internal/wait.ts";

/** Blocks in a test that must not. */
function block(): never {
  throw new Error("it blocked");
}

/** An attempt whose value is there when the processor was given away. */
function late(): () => true | undefined {
  let attempts = 0;
  return () => ++attempts > 1 || undefined;
}

/** Four answers that came just after yielding. */
function becomesLate(spin: Spin): void {
  for (let i = 0; i < 4; i++) {
    assertEquals(spin.blocksFirst(), false);
    assertEquals(spin.attempt(late(), block), true);
  }
}

Deno.test("a wait whose answers come after yielding begins by blocking", () => {
  const spin = new Spin();
  becomesLate(spin);
  assertEquals(spin.blocksFirst(), true);
  let milliseconds = 0;
  const value = spin.attempt<string>(
    () => undefined,
    (most) => {
      milliseconds = most;
      return "blocked";
    },
  );
  assertEquals([value, milliseconds], ["blocked", Infinity]);
});

Deno.test("a wait that begins by blocking looks from time to time", () => {
  const spin = new Spin();
  becomesLate(spin);
  let blocked = 0;
  while (spin.blocksFirst()) blocked++;
  assertEquals(blocked, 63);
  // It still does not block, although that was asked for before.
  assertEquals(spin.attempt(late(), block), true);
  assertEquals(spin.blocksFirst(), true);
});

Deno.test("what is there at once ends blocking only where nobody may block", () => {
  const spin = new Spin();
  becomesLate(spin);
  while (spin.blocksFirst());
  assertEquals(spin.attempt(() => true, block), true);
  assertEquals(spin.blocksFirst(), true);
  // One in sixteen is attempted at once, the others after yielding.
  for (let i = 0; i < 16; i++) spin.attempt(() => true);
  assertEquals(spin.blocksFirst(), false);
});

Deno.test("who waits longer than a moment ends blocking", () => {
  const spin = new Spin();
  becomesLate(spin);
  while (spin.blocksFirst());
  assertEquals(spin.attempt(() => undefined, block), undefined);
  assertEquals(spin.blocksFirst(), false);
});

Deno.test("nobody blocks first while an asynchronous wait is pending", async () => {
  const spin = new Spin();
  const queue = new WaitQueue(
    {
      park: () => (done) => done(),
      parkSync: block,
    },
    "receive",
    "test",
    spin,
  );
  becomesLate(spin);
  assertEquals(queue.blocksFirst(), true);
  const controller = new AbortController();
  const { signal } = controller;
  const pending = Promise.allSettled([
    queue.run<true>(() => undefined, { signal }),
  ]);
  assertEquals(queue.blocksFirst(), false);
  const busy = () => queue.runSync<true>(() => true, {}, block);
  assertThrows(busy, Deno.errors.Busy);
  controller.abort();
  await pending;
});

Deno.test("a wait with a limit, or for no answer, begins with an attempt", () => {
  const spin = new Spin();
  const parking = { park: () => block(), parkSync: block };
  const queue = new WaitQueue(parking, "receive", "test", spin);
  becomesLate(spin);
  const limit = { timeout: 1000 };
  assertEquals(queue.runSync(() => true, limit, block, true), true);
  assertEquals(queue.runSync(() => true, {}, block), true);
  assertEquals(queue.runSync<boolean>(block, {}, () => false, true), false);
});
