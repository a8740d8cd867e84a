/** What the Worker of `deno_worker.ts` runs: side `b`. */

import type { Assignment } from "../orders.ts";
import { work } from "../work.ts";

self.addEventListener("message", async (event) => {
  await work((event as MessageEvent<Assignment>).data);
  self.close();
}, { once: true });
