/**
 * The ping-pong of the textbooks over one System V queue, which programs in C
 * or Python can play, too: the key is made of a file and the number 65, pings
 * are of type 10 and pongs of type 11. Start each in a terminal of its own:
 *
 *     deno run -A examples/mq_ping_pong.ts server /tmp
 *     deno run -A examples/mq_ping_pong.ts client /tmp
 */

import { ftok, SysvMessageQueue } from "@ipc/core/mq";

const PING = 10;
const PONG = 11;

const [role, path] = Deno.args;
if (!["server", "client"].includes(role) || path === undefined) {
  console.error("usage: mq_ping_pong.ts server|client PATH");
  Deno.exit(2);
}

// Whoever comes first makes it. The server hears the last word: it removes it.
using queue = SysvMessageQueue.ensure(ftok(path, 65));

if (role === "server") {
  let count = 0;
  while (await receive(PING) === "ping") {
    count++;
    await queue.send("pong", { type: PONG });
  }
  queue.remove();
  console.log(`server: ${count} pings`);
} else {
  const begin = performance.now();
  let count = 0;
  for (let round = 0; round < 100; round++) {
    await queue.send("ping", { type: PING });
    if (await receive(PONG) === "pong") count++;
  }
  await queue.send("end", { type: PING });
  const microseconds = (performance.now() - begin) * 10;
  console.log(`client: ${count} pongs, ${microseconds.toFixed(1)} µs each`);
}

async function receive(type: number): Promise<string> {
  const { data } = await queue.receive({ type });
  return new TextDecoder().decode(data);
}
