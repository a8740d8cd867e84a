/**
 * Two programs and a ring between them: one sends numbers as fast as it can,
 * the other adds them up. Start each in a terminal of its own, in whichever
 * order:
 *
 *     deno run -A examples/shm_ring.ts producer /numbers
 *     deno run -A examples/shm_ring.ts consumer /numbers
 */

import { RingBuffer } from "@ipc/core/shm";

const [role, name, count = "1000000"] = Deno.args;
if (!["producer", "consumer"].includes(role) || name === undefined) {
  console.error("usage: shm_ring.ts producer|consumer NAME [COUNT]");
  Deno.exit(2);
}

// Whoever comes first makes it; the consumer removes it when all is done.
using ring = RingBuffer.ensure(name, { capacity: 65_536 });

if (role === "producer") {
  // Written where the consumer reads it: nothing is copied.
  for (let number = 1; number <= Number(count); number++) {
    const room = ring.reserveSync(8);
    new DataView(room.buffer, room.byteOffset).setFloat64(0, number);
    ring.commit();
  }
} else {
  const begin = performance.now();
  let [sum, messages] = [0, 0];
  try {
    for (;;) {
      const message = ring.peekSync();
      if (message === null) break; // the producer has closed it
      sum += new DataView(message.buffer, message.byteOffset).getFloat64(0);
      messages++;
      ring.release();
    }
  } catch (error) {
    // Killed, not closed: what it sent before has arrived all the same.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    console.error(error.message);
  }
  RingBuffer.unlink(name);
  const seconds = (performance.now() - begin) / 1000;
  const rate = (messages / seconds / 1e6).toFixed(1);
  console.log(`${messages} numbers, sum ${sum}: ${rate} million a second`);
}
