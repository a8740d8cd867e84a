/**
 * Two programs that were started independently meet at two FIFOs. Start each in
 * a terminal of its own, in whichever order:
 *
 *     deno run -A examples/fifo_ping_pong.ts server /tmp/pingpong
 *     deno run -A examples/fifo_ping_pong.ts client /tmp/pingpong
 */

import { Fifo, type PipeReader, type PipeWriter } from "@ipc/core/fifo";

const [role, path] = Deno.args;
if (!["server", "client"].includes(role) || path === undefined) {
  console.error("usage: fifo_ping_pong.ts server|client PATH");
  Deno.exit(2);
}

// A FIFO goes one way, so there are two. Whoever comes first makes them, and
// removes them in the end.
using requests = Fifo.ensure(`${path}.requests`, { temporary: true });
using answers = Fifo.ensure(`${path}.answers`, { temporary: true });
const [incoming, outgoing] = role === "server"
  ? [requests, answers]
  : [answers, requests];

// A reading end opens at once, a writing end when the other side reads.
using reader = await incoming.openReader();
using writer = await outgoing.openWriter();

if (role === "server") {
  let count = 0;
  while (await receive(reader) === "ping") {
    count++;
    await send(writer, "pong");
  }
  console.log(`server: ${count} pings`);
} else {
  const begin = performance.now();
  let count = 0;
  for (let round = 0; round < 100; round++) {
    await send(writer, "ping");
    if (await receive(reader) === "pong") count++;
  }
  await send(writer, "end");
  const microseconds = (performance.now() - begin) * 10;
  console.log(`client: ${count} pongs, ${microseconds.toFixed(1)} µs each`);
}

async function send(to: PipeWriter, text: string): Promise<void> {
  await to.writeAll(new TextEncoder().encode(text));
}

async function receive(from: PipeReader): Promise<string> {
  const word = new Uint8Array(4);
  const count = await from.read(word);
  return new TextDecoder().decode(word.subarray(0, count ?? 0));
}
