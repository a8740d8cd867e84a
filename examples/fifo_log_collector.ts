/**
 * Collects lines from any number of programs, which come and go, until Ctrl-C:
 *
 *     deno run -A examples/fifo_log_collector.ts /tmp/log
 *     echo hello > /tmp/log        # in another terminal, as often as you like
 */

import { Fifo } from "@ipc/core/fifo";

const [path] = Deno.args;
if (path === undefined) {
  console.error("usage: fifo_log_collector.ts PATH");
  Deno.exit(2);
}

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

// Everybody may write, only this user may read.
using fifo = Fifo.create(path, { mode: 0o622, temporary: true });
// Persistent: the end of one writer is not the end.
using reader = await fifo.openReader({ persistent: true });
console.error(`collecting lines from ${path}`);

// Up to 4,096 bytes that were written at once arrive in one piece, so that
// lines never get mixed up. Several may come at once, or half of a long one.
const text = reader.readable
  .pipeThrough(new TextDecoderStream(), { signal: stop.signal });

let count = 0;
let rest = "";
try {
  for await (const piece of text) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    for (const line of lines) console.log(`${++count}: ${line}`);
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
console.error(`${count} lines collected`);
