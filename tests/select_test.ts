import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { EventFd } from "@ipc/core/event";
import { select, selectSync, trySelect, type Watchable } from "@ipc/core/mux";
import { Pipe, spawn } from "@ipc/core/pipe";
import { BarePair } from "./_util/descriptors.ts";
import { KINDS } from "./_util/kinds.ts";
import { Deadline } from "./_util/peer.ts";
import { missing, runDeno } from "./_util/peers.ts";
import { sendUrgent, tcpPair } from "./_util/tcp.ts";

const LINUX = Deno.build.os === "linux";

for (const [kind, make] of Object.entries(KINDS)) {
  Deno.test(`select() waits for ${kind} to be readable`, {
    ignore: !LINUX || missing("sleep"),
  }, async () => {
    using deadline = new Deadline();
    await using stack = new AsyncDisposableStack();
    const { fd, rouse } = await make(stack);
    assertEquals(trySelect({ read: [fd] }), undefined);
    const selecting = select({ read: [fd] }, deadline);
    rouse();
    const { read, write, except } = await selecting;
    assertStrictEquals(read[0], fd);
    assertEquals([read.length, write.length, except.length], [1, 0, 0]);
    assertStrictEquals(selectSync({ read: [fd] }).read[0], fd);
  });
}

Deno.test("select() answers the very objects of each set, in the order given", async () => {
  using full = Pipe.open();
  using empty = Pipe.open();
  full.writer.writeSync(new Uint8Array(1));
  const number = full.reader.fd;
  const read: Watchable[] = [empty.reader, full.reader, number, full.reader];
  const sets = {
    read,
    write: [empty.writer],
    except: [full.reader, empty.reader],
  };
  for (const ready of [await select(sets), trySelect(sets)!]) {
    assertEquals(ready.read.map((one) => read.indexOf(one)), [1, 2, 1]);
    assertStrictEquals(ready.write[0], empty.writer);
    assertEquals(ready.except, []);
  }
});

Deno.test("select() waits for data out of band in the set of exceptions", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  const [here, there] = tcpPair();
  using _here = here;
  using _there = there;
  const sets = { read: [here], except: [here] };
  assertEquals(trySelect(sets), undefined);
  const selecting = select(sets, deadline);
  sendUrgent(there);
  const { read, except } = await selecting;
  assertEquals([read.length, except.length], [0, 1]);
  assertStrictEquals(except[0], here);
});

Deno.test("select() waits for room to write", async () => {
  using deadline = new Deadline();
  using pipe = Pipe.open();
  const block = new Uint8Array(4096);
  while (pipe.writer.tryWrite(block) !== undefined);
  const selecting = select({ write: [pipe.writer] }, deadline);
  pipe.reader.readSync(new Uint8Array(65_536));
  assertStrictEquals((await selecting).write[0], pipe.writer);
});

Deno.test("selectSync() tells how much of the time-out was left", () => {
  using pipe = Pipe.open();
  const write = [pipe.writer];
  const { remaining } = selectSync({ write }, { timeout: 60_000 });
  assert(remaining! > 0);
  assertLess(remaining!, 60_000);
  assertEquals("remaining" in selectSync({ write }), false);
});

Deno.test("selectSync() ends with its time-out, also if it waits for nothing", () => {
  using pipe = Pipe.open();
  for (const sets of [{ read: [pipe.reader] }, {}]) {
    const begin = performance.now();
    assertThrows(
      () => selectSync(sets, { timeout: 20 }),
      Deno.errors.TimedOut,
      "select",
    );
    assert(performance.now() - begin >= 20);
  }
});

Deno.test("selectSync() takes the longest time-out there is", async () => {
  using pipe = Pipe.open();
  const args = ["-c", "sleep 0.05; printf 1 >&3"];
  await using _child = spawn("sh", { args, fds: { 3: pipe.writer } });
  const options = { timeout: Number.MAX_VALUE };
  assertEquals(selectSync({ read: [pipe.reader] }, options).read.length, 1);
});

Deno.test("select() refuses to wait for nothing without an end", async () => {
  assertThrows(() => selectSync({}), TypeError, "something to wait for");
  await assertRejects(() => select({ read: [] }), TypeError);
  assertEquals(trySelect({}), undefined);
  await assertRejects(
    () => select({}, { signal: AbortSignal.timeout(5) }),
    DOMException,
  );
});

Deno.test("an aborted select() rejects with the reason and takes nothing", async () => {
  using pipe = Pipe.open();
  const controller = new AbortController();
  const { signal } = controller;
  const selecting = select({ read: [pipe.reader] }, { signal });
  const rejected = selecting.catch((error) => error);
  controller.abort("reason");
  assertEquals(await rejected, "reason");
  pipe.writer.writeSync(new Uint8Array(1));
  await assertRejects(() => select({ read: [pipe.reader] }, { signal }));
  assertEquals(pipe.reader.available, 1);
});

