/**
 * Starts several workers of which only two work at a time, however many there
 * are: a counter of free slots that all of them share. Linux only.
 *
 *     deno run -A examples/event_job_slots.ts
 */

import { EventFd } from "@ipc/core/event";
import { spawn } from "@ipc/core/pipe";

const WORKERS = 5;
const AT_ONCE = 2;

/** The numbers under which a worker finds the counters. */
const SLOTS = 3;
const DONE = 4;

if (Deno.args[0] === "worker") {
  using slots = EventFd.fromFd(SLOTS);
  using done = EventFd.fromFd(DONE);
  await slots.wait(); // takes one slot, or waits until one is free
  console.log(`worker ${Deno.args[1]} begins`);
  await new Promise((resolve) => setTimeout(resolve, 10)); // the work
  console.log(`worker ${Deno.args[1]} ends`);
  slots.signal();
  done.signal();
} else {
  using slots = EventFd.create({ value: AT_ONCE, semaphore: true });
  using done = EventFd.create();
  const workers = Array.from(
    { length: WORKERS },
    (_, i) =>
      spawn(Deno.execPath(), {
        args: ["run", "-A", "--quiet", import.meta.url, "worker", `${i + 1}`],
        fds: { [SLOTS]: slots, [DONE]: done },
      }),
  );
  // A wait takes as much as there is: several may have ended meanwhile.
  let ended = 0n;
  while (ended < WORKERS) {
    ended += await done.wait({ signal: AbortSignal.timeout(60_000) });
  }
  for (const { status } of workers) await status;
  console.log(`${ended} workers have ended`);
}
