/** Many processes, one critical section, and somebody who kills them. */

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { runCrowd } from "./_util/crowd.ts";
import type { Guard } from "./_util/crowd_member.ts";
import { Deadline } from "./_util/peer.ts";

const MEMBERS = 8;
const KILLS = 5;

/** How often each member enters: long enough for all kills. */
const GUARDS: Readonly<Record<Guard, number>> = {
  Mutex: 8000,
  RwLock: 8000,
  Condition: 1000,
  Semaphore: 8000,
  UnnamedSemaphore: 8000,
  SysvSemaphoreSet: 5000,
  ofd: 1000,
  flock: 1000,
  posix: 1000,
};

/** What needs somebody who gives back what was lost with a process. */
const WITHOUT_UNDO: readonly Guard[] = ["Semaphore", "UnnamedSemaphore"];

for (const [guard, entries] of Object.entries(GUARDS) as [Guard, number][]) {
  Deno.test(
    `a section guarded by ${guard} is exact although some are killed in it`,
    {
      ignore: Deno.build.os !== "linux",
    },
    async () => {
      using deadline = new Deadline(60_000);
      const result = await runCrowd({
        guard,
        members: MEMBERS,
        entries,
        kills: KILLS,
        interval: 50,
        signal: deadline.signal,
      });
      const all = MEMBERS * entries;
      assertEquals(result.sums, [all, all, all]);
      assertEquals(result.surprises, 0);
      assert(result.kills > 0);
      assertLessOrEqual(result.repairs, result.kills);
      assert(result.lost === 0 || WITHOUT_UNDO.includes(guard));
    },
  );
}
