/** Many epolls, and many descriptors in one. */

import { assertEquals } from "@std/assert";
import { runDeno } from "./_util/peers.ts";

const ignore = Deno.build.os !== "linux";

Deno.test(
  "hundreds of epolls are waited on with one thread, and files are read meanwhile",
  { ignore },
  async () => {
    const output = await runDeno(`
    import { EventFd } from "@ipc/core/event";
    import { Epoll } from "@ipc/core/mux";
    import { countParkedThreads } from "tests/_util/counts.ts";
    const events = Array.from({ length: 300 }, () => EventFd.create());
    const epolls = events.map((event, data) => {
      const epoll = new Epoll();
      epoll.add(event, { data });
      return epoll;
    });
    const waits = epolls.map((epoll) => epoll.wait());
    while (countParkedThreads() === 0) {
      await new Promise((done) => setTimeout(done));
    }
    console.log(countParkedThreads());
    const texts = await Promise.all(
      epolls.map(() => Deno.readTextFile("/proc/self/stat")),
    );
    console.log(texts.length);
    for (const event of events) event.signal();
    const all = await Promise.all(waits);
    console.log(all.every(([{ data }], i) => data === i));
    for (const each of [...events, ...epolls]) each.close();
  `);
    assertEquals(output, "1\n300\ntrue");
  },
);

Deno.test(
  "10,000 descriptors are added, waited for, and removed",
  { ignore },
  async () => {
    const output = await runDeno(`
    import { EventFd } from "@ipc/core/event";
    import { Epoll } from "@ipc/core/mux";
    const events = Array.from({ length: 10_000 }, () => EventFd.create());
    using epoll = new Epoll();
    for (const event of events) epoll.add(event, { data: event });
    console.log(epoll.tryWait());
    let right = 0;
    for (let i = 0; i < 1_000; i++) {
      const event = events[(i * 7_919) % events.length];
      const waiting = i % 2 === 0 ? epoll.wait() : undefined;
      event.signal();
      const [first, ...rest] = waiting ? await waiting : epoll.waitSync();
      if (first.fd === event && first.data === event && rest.length === 0) right++;
      event.tryWait();
    }
    console.log(right);
    for (const event of events) event.signal();
    const ready = epoll.tryWait({ maxEvents: 20_000 });
    console.log(new Set(ready.map(({ fd }) => fd)).size);
    // Half of them leave by being removed, the others by being closed.
    for (const [i, event] of events.entries()) {
      if (i % 2 === 0) epoll.delete(event);
      else event.close();
    }
    console.log(epoll.tryWait());
  `);
    assertEquals(output, "undefined\n1000\n10000\nundefined");
  },
);

Deno.test(
  "a program whose last wait for an epoll was aborted exits by itself",
  { ignore },
  async () => {
    const output = await runDeno(`
    import { EventFd } from "@ipc/core/event";
    import { Epoll, poll, select } from "@ipc/core/mux";
    const epoll = new Epoll();
    const event = EventFd.create();
    epoll.add(event);
    const signal = AbortSignal.timeout(10);
    await Promise.allSettled([
      epoll.wait({ signal }),
      event.wait({ signal }),
      poll([{ fd: event, events: { read: true } }], { signal }),
      select({ read: [event] }, { signal }),
    ]);
    const closing = epoll.wait().catch(() => {});
    epoll.close();
    await closing;
    console.log("end");
  `);
    assertEquals(output, "end");
  },
);

Deno.test("an idle epoll burns no processor time", { ignore }, async () => {
  const output = await runDeno(`
    import { EventFd } from "@ipc/core/event";
    import { Epoll } from "@ipc/core/mux";
    import { cpuSeconds } from "tests/_util/counts.ts";
    using epoll = new Epoll();
    using event = EventFd.create();
    epoll.add(event);
    const before = cpuSeconds();
    await epoll.wait({ signal: AbortSignal.timeout(1_000) }).catch(() => {});
    console.log(cpuSeconds() - before < 0.05);
  `);
  assertEquals(output, "true");
});
