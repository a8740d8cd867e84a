/** Waiting on threads of Deno's pool, and getting them out of system calls. */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { posixName } from "../_internal/posix_name.ts";
import { runDeno } from "./_util/peers.ts";

const ignore = Deno.build.os !== "linux";

/** What scripts need to wait in poll(2) of nothing, which only a signal ends. */
const WAITING = `
  import { address } from "${cellar("memory")}";
  import { canInterrupt, interrupt } from "${cellar("interrupt")}";
  import { ThreadParking } from "${cellar("thread")}";
  import { parked } from "${cellar("wait")}";
  const { ppoll } = Deno.dlopen("libc.so.6", {
    ppoll: {
      parameters: ["buffer", "u64", "buffer", "buffer"],
      result: "i32",
      nonblocking: true,
    },
  }).symbols;
  if (!canInterrupt()) throw new Error("cannot interrupt");
  let calls = 0;
  /** A wait for so many milliseconds, or for ever. */
  function begin(milliseconds = 1e9) {
    calls++;
    const time = new BigInt64Array([
      BigInt(Math.floor(milliseconds / 1000)),
      BigInt(milliseconds % 1000 * 1e6),
    ]);
    // The address of no descriptors at all stays as it is given.
    const where = new Uint8Array(8);
    const at = address(where);
    const back = ppoll(where, 0n, time, null).then(() => where);
    return { back, interrupt: () => interrupt({ address: at }) };
  }
  const turn = () => new Promise((done) => setTimeout(done, 1));
`;

function cellar(name: string): string {
  return new URL(`../_internal/${name}.ts`, import.meta.url).href;
}

function test(name: string, source: string, expected: string): void {
  Deno.test(name, { ignore }, async () => {
    assertEquals(await runDeno(WAITING + source), expected);
  });
}

test(
  "1,000 waits on threads are given up, each promptly",
  `
  const parking = new ThreadParking({ begin });
  let slowest = 0;
  let busy = true;
  const files = (async () => {
    while (busy) {
      await Promise.all(Array.from({ length: 40 }, () => Deno.readTextFile("/proc/self/stat")));
    }
  })();
  for (let i = 0; i < 1000; i++) {
    const controller = new AbortController();
    const waiting = parked(parking.park, controller.signal);
    if (i % 3 === 0) await turn();
    controller.abort("given up");
    const begin = performance.now();
    await waiting.catch((reason) => {
      if (reason !== "given up") throw reason;
    });
    slowest = Math.max(slowest, performance.now() - begin);
  }
  busy = false;
  await files;
  console.log(calls, slowest < 5_000);
  `,
  "1000 true",
);

test(
  "no more than four threads wait; who waits without takes over what is free",
  `
  let pending = 0, most = 0;
  const parking = new ThreadParking({
    begin() {
      most = Math.max(most, ++pending);
      const call = begin(20);
      call.back.then(() => pending--);
      return call;
    },
  });
  await Promise.all(Array.from({ length: 20 }, async () => {
    // Woken by a look, or by the call of a thread.
    for (let woken = 0; woken < 3; woken++) await parked(parking.park);
  }));
  const controller = new AbortController();
  const waiting = Array.from({ length: 9 }, () =>
    parked(parking.park, controller.signal).catch(() => {}));
  await turn();
  controller.abort();
  await Promise.all(waiting);
  console.log(most, calls > 4);
  `,
  "4 true",
);

test(
  "who waits without a thread gets the one that becomes free",
  `
  const threads = [];
  const parking = new ThreadParking({
    begin() {
      const { promise, resolve } = Promise.withResolvers();
      threads.push(resolve);
      return { back: promise, interrupt: resolve };
    },
  });
  const waits = [1, 2, 3, 4].map(() => parked(parking.park));
  const controller = new AbortController();
  const fifth = (async () => {
    while (threads.length === 4) await parked(parking.park, controller.signal);
  })();
  await turn();
  threads[0]();
  await waits[0];
  console.log(threads.length);
  for (const resolve of threads) resolve();
  await Promise.all([...waits, fifth]);
  `,
  "5",
);

