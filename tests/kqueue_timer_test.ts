/** What a kqueue reports of timers, signals and what its user triggers. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { KqueueTimerEvent } from "@ipc/core/mux";
import { testKqueue } from "./_util/kqueue.ts";
import { Deadline } from "./_util/peer.ts";

testKqueue("measures time in every unit", (kqueue) => {
  const timers = [
    { time: 0, unit: "seconds" },
    { time: 1, unit: "milliseconds" },
    { time: 1, unit: "microseconds" },
    { time: 1, unit: "nanoseconds" },
    { time: 1 },
    { time: Date.now() - 1, absolute: true },
    { time: Date.now() + 1, absolute: true },
    { time: 1, unit: "seconds", absolute: true },
  ] as const;
  kqueue.change(timers.map((timer, id) => (
    { filter: "timer", id, oneShot: true, ...timer, data: timer }
  )));
  const seen = new Map<number, KqueueTimerEvent>();
  while (seen.size < timers.length) {
    for (const event of kqueue.waitSync({ timeout: 5000 })) {
      assert(event.filter === "timer" && !seen.has(event.id));
      assertEquals([event.count, event.data], [1, timers[event.id]]);
      seen.set(event.id, event);
    }
  }
  // They were for once.
  for (const id of seen.keys()) {
    const change = { filter: "timer", id, action: "delete" } as const;
    assertThrows(() => kqueue.change(change), Deno.errors.NotFound);
  }
});

testKqueue("takes a second for a second", (kqueue) => {
  kqueue.change([
    { filter: "timer", id: 1, time: 3600, unit: "seconds" },
    { filter: "timer", id: 2, time: 3_600_000 },
    { filter: "timer", id: 3, time: Date.now() + 3_600_000, absolute: true },
    { filter: "timer", id: 4, time: 3_600_000_000, unit: "microseconds" },
  ]);
  assertThrows(() => kqueue.waitSync({ timeout: 50 }), Deno.errors.TimedOut);
});

testKqueue("counts how often a timer has expired", async (kqueue) => {
  using deadline = new Deadline();
  kqueue.change({ filter: "timer", id: 7, time: 2 });
  let count = 0;
  for await (const event of kqueue) {
    deadline.signal.throwIfAborted();
    assert(event.filter === "timer" && event.count > 0);
    count += event.count;
    if (count >= 5) break;
  }
  kqueue.change({ filter: "timer", id: 7, time: 3_600_000 });
  assertEquals(kqueue.tryWait(), undefined);
  kqueue.change({ filter: "timer", id: 7, action: "delete" });
});

testKqueue("is triggered by its user, once or until cleared", (kqueue) => {
  kqueue.change([
    { filter: "user", id: 1, flags: 0b0011, data: "stays" },
    { filter: "user", id: 2, clear: true, data: "cleared" },
  ]);
  assertEquals(kqueue.tryWait(), undefined);
  kqueue.change({ filter: "user", id: 1, trigger: true });
  kqueue.change({ filter: "user", id: 2, trigger: true, flags: 5 });
  const stays = { filter: "user", id: 1, data: "stays", flags: 3 } as const;
  const both = kqueue.tryWait()!.toSorted((a, b) =>
    String(b.data).localeCompare(String(a.data))
  );
  assertEquals(both, [
    stays,
    { filter: "user", id: 2, data: "cleared", flags: 5 },
  ]);
  assertEquals(kqueue.tryWait(), [stays]);
  kqueue.change({ filter: "user", id: 1, combine: "or", flags: 0b0100 });
  assertEquals(kqueue.tryWait(), [{ ...stays, flags: 7, data: undefined }]);
  const trigger = { filter: "user", id: 1, trigger: true } as const;
  kqueue.change({ ...trigger, combine: "and", flags: 0b0110, data: "new" });
  assertEquals(kqueue.tryWait(), [{ ...stays, flags: 6, data: "new" }]);
  kqueue.change({ ...trigger, combine: "copy", flags: 1 });
  assertEquals(kqueue.tryWait(), [{ ...stays, flags: 1, data: "new" }]);
  const absent = { filter: "user", id: 3, trigger: true } as const;
  assertThrows(() => kqueue.change(absent), Deno.errors.NotFound);
  kqueue.change({ ...absent, action: "add", oneShot: true });
  assertEquals(kqueue.tryWait()?.length, 2);
  assertEquals(kqueue.tryWait()?.length, 1);
});

testKqueue("counts signals", async (kqueue) => {
  // Nobody minds this one.
  kqueue.change({ filter: "signal", signal: "SIGURG", data: "urgent" });
  assertEquals(kqueue.tryWait(), undefined);
  let count = 0;
  for (let sent = 1; sent <= 3; sent++) {
    Deno.kill(Deno.pid, "SIGURG");
    const [event] = await kqueue.wait();
    assert(event.filter === "signal");
    assertEquals([event.signal, event.data], ["SIGURG", "urgent"]);
    count += event.count;
    assertEquals(count, sent);
  }
  assertEquals(kqueue.tryWait(), undefined);
  // The stand-in's handler would stay when its library is gone.
  kqueue.change({ filter: "signal", signal: "SIGURG", action: "delete" });
});
