/** What only kqueue reports: the end of a process. */

import { assertEquals } from "@std/assert";
import { spawn } from "@ipc/core/pipe";
import { EXIT } from "../mux/_backend.ts";
import { kqueue } from "./_util/reactors.ts";
import { isOver, testReactor, wait } from "./_util/waits.ts";

testReactor(
  kqueue,
  "wakes all who wait for a process when it ends",
  async (reactor) => {
    await using child = spawn("sleep", { args: ["1000"] });
    const waits = [1, 2].map(() => wait(reactor, -child.pid, EXIT));
    assertEquals(await isOver(waits[0], reactor), false);
    child.kill("SIGKILL");
    await Promise.all(waits.map(({ done }) => done));
  },
);

testReactor(kqueue, "finds a process that has ended ready", async (reactor) => {
  await using child = spawn("true");
  await wait(reactor, -child.pid, EXIT).done;
  // It has not been waited for yet, so it is still there, as a zombie.
  await wait(reactor, -child.pid, EXIT).done;
});

testReactor(kqueue, "finds a process that is gone ready", async (reactor) => {
  const child = spawn("true");
  await child.status;
  await wait(reactor, -child.pid, EXIT).done;
});

testReactor(
  kqueue,
  "wakes nobody who has called off a process",
  async (reactor) => {
    await using child = spawn("sleep", { args: ["1000"] });
    const first = wait(reactor, -child.pid, EXIT);
    const second = wait(reactor, -child.pid, EXIT);
    first.cancel();
    child.kill("SIGKILL");
    await second.done;
    assertEquals(await isOver(first, reactor), false);
  },
);
