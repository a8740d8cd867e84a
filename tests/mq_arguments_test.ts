/** What cannot be meant is refused before anything is sent or received. */

import { assertEquals, assertThrows } from "@std/assert";
import { IpcError, MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
import { queueName } from "./_util/queues.ts";

const LINUX = Deno.build.os === "linux";

/** A queue of either kind that has room. */
function queues(): (MessageQueue | SysvMessageQueue)[] {
  const sysv = SysvMessageQueue.createPrivate({ temporary: true });
  if (!LINUX) return [sysv];
  const options = { maxMessages: 2, messageSize: 8, temporary: true };
  return [MessageQueue.create(queueName(), options), sysv];
}

Deno.test("a time-out that cannot be is refused although there is room", () => {
  for (using queue of queues()) {
    for (const timeout of [-1, NaN]) {
      assertThrows(() => queue.sendSync("x", { timeout }), RangeError);
    }
    for (const timeout of ["5", null, {}] as unknown as number[]) {
      assertThrows(() => queue.sendSync("x", { timeout }), TypeError);
      assertThrows(() => queue.receiveSync({ timeout }), TypeError);
    }
    assertEquals(queue.tryReceive(), undefined);
  }
});

Deno.test("a time-out may be as long as a number can say", () => {
  for (using queue of queues()) {
    const timeout = Number.MAX_VALUE;
    queue.sendSync("x", { timeout });
    assertEquals(queue.receiveSync({ timeout }).data.length, 1);
  }
});

Deno.test("trySend() says that a message never fits", () => {
  using queue = SysvMessageQueue.createPrivate({ temporary: true });
  queue.setMaxBytes(64);
  const error = assertThrows(() => queue.trySend(new Uint8Array(65)), IpcError);
  assertEquals(error.code, "EMSGSIZE");
  assertEquals(queue.trySend(new Uint8Array(64)), true);
  assertEquals(queue.trySend(new Uint8Array(1)), false);
});
