/** Streams of signals. */

import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { constants } from "node:os";
import {
  capabilities,
  queue,
  realtime,
  type ReceivedSignal,
  send,
  type SignalName,
  SignalStream,
} from "@ipc/core/signal";
import { runDeno } from "./_util/peers.ts";
import { PRELUDE } from "./_util/signals.ts";

const LINUX = Deno.build.os === "linux";
const ignore = !LINUX;
const { pid } = Deno;
const uid = Deno.uid() ?? 0;

/** So many that are there already. */
function take(stream: SignalStream, count: number): Promise<ReceivedSignal[]> {
  return Array.fromAsync(
    Array.from({ length: count }, () => stream.receive()),
  );
}

Deno.test("SignalStream tells who sent a signal, and how", {
  ignore,
}, async () => {
  using stream = SignalStream.open([realtime(10), "SIGCONT"]);
  send(pid, "SIGCONT");
  const plain = { signal: "SIGCONT", pid, uid, code: 0 } as const;
  assertEquals(await stream.receive(), plain);
  queue(pid, realtime(10), 42);
  const queued = { signal: realtime(10), pid, uid, value: 42, code: -1 };
  assertEquals(await stream.receive(), queued);
  send(pid, realtime(10));
  assertEquals(await stream.receive(), {
    signal: realtime(10),
    pid,
    uid,
    code: 0,
  });
});

Deno.test("SignalStream keeps real-time signals apart and in order", {
  ignore,
}, async () => {
  using stream = SignalStream.open([realtime(10)]);
  const values = Array.from({ length: 1000 }, (_, i) => i - 500);
  for (const value of values) queue(pid, realtime(10), value);
  const received = await take(stream, values.length);
  assertEquals(received.map(({ value }) => value), values);
  assertEquals(stream.tryReceive(), undefined);
});

Deno.test("a value has 32 bits", { ignore }, async () => {
  using stream = SignalStream.open([realtime(10)]);
  for (const value of [-(2 ** 31), -1, 0, 2 ** 31 - 1]) {
    queue(pid, realtime(10), value);
    assertEquals((await stream.receive()).value, value);
  }
});

Deno.test("SignalStream merges standard signals as the kernel does", {
  ignore,
}, async () => {
  const output = await runDeno(`${PRELUDE}
    using stream = SignalStream.open(["SIGUSR2"]);
    const child = spawn("sh", {
      args: ["-c", "for i in 1 2 3 4 5 6 7 8; do kill -USR2 $0; done", "" + Deno.pid],
    });
    await child.status;
    const first = await stream.receive();
    let count = 1;
    while (stream.tryReceive()) count++;
    console.log(first.signal, first.pid === child.pid, count >= 1 && count <= 8);
  `);
  assertEquals(output, "SIGUSR2 true true");
});

Deno.test("SignalStream knows signals by names and numbers", { ignore }, () => {
  const given = [
    "SIGURG",
    constants.signals.SIGWINCH,
    "SIGRTMIN",
    "SIGRTMIN+2",
    "SIGRTMAX-27",
    36,
    37,
    realtime(9),
    "SIGURG",
  ] as const;
  using stream = SignalStream.open(given);
  const names: SignalName[] = [
    "SIGURG",
    "SIGWINCH",
    "SIGRTMIN+0",
    "SIGRTMIN+2",
    "SIGRTMIN+3",
    "SIGRTMIN+9",
  ];
  assertEquals(stream.signals, names);
});

for (const name of ["SIGKILL", "SIGSTOP", "SIGSEGV", "SIGFPE"] as const) {
  Deno.test(`SignalStream refuses ${name} and says why`, () => {
    const { message } = assertThrows(
      () => SignalStream.open([name]),
      TypeError,
    );
    assert(message.startsWith(`Cannot open a signal stream for ${name}: `));
  });
}

Deno.test("SignalStream refuses what is no signal", () => {
  const names = ["USR1", "SIGNONE", "sigint", "", "SIGRTMIN+31", "SIGRTMAX-31"];
  for (const none of [...names, 0, -1, 1.5, 32, 33, 65, NaN]) {
    const signals = [none] as SignalName[];
    assertThrows(() => SignalStream.open(signals), TypeError, "signal");
  }
  assertThrows(() => SignalStream.open([]), TypeError, "at least one");
  const name = "SIGTERM" as unknown as SignalName[];
  assertThrows(() => SignalStream.open(name), TypeError, "an array");
});