Deno.test("select() rejects when one of its objects is closed", async () => {
  using one = Pipe.open();
  using other = Pipe.open();
  const selecting = select({ read: [one.reader, other.reader] });
  const rejected = assertRejects(() => selecting, Deno.errors.BadResource);
  other.close();
  await rejected;
  assertThrows(
    () => trySelect({ read: [other.reader] }),
    Deno.errors.BadResource,
  );
  await assertRejects(
    () => select({ read: [one.reader, other.reader] }),
    Deno.errors.BadResource,
  );
});

Deno.test("select() refuses a number that is not open, wherever it is", async () => {
  // In a process that has little open: Linux overlooks what is far above.
  const output = await runDeno(`
    import { select, selectSync, trySelect } from "@ipc/core/mux";
    import { Pipe } from "@ipc/core/pipe";
    using quiet = Pipe.open();
    using above = Pipe.open();
    const { fd } = above.reader;
    above.close();
    for (const number of [fd, 1_000]) {
      const read = [quiet.reader, number];
      for (const call of [trySelect, selectSync, select]) {
        const { name, message } = await new Promise((resolve) => resolve(call({ read })))
          .then(() => "nothing", (error) => error);
        console.log(name, message.includes("'fd " + number + "'"));
      }
    }
  `);
  assertEquals(output, Array(6).fill("BadResource true").join("\n"));
});

Deno.test("select() refuses what is no descriptor", async () => {
  for (const fd of [-1, 0.5, NaN, 2 ** 31]) {
    await assertRejects(() => select({ write: [fd] }), RangeError, `${fd}`);
  }
  const nothing = undefined as unknown as number;
  assertThrows(() => trySelect({ except: [nothing] }), TypeError);
  assertThrows(
    () => selectSync({ read: [0] }, { timeout: -1 }),
    RangeError,
    "timeout",
  );
});

Deno.test("select() refuses descriptors from 1,024 on, which others take", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Poller, select, tryPoll, trySelect } from "@ipc/core/mux";
    import { EventFd } from "@ipc/core/event";
    const all = [];
    do all.push(EventFd.create({ value: 1 })); while (all.at(-1).fd < 1_100);
    const find = (fd) => all.find((one) => one.fd === fd);
    console.log(trySelect({ read: [find(1_023)] }).read.length);
    for (const fd of [1_024, 1_100]) {
      const error = await select({ read: [find(fd)] }).catch((error) => error);
      console.log(error.name, error.message);
    }
    console.log(tryPoll([{ fd: find(1_100), events: { read: true } }]).length);
    using poller = new Poller();
    poller.add(find(1_100));
    console.log(poller.tryWait().length);
  `);
  const refusal = "RangeError Cannot select: the descriptor must be below " +
    "1024, for which an fd_set has room: current value is ";
  const instead = "; poll and Poller take any";
  assertEquals(output.split("\n"), [
    "1",
    `${refusal}1024${instead}`,
    `${refusal}1100${instead}`,
    "1",
    "1",
  ]);
});

Deno.test("select() rests although another set would hear of a hang-up", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { select } from "@ipc/core/mux";
    import { Pipe } from "@ipc/core/pipe";
    import { cpuSeconds } from "tests/_util/counts.ts";
    using pipe = Pipe.open();
    pipe.writer.close();
    const before = cpuSeconds();
    // What has hung up is readable, but nothing out of the ordinary.
    await select({ except: [pipe.reader] }, { signal: AbortSignal.timeout(1_000) })
      .catch((error) => console.log(error.name));
    console.log(cpuSeconds() - before);
  `);
  const [name, seconds] = output.split("\n");
  assertEquals(name, "TimeoutError");
  assertLess(Number(seconds), 0.25);
});

Deno.test("many select() wait at once, each for its own", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  using stack = new DisposableStack();
  const events = Array.from(
    { length: 50 },
    () => stack.use(EventFd.create()),
  );
  const common = stack.use(EventFd.create());
  const selects = events.map((event) =>
    select({ read: [event, common] }, deadline)
  );
  for (const event of events.toReversed()) event.signal();
  for (const [i, { read }] of (await Promise.all(selects)).entries()) {
    assertEquals(read.length, 1);
    assertStrictEquals(read[0], events[i]);
  }
});

Deno.test("a number that is closed or used again meanwhile ends select()", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  using closed = BarePair.pipe();
  using reused = BarePair.pipe();
  using other = BarePair.pipe();
  const waits = [closed, reused].map(({ reader }) =>
    assertRejects(
      () => select({ read: [reader.fd] }, deadline),
      Deno.errors.BadResource,
    )
  );
  closed.reader.close();
  using _number = reused.reader.replaceBy(other.reader);
  await Promise.all(waits);
});
