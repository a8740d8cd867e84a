/**
 * Streams of signals have no effect on programs that are started meanwhile: in
 * processes of their own, as what is blocked is for good.
 */

import { assertEquals } from "@std/assert";
import { denoArgs, missing, runDeno } from "./_util/peers.ts";
import { PRELUDE } from "./_util/signals.ts";
import { spawned } from "./_util/spawned.ts";

const LINUX = Deno.build.os === "linux";
const ignore = !LINUX || missing("grep");

/** What compares children with those that there were before any stream. */
const COMPARING = `${PRELUDE}
  import { children } from "tests/testdata/signal_children.ts";
  const before = await children();
  function compare(when, after) {
    for (const [how, sets] of Object.entries(before)) {
      const [one, other] = [sets, after[how]].map((it) => JSON.stringify(it));
      if (one !== other) console.log(when, how, one, other);
    }
  }
  async function inWorker(name) {
    const worker = new Worker("tests/testdata/signal_children.ts", {
      type: "module", name,
    });
    const { data } = await new Promise((done) => worker.onmessage = done);
    worker.terminate();
    return data;
  }
`;
const WAYS = 17;

/** Runs a module in a Deno whose parent blocks nothing. */
async function unaffected(source: string): Promise<string> {
  // What Deno.Command starts may block signals that other tests wait for.
  const { stdout } = await spawned(Deno.execPath(), { args: denoArgs(source) });
  return stdout;
}

Deno.test("programs that are started are not affected by open streams", {
  ignore,
}, async () => {
  const output = await unaffected(`${COMPARING}
    {
      using stream = SignalStream.open([
        "SIGUSR2", "SIGTERM", "SIGCHLD", realtime(1),
      ]);
      compare("open", await children());
      compare("in a Worker", await inWorker("without"));
      compare("in a Worker with a stream", await inWorker("with a stream"));
      compare("still open", await children());
    }
    compare("closed", await children());
    compare("closed, in a Worker", await inWorker("without"));
    console.log(Object.keys(before).length);
  `);
  assertEquals(output, `${WAYS}\n`);
});

Deno.test("nor are they when only a Worker has streams", {
  ignore,
}, async () => {
  const output = await unaffected(`${COMPARING}
    for (let i = 0; i < 2; i++) {
      compare("in a Worker", await inWorker("with a stream"));
      compare("beside a Worker", await children());
    }
    console.log("compared");
  `);
  assertEquals(output, "compared\n");
});

Deno.test("what this program was started with blocked, it hands on", {
  ignore: ignore || missing("python3"),
}, async () => {
  const args = denoArgs(`${COMPARING}
    console.log(before.output.blocked);
    {
      using stream = SignalStream.open([realtime(1), realtime(3)]);
      compare("open", await children());
      compare("in a Worker", await inWorker("with a stream"));
    }
    compare("closed", await children());
    console.log("compared");
  `);
  const { stdout } = await startedWithTwoBlocked(args);
  assertEquals(stdout, "0000000c00000000\ncompared\n");
});

Deno.test("what this program was started with blocked waits for its stream", {
  ignore: ignore || missing("python3"),
}, async () => {
  const args = denoArgs(`${PRELUDE}
    const free = SignalStream.open([realtime(0)]);
    queue(Deno.pid, realtime(2), 2); // which would end this program
    queue(Deno.pid, realtime(0), 0);
    console.log((await free.receive()).value);
    for (const number of [1, 2]) {
      const stream = SignalStream.open([realtime(number)]);
      for (const value of [10, 20, 30]) {
        queue(Deno.pid, realtime(number), value + number);
      }
      for (let i = 0; i < number + 2; i++) {
        console.log((await stream.receive()).value);
      }
    }
  `);
  const { stdout } = await startedWithTwoBlocked(args);
  const values = [0, 11, 21, 31, 2, 12, 22, 32];
  assertEquals(stdout, values.map((value) => `${value}\n`).join(""));
});

/** Runs Deno with SIGRTMIN+1 and SIGRTMIN+2 blocked from the beginning. */
function startedWithTwoBlocked(args: readonly string[]) {
  const script = "import os, signal, sys\n" +
    "two = {signal.SIGRTMIN + 1, signal.SIGRTMIN + 2}\n" +
    "signal.pthread_sigmask(signal.SIG_BLOCK, two)\n" +
    "os.execv(sys.argv[1], sys.argv[1:])";
  return spawned("python3", {
    args: ["-c", script, Deno.execPath(), ...args],
  });
}

Deno.test("a child that is started meanwhile is ended by the signal as usual", {
  ignore: ignore || missing("sleep"),
}, async () => {
  const output = await runDeno(`${PRELUDE}
    using stream = SignalStream.open(["SIGUSR2", "SIGTERM"]);
    for (const signal of ["SIGUSR2", "SIGTERM"]) {
      const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
      send(child.pid, signal);
      const other = spawn("sleep", { args: ["1000"] });
      send(other.pid, signal);
      console.log((await child.status).signal, (await other.status).signal);
    }
    console.log(stream.tryReceive());
  `);
  assertEquals(output.split("\n"), [
    "SIGUSR2 SIGUSR2",
    "SIGTERM SIGTERM",
    "undefined",
  ]);
});