Deno.test("SignalStream.receive() that is aborted has received nothing", {
  ignore,
}, async () => {
  using stream = SignalStream.open([realtime(10)]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = stream.receive({ signal: controller.signal });
  const next = stream.receive();
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  queue(pid, realtime(10), 1);
  assertEquals((await next).value, 1);
  queue(pid, realtime(10), 2);
  await assertRejects(() => stream.receive({ signal: controller.signal }));
  assertEquals((await stream.receive()).value, 2);
});

Deno.test(
  "SignalStream.receiveSync() waits, but not too long",
  { ignore },
  () => {
    using stream = SignalStream.open([realtime(10)]);
    const { TimedOut } = Deno.errors;
    assertThrows(() => stream.receiveSync({ timeout: 10 }), TimedOut, "10 ms");
    queue(pid, realtime(10), 1);
    assertEquals(stream.receiveSync().value, 1);
  },
);

Deno.test("SignalStream gives signals to those who wait in their order", {
  ignore,
}, async () => {
  using stream = SignalStream.open([realtime(10)]);
  const waits = [1, 2, 3].map(() => stream.receive());
  assertThrows(() => stream.receiveSync(), Deno.errors.Busy);
  for (const value of [1, 2, 3]) queue(pid, realtime(10), value);
  const values = (await Promise.all(waits)).map(({ value }) => value);
  assertEquals(values, [1, 2, 3]);
});

Deno.test("SignalStream can be iterated, and goes on after it", {
  ignore,
}, async () => {
  using stream = SignalStream.open([realtime(10)]);
  for (let value = 0; value < 10; value++) queue(pid, realtime(10), value);
  const values: unknown[] = [];
  for await (const { value } of stream) {
    values.push(value);
    if (value === 4) break;
  }
  assertEquals(values, [0, 1, 2, 3, 4]);
  assertEquals((await stream.receive()).value, 5);
});

Deno.test("SignalStream.close() ends what is pending, and all else", {
  ignore,
}, async () => {
  const stream = SignalStream.open([realtime(10)]);
  const { BadResource } = Deno.errors;
  const pending = stream.receive();
  const next = stream[Symbol.asyncIterator]().next();
  stream.close();
  stream.close();
  const name = "signal stream of SIGRTMIN+10";
  await assertRejects(() => pending, BadResource, name);
  assertEquals(await next, { done: true, value: undefined });
  assertThrows(() => stream.fd, BadResource);
  assertThrows(() => stream.capacity, BadResource);
  assertThrows(() => stream.tryReceive(), BadResource);
  assertThrows(() => stream.receiveSync(), BadResource);
  await assertRejects(() => stream.receive(), BadResource);
  assertEquals(stream.dropped, 0);
});

Deno.test("what finds no room is counted exactly, and the rest is kept", {
  ignore,
}, async () => {
  using stream = SignalStream.open([realtime(10)], { capacity: 100 });
  assertEquals(stream.capacity, 128);
  for (let value = 0; value < 500; value++) queue(pid, realtime(10), value);
  using other = SignalStream.open([realtime(11)]);
  queue(pid, realtime(11), 0);
  // Of two signals that wait, the lower is handled first.
  await other.receive();
  assertEquals(stream.dropped, 500 - 128);
  const received = await take(stream, 128);
  assertEquals(
    received.map(({ value }) => value),
    Array.from({ length: 128 }, (_, i) => i),
  );
  queue(pid, realtime(10), 7);
  assertEquals((await stream.receive()).value, 7);
  stream.close();
  assertEquals(stream.dropped, 500 - 128);
});

Deno.test(
  "SignalStream refuses a capacity that no pipe has",
  { ignore },
  () => {
    for (const capacity of [0, -1, 1.5, 2 ** 40]) {
      const options = { capacity };
      assertThrows(
        () => SignalStream.open([realtime(10)], options),
        RangeError,
      );
    }
  },
);

Deno.test("every stream gets every signal, in whatever order they are closed", {
  ignore,
}, async () => {
  for (const order of ["012", "021", "102", "120", "201", "210"]) {
    const open = new Set(
      [1, 2, 3].map(() => SignalStream.open([realtime(10), realtime(12)])),
    );
    const streams = [...open];
    for (const next of order) {
      queue(pid, realtime(10), 5);
      queue(pid, realtime(12), 6);
      for (const stream of open) {
        const values = (await take(stream, 2)).map(({ value }) => value);
        assertEquals(values.sort(), [5, 6]);
      }
      streams[+next].close();
      open.delete(streams[+next]);
    }
  }
});

Deno.test("streams in several Workers get every signal", {
  ignore,
}, async () => {
  const output = await runDeno(`${PRELUDE}
    function heard(worker) {
      return new Promise((done) =>
        worker.onmessage = ({ data }) => done(data)
      );
    }
    // Deno handles other signals when it sees fit.
    const isCaught = () => (BigInt("0x" + sets().caught) >> 36n & 1n) === 1n;
    const own = SignalStream.open([realtime(3)]);
    console.log(isCaught());
    const workers = [];
    for (let i = 0; i < 3; i++) {
      const worker = new Worker("tests/testdata/signal_worker.ts", {
        type: "module",
      });
      await heard(worker);
      workers.push(worker);
    }
    // The one in the middle is closed first, then the first, then the last.
    for (const next of [1, 0, 0, 0]) {
      const answers = workers.map(heard);
      queue(Deno.pid, realtime(3), next);
      console.log(...await Promise.all(answers), (await own.receive()).value);
      const [worker] = workers.splice(next, 1);
      if (worker === undefined) break;
      const closed = heard(worker);
      worker.postMessage("close");
      await closed;
      worker.terminate();
    }
    own.close();
    console.log(isCaught());
  `);
  assertEquals(output.split("\n"), [
    "true",
    "1 1 1 1",
    "0 0 0",
    "0 0",
    "0",
    "false",
  ]);
});

Deno.test("capabilities say what there is here", () => {
  assertEquals(capabilities.realtime, LINUX);
  assertEquals(capabilities.queue, LINUX);
  assertEquals(capabilities.pidfd, LINUX);
  assertEquals(capabilities.data, LINUX);
});

Deno.test("an open stream that nobody waits for keeps no program alive", async () => {
  assertEquals(
    await runDeno(`${PRELUDE}
      SignalStream.open(["SIGUSR2", "SIGTERM"]);
      if (capabilities.realtime) {
        SignalStream.open([realtime(1)]);
        const stream = SignalStream.open([realtime(1)]);
        queue(Deno.pid, realtime(1), 5);
        console.log((await stream.receive()).value);
        const signal = AbortSignal.timeout(10);
        await stream.receive({ signal }).catch(() => {});
      } else console.log(5);
    `),
    "5",
  );
});

Deno.test(
  "opening and closing streams uses up nothing",
  { ignore },
  async () => {
    const output = await runDeno(`${PRELUDE}
    import { openDescriptors } from "tests/_util/counts.ts";
    function holds() {
      const maps = Deno.readTextFileSync("/proc/self/maps").split("\\n");
      const threads = [...Deno.readDirSync("/proc/self/task")];
      return [openDescriptors().size, threads.length, maps.length];
    }
    function cycle() {
      using one = SignalStream.open([realtime(1), "SIGUSR2"]);
      using two = SignalStream.open([realtime(1)]);
      one.close();
    }
    for (let i = 0; i < 10; i++) cycle();
    const [descriptors, threads, maps] = holds();
    for (let i = 0; i < 200; i++) cycle();
    const after = holds();
    console.log(after[0] - descriptors, after[1] - threads, after[2] - maps);
  `);
    const [descriptors, threads, maps] = output.split(" ").map(Number);
    assertEquals(descriptors, 0);
    // Deno and V8 have memory and threads of their own.
    assertLess(threads, 10);
    assertLess(maps, 100);
  },
);

Deno.test("a stream that was forgotten is closed when it is collected", {
  ignore,
}, async () => {
  const output = await runDeno(`${PRELUDE}
    import { openPipes } from "tests/_util/counts.ts";
    import { setFlagsFromString } from "node:v8";
    setFlagsFromString("--expose-gc");
    const gc = globalThis.gc ?? (await import("node:vm")).runInNewContext("gc");
    const caught = sets().caught;
    const pipes = openPipes().length;
    (function forget() {
      for (let i = 0; i < 20; i++) SignalStream.open([realtime(2), "SIGUSR2"]);
    })();
    console.log(sets().caught === caught, openPipes().length > pipes);
    await until(() => {
      gc();
      return openPipes().length === pipes;
    });
    console.log(sets().caught === caught);
  `);
  assertEquals(output, "false true\ntrue");
});
