/** Very many signals, in processes of their own. */

import { assertEquals } from "@std/assert";
import { compiled } from "./_util/compiled.ts";
import { missing, runDeno } from "./_util/peers.ts";
import { PRELUDE } from "./_util/signals.ts";

const ignore = Deno.build.os !== "linux" || missing("cc");
const sender = await compiled("signal_sender.c");

const BEGINNING = PRELUDE.replace("20_000", "60_000") + `
  import { allocate, otherWork } from "tests/testdata/signal_load.ts";
  import { Pipe } from "@ipc/core/pipe";
  const working = new AbortController();
  const work = otherWork(working.signal);
  const [sender] = Deno.args;
`;

Deno.test("100,000 signals of four processes arrive in order, under load", {
  ignore,
}, async () => {
  const output = await runDeno(
    `${BEGINNING}
    const COUNT = 25_000, EVERY = 1000;
    using stream = SignalStream.open([realtime(6)]);
    const senders = new Map();
    for (let i = 0; i < 4; i++) {
      const input = Pipe.open();
      const args = [Deno.pid, 34 + 6, COUNT, EVERY].map(String);
      const child = spawn(sender, { args, fds: { 0: input.reader, 1: "null" } });
      senders.set(child.pid, { child, input, next: 0 });
    }
    for (let left = 4 * COUNT; left > 0; left--) {
      const { pid, value } = await stream.receive();
      const from = senders.get(pid);
      if (value !== from.next++) throw new Error("out of order: " + value);
      if (from.next % EVERY === 0) await from.input.writer.write(new Uint8Array(1));
      if (left % 500 === 0) allocate(left);
    }
    for (const { child } of senders.values()) await child.status;
    working.abort();
    await work;
    console.log(stream.dropped, stream.tryReceive());
  `,
    [sender],
  );
  assertEquals(output, "0 undefined");
});

Deno.test("of a storm of 1,000,000 signals every one is accounted for", {
  ignore,
}, async () => {
  const output = await runDeno(
    `${BEGINNING}
    // The queue is its user's: other tests need some of it.
    const { setrlimit } = Deno.dlopen("libc.so.6", {
      setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
    }).symbols;
    const RLIMIT_SIGPENDING = 11;
    setrlimit(RLIMIT_SIGPENDING, new BigUint64Array([20_000n, 20_000n]));
    const COUNT = 250_000;
    using stream = SignalStream.open([realtime(6)]);
    let received = 0, senders = 4, sent = 0, refused = 0;
    async function storm() {
      const output = Pipe.open();
      const args = [Deno.pid, 34 + 6, COUNT, 0].map(String);
      const child = spawn(sender, { args, fds: { 1: output.writer } });
      output.writer.close();
      const text = await new Response(output.reader.readable).text();
      await child.status;
      const counts = text.split(" ").map(Number);
      sent += counts[0];
      refused += counts[1];
      senders--;
    }
    for (let i = 0; i < 4; i++) storm();
    while (senders > 0 || received + stream.dropped < sent) {
      while (stream.tryReceive()) {
        if (++received % 2000 === 0) allocate(received);
      }
      await new Promise((done) => setTimeout(done));
    }
    working.abort();
    await work;
    console.log(received + stream.dropped - sent, sent + refused, received > 0);
  `,
    [sender],
  );
  assertEquals(output, "0 1000000 true");
});

Deno.test("allocating code is interrupted 100,000 times without noticing", {
  ignore,
}, async () => {
  const output = await runDeno(
    `${BEGINNING}
    const { setitimer, prctl } = Deno.dlopen("libc.so.6", {
      setitimer: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
      prctl: { parameters: ["i32", "u64"], result: "i32" },
    }).symbols;
    // The kernel lets a sleep take 50 us longer, each time it is begun anew: one
    // of V8's, while it waits for a lock, would never end among these signals.
    const PR_SET_TIMERSLACK = 29;
    prctl(PR_SET_TIMERSLACK, 1n);
    const ITIMER_REAL = 0, MICROSECONDS = 40n;
    const timer = new BigInt64Array([0n, MICROSECONDS, 0n, MICROSECONDS]);
    using stream = SignalStream.open(["SIGALRM"], { capacity: 1024 });
    // The kernel gives it to the main thread, if that does not block it.
    setitimer(ITIMER_REAL, timer, null);
    let received = 0;
    for (let round = 0; received + stream.dropped < 100_000; round++) {
      allocate(round);
      while (stream.tryReceive()) received++;
      if (round % 10 === 0) await new Promise((done) => setTimeout(done));
    }
    setitimer(ITIMER_REAL, new BigInt64Array(4), null);
    working.abort();
    await work;
    console.log("alive");
  `,
    [sender],
  );
  assertEquals(output, "alive");
});
