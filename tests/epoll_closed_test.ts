/** What becomes of descriptors that are closed while an epoll has them. */

import { assertEquals, assertThrows } from "@std/assert";
import { EventFd } from "@ipc/core/event";
import { Epoll } from "@ipc/core/mux";
import { Pipe, spawn } from "@ipc/core/pipe";
import { BarePair } from "./_util/descriptors.ts";
import { Deadline } from "./_util/peer.ts";
import { denoArgs, missing, run, runDeno } from "./_util/peers.ts";

const ignore = Deno.build.os !== "linux";

/** How many descriptors the kernel has in the set: proc_pid_fdinfo(5). */
function inKernel({ fd }: Epoll): number {
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`);
  return [...info.matchAll(/^tfd:/gm)].length;
}

Deno.test(
  "an object that is closed leaves its epolls",
  { ignore },
  async () => {
    using deadline = new Deadline();
    using pipe = Pipe.open();
    using event = EventFd.create();
    using epolls = new DisposableStack();
    const all = [1, 2].map(() => epolls.use(new Epoll()));
    for (const epoll of all) {
      epoll.add(pipe.reader);
      epoll.add(event);
    }
    const waits = all.map((epoll) => epoll.wait(deadline));
    const number = pipe.reader.fd;
    pipe.reader.close();
    event.signal();
    for (const events of await Promise.all(waits)) {
      assertEquals(events.map(({ fd }) => fd === event), [true]);
    }
    for (const epoll of all) {
      assertThrows(() => epoll.delete(pipe.reader), Deno.errors.BadResource);
      // Closed, or somebody else's by now, but not in the epoll.
      assertThrows(() => epoll.delete(number), Error, "epoll_ctl");
    }
  },
);

Deno.test(
  "an object that a child has, too, leaves its epoll when it is closed",
  {
    ignore: ignore || missing("sleep"),
  },
  async () => {
    using pipe = Pipe.open();
    using event = EventFd.create({ value: 1 });
    await using _child = spawn("sleep", { args: ["1000"], fds: { 5: event } });
    using epoll = new Epoll();
    epoll.add(event);
    epoll.add(pipe.reader, { data: "pipe" });
    assertEquals(epoll.tryWait()?.length, 1);
    assertEquals(inKernel(epoll), 2);
    event.close();
    assertEquals(inKernel(epoll), 1);
    assertEquals(epoll.tryWait(), undefined);
    pipe.writer.writeSync(new Uint8Array(1));
    assertEquals(epoll.tryWait()?.map(({ data }) => data), ["pipe"]);
  },
);

Deno.test(
  "an object may be closed that was deleted, or whose epoll is closed",
  { ignore },
  () => {
    const event = EventFd.create({ value: 1 });
    using epoll = new Epoll();
    const closed = new Epoll();
    closed.add(event);
    closed.close();
    epoll.add(event);
    epoll.delete(event);
    event.close();
    assertEquals(epoll.tryWait(), undefined);
  },
);

Deno.test("a number that is closed leaves its epoll, and can be added anew", {
  ignore,
}, () => {
  using old = BarePair.pipe();
  using next = BarePair.pipe();
  using epoll = new Epoll();
  epoll.add(old.reader.fd, { data: "old" });
  old.writer.write();
  using reused = old.reader.replaceBy(next.reader);
  assertEquals(epoll.tryWait(), undefined);
  next.writer.write();
  assertEquals(epoll.tryWait(), undefined);
  assertThrows(() => epoll.modify(reused, {}), Deno.errors.NotFound);
  epoll.add(reused, { data: "next" });
  assertEquals(epoll.tryWait()?.map(({ data }) => data), ["next"]);
});

Deno.test("what an object's number was added for before is forgotten", {
  ignore,
}, async () => {
  const output = await runDeno(`
    import { EventFd } from "@ipc/core/event";
    import { Epoll } from "@ipc/core/mux";
    using epoll = new Epoll();
    const event = EventFd.create({ value: 1 });
    epoll.add(event, { data: "event" });
    const { fd } = event;
    event.close();
    using next = EventFd.create();
    console.log(next.fd === fd);
    epoll.add(next, { data: "next" });
    console.log(epoll.tryWait());
    next.signal();
    console.log(epoll.tryWait().map(({ data }) => data));
  `);
  assertEquals(output, 'true\nundefined\n[ "next" ]');
});

Deno.test("what comes to a copy of a number's old file is not the new one's", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  using old = BarePair.pipe();
  using next = BarePair.pipe();
  using epoll = new Epoll();
  epoll.add(old.reader.fd, { data: "old" });
  using _copy = old.reader.duplicate();
  using reused = old.reader.replaceBy(next.reader);
  epoll.add(reused, { data: "next" });
  const waiting = epoll.wait(deadline);
  // The kernel still reports this, and there is no way to end it.
  old.writer.write();
  assertEquals(epoll.tryWait(), undefined);
  next.writer.write();
  for (const events of [await waiting, epoll.waitSync()]) {
    assertEquals(events.map(({ data }) => data), ["next"]);
  }
  const one = await epoll[Symbol.asyncIterator]().next();
  assertEquals(one.value?.data, "next");
});

Deno.test("a closed number whose file lives on does not keep an epoll busy", {
  ignore,
}, async () => {
  const output = await runDeno(`
    import { Epoll } from "@ipc/core/mux";
    import { BarePair } from "tests/_util/descriptors.ts";
    import { cpuSeconds } from "tests/_util/counts.ts";
    using pipe = BarePair.pipe();
    using other = BarePair.pipe();
    using epoll = new Epoll();
    epoll.add(pipe.reader.fd, { data: "closed" });
    epoll.add(other.reader, { data: "other" });
    using copy = pipe.reader.duplicate();
    pipe.reader.close();
    pipe.writer.write();
    // Reported while it is in the set: nobody can know that it was closed.
    console.log(epoll.tryWait().map(({ data }) => data));
    // Somebody else has the number now.
    using next = BarePair.pipe();
    epoll.add(next.reader, { data: "next" });
    const before = cpuSeconds();
    const signal = AbortSignal.timeout(1_000);
    await epoll.wait({ signal }).catch((error) => console.log(error.name));
    console.log(cpuSeconds() - before < 0.25);
    try {
      epoll.waitSync({ timeout: 20 });
    } catch (error) {
      console.log(error.name);
    }
    const waiting = epoll.wait();
    other.writer.write();
    console.log((await waiting).map(({ data }) => data));
  `);
  const lines = output.split("\n");
  assertEquals(lines, [
    '[ "closed" ]',
    "TimeoutError",
    "true",
    "TimedOut",
    '[ "other" ]',
  ]);
});

Deno.test(
  "an epoll that is forgotten is closed, whatever it has",
  { ignore },
  async () => {
    const [command, ...args] = denoArgs(`
    import { EventFd } from "@ipc/core/event";
    import { Epoll } from "@ipc/core/mux";
    import { openDescriptors } from "tests/_util/counts.ts";
    const count = () => [...openDescriptors().values()]
      .filter((what) => what === "anon_inode:[eventpoll]").length;
    using event = EventFd.create();
    const before = count();
    for (let i = 0; i < 100; i++) new Epoll().add(event);
    const made = count() - before;
    while (count() > before) {
      gc();
      await new Promise((done) => setTimeout(done));
    }
    console.log(made > 50);
  `);
    const all = [command, "--v8-flags=--expose-gc", ...args];
    const { stdout, stderr } = await run(Deno.execPath(), all);
    assertEquals([stdout, stderr], ["true\n", ""]);
  },
);
