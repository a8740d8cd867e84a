/** readable() and writable() of every kind of descriptor. */

import { assertEquals, assertRejects } from "@std/assert";
import { EventFd } from "@ipc/core/event";
import { readable, writable } from "@ipc/core/mux";
import { BarePair } from "./_util/descriptors.ts";
import { KINDS } from "./_util/kinds.ts";
import { messageQueue, QUEUE_LENGTH, send } from "./_util/objects.ts";
import { Deadline } from "./_util/peer.ts";
import { missing } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";

for (const [kind, make] of Object.entries(KINDS)) {
  Deno.test(`readable() waits for ${kind}, as an object and as a number`, {
    ignore: !LINUX || missing("sleep"),
  }, async () => {
    using deadline = new Deadline();
    await using stack = new AsyncDisposableStack();
    const { fd, rouse } = await make(stack);
    const number = typeof fd === "number" ? fd : fd.fd;
    let ready = 0;
    const waits = [fd, number].map((one) =>
      readable(one, deadline).then(() => ready++)
    );
    // Whoever would be ready at once has had the chance to say so.
    using pipe = BarePair.pipe();
    await writable(pipe.writer, deadline);
    assertEquals(ready, 0);
    rouse();
    await Promise.all(waits);
    await readable(fd, deadline);
  });
}

Deno.test("writable() waits for room in a counter, a queue and a socket", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  using event = EventFd.create({ value: 2n ** 64n - 2n });
  using queue = messageQueue();
  using sockets = BarePair.sockets();
  for (let i = 0; i < QUEUE_LENGTH; i++) send(queue);
  sockets.reader.fill();
  const fulls = [
    [event, () => event.tryWait()],
    [sockets.reader, () => sockets.writer.drain()],
  ] as const;
  for (const [fd, empty] of fulls) {
    const waiting = writable(fd, deadline);
    empty();
    await waiting;
  }
  // Nobody takes anything out of the queue.
  const signal = AbortSignal.timeout(10);
  await assertRejects(() => writable(queue, { signal }), DOMException);
});

Deno.test(
  "a number that is closed or used again meanwhile ends readable() and writable()",
  {
    ignore: !LINUX,
  },
  async () => {
    using deadline = new Deadline();
    using closed = BarePair.pipe();
    using reused = BarePair.pipe();
    using full = BarePair.pipe();
    using other = BarePair.pipe();
    full.writer.fill();
    const waits = [
      readable(closed.reader.fd, deadline),
      readable(reused.reader.fd, deadline),
      writable(full.writer.fd, deadline),
    ].map((wait) => assertRejects(() => wait, Deno.errors.BadResource));
    closed.reader.close();
    full.writer.close();
    using number = reused.reader.replaceBy(other.reader);
    // What comes to the new one is its own business.
    other.writer.write();
    await readable(number.fd, deadline);
    await Promise.all(waits);
  },
);