test(
  "closing wakes all, on threads and without, and the program ends by itself",
  `
  const parking = new ThreadParking({ begin });
  const waits = Array.from({ length: 9 }, () => parked(parking.park));
  const settled = Promise.allSettled(waits);
  parking.close(new Error("closed"));
  const all = await settled;
  console.log(all.filter(({ reason }) => reason?.message === "closed").length);
  `,
  "9",
);

test(
  "an interrupted call of somebody else goes on",
  `
  const parking = new ThreadParking({ begin });
  const other = begin(200);
  let back = false;
  other.back.then(() => back = true);
  const controller = new AbortController();
  const waiting = parked(parking.park, controller.signal).catch(() => {});
  await turn();
  controller.abort();
  await waiting;
  console.log(back);
  await other.back;
  `,
  "false",
);

test(
  "a signal that somebody has taken over is not used any more",
  `
  const { sigaction } = Deno.dlopen("libc.so.6", {
    sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  }).symbols;
  const parking = new ThreadParking({ begin });
  // SIG_IGN for the signal in use: its sender would wait for ever.
  const ignored = new Uint8Array(152);
  ignored[0] = 1;
  sigaction(64, ignored, null);
  const controller = new AbortController();
  const waiting = parked(parking.park, controller.signal).catch(() => {});
  await turn();
  controller.abort();
  await waiting;
  const now = new Uint8Array(152);
  sigaction(64, null, now);
  console.log(now[0]);
  `,
  "1",
);

test(
  "a thread is not interrupted by a signal that it blocks",
  `
  import { SignalStream } from "@ipc/core/signal";
  // All threads have it handled by another for good.
  SignalStream.open(["SIGRTMAX", "SIGRTMAX-1"]).close();
  const call = begin();
  let isBack = false;
  call.back.then(() => isBack = true);
  for (let i = 0; i < 5000 && !isBack; i++) {
    call.interrupt();
    await turn();
  }
  console.log(isBack);
  Deno.exit();
  `,
  "true",
);

Deno.test("where threads cannot be interrupted, waits look again and again", {
  ignore,
}, async () => {
  const output = await runDeno(`
    import { SysvMessageQueue } from "@ipc/core/mq";
    import { canInterrupt } from "${cellar("interrupt")}";
    // As in a process that has changed its user: /proc/self is another's.
    Deno.dlopen("libc.so.6", {
      prctl: { parameters: ["i32", "u64"], result: "i32" },
    }).symbols.prctl(4, 0n);
    const { seteuid } = Deno.dlopen("libc.so.6", {
      seteuid: { parameters: ["u32"], result: "i32" },
    }).symbols;
    if (Deno.uid() === 0) seteuid(65534);
    const can = canInterrupt();
    using queue = SysvMessageQueue.createPrivate({ temporary: true });
    const receiving = queue.receive();
    await new Promise((done) => setTimeout(done, 5));
    queue.sendSync("x");
    console.log(can, (await receiving).data.length);
    const signal = AbortSignal.timeout(5);
    await queue.receive({ signal }).catch(() => console.log("aborted"));
    try {
      queue.receiveSync({ timeout: 5 });
    } catch (error) {
      console.log(error.name);
    }
  `);
  assertEquals(output, "false 1\naborted\nTimedOut");
});

Deno.test("names of POSIX objects may be as long as the kind allows", () => {
  assertEquals(posixName("/abc", "test", 3), "/abc");
  const error = assertThrows(() => posixName("/äö", "test", 3), RangeError);
  assertEquals(
    error.message,
    "Cannot test: the name must have at most 3 bytes after the slash: it has 4",
  );
  assert(posixName("/.hidden", "test", 30));
  assertLess(error.message.length, 100);
});
