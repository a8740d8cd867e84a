/** A Worker with a stream: says what it gets, and closes it when told to. */

import { realtime, SignalStream } from "../../signal/mod.ts";

const stream = SignalStream.open([realtime(3)]);
addEventListener("message", () => {
  stream.close();
  postMessage("closed");
});
postMessage("open");
try {
  for await (const { value } of stream) postMessage(value);
} catch (error) {
  if (!(error instanceof Deno.errors.BadResource)) throw error;
}

function postMessage(message: unknown): void {
  (self as unknown as Worker).postMessage(message);
}
