/** Threads that come back a little later than the wait they were for ended. */

import { threadsInUse } from "../../_internal/thread.ts";
import { futexReactor } from "../../mux/futex.ts";
import { reactor } from "../../mux/reactor.ts";

/** How long to wait for them, in milliseconds; what is left then has leaked. */
const PATIENCE = 20_000;

/**
 * Resolves when no thread of this isolate waits any more. An abort does not
 * wait for the thread longer than 100 ms, which a machine that is busy may take
 * to run it: pass this to `Deno.test.afterEach` where waits are aborted.
 */
export async function threadsBack(): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (
    (threadsInUse() > 0 || futexReactor.parked || reactor.parked) &&
    performance.now() < end
  ) {
    await new Promise((done) => setTimeout(done));
  }
}
