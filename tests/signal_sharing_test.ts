/**
 * Streams of signals among others who handle them, and what is left of them:
 * in processes of their own, whose signals are nobody else's.
 */

import { assertEquals } from "@std/assert";
import { denoArgs, missing, run, runDeno } from "./_util/peers.ts";
import { PRELUDE } from "./_util/signals.ts";
import { spawned } from "./_util/spawned.ts";

const LINUX = Deno.build.os === "linux";
const ignore = !LINUX;

Deno.test("a signal does what it does by default when its stream is closed", {
  ignore,
}, async () => {
  const args = denoArgs(`${PRELUDE}
    const before = sets();
    const stream = SignalStream.open(["SIGUSR2", realtime(1)]);
    for (const signal of ["SIGUSR2", realtime(1)]) {
      send(Deno.pid, signal);
      await stream.receive();
    }
    stream.close();
    console.log(JSON.stringify(sets()) === JSON.stringify(before));
    send(Deno.pid, Deno.args[0]);
    await until(() => false);
  `);
  for (const signal of ["SIGUSR2", "SIGRTMIN+1"]) {
    const ended = await spawned(Deno.execPath(), { args: [...args, signal] });
    assertEquals([ended.stdout, ended.signal], ["true\n", signal]);
  }
});

Deno.test("a signal that was ignored is ignored again", {
  ignore: ignore || missing("sh"),
}, async () => {
  const args = denoArgs(`${PRELUDE}
    const before = sets();
    const stream = SignalStream.open(["SIGUSR2"]);
    send(Deno.pid, "SIGUSR2");
    console.log((await stream.receive()).signal);
    stream.close();
    console.log(JSON.stringify(sets()) === JSON.stringify(before));
    send(Deno.pid, "SIGUSR2");
    console.log("alive");
  `);
  const script = 'trap "" USR2; exec "$0" "$@"';
  const outcome = await run("sh", ["-c", script, Deno.execPath(), ...args]);
  assertEquals(outcome, {
    code: 0,
    signal: null,
    stdout: "SIGUSR2\ntrue\nalive\n",
    stderr: "",
  });
});

Deno.test("what was there before a stream is there again, as it was", {
  ignore,
}, async () => {
  const output = await runDeno(`${PRELUDE}
    const { sigaction, dlsym } = Deno.dlopen("libc.so.6", {
      sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
      dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
    }).symbols;
    // glibc sets this whenever it is called.
    const SA_RESTORER = 0x04000000;
    const SIGUSR2 = 12, SIGURG = 23, SA_NODEFER = 0x40000000;
    function action(signal) {
      const struct = new Uint8Array(152);
      sigaction(signal, null, struct);
      const view = new DataView(struct.buffer);
      const flags = view.getUint32(136, true) & ~SA_RESTORER;
      return [view.getBigUint64(0), view.getBigUint64(8), flags].join();
    }
    // Somebody else's handler, with a mask and a flag.
    const getpid = dlsym(null, new TextEncoder().encode("getpid\\0"));
    const struct = new DataView(new ArrayBuffer(152));
    struct.setBigUint64(0, Deno.UnsafePointer.value(getpid), true);
    struct.setUint8(8, 1);
    struct.setUint32(136, SA_NODEFER, true);
    sigaction(SIGURG, new Uint8Array(struct.buffer), null);
    Deno.addSignalListener("SIGUSR2", () => {});
    const signals = ["SIGURG", "SIGUSR2", "SIGWINCH", realtime(5)];
    const numbers = [SIGURG, SIGUSR2, 28, 34 + 5];
    const before = numbers.map(action);
    const first = SignalStream.open(signals);
    const second = SignalStream.open(signals.toReversed());
    console.log(numbers.every((it, i) => action(it) !== before[i]));
    for (const signal of signals) send(Deno.pid, signal);
    for (const stream of [first, second]) {
      const names = new Set();
      while (names.size < 4) names.add((await stream.receive()).signal);
      stream.close();
    }
    console.log(numbers.every((it, i) => action(it) === before[i]));
    console.log(new Set(before).size);
  `);
  assertEquals(output, "true\ntrue\n3");
});

/** What goes on while a stream is open and afterwards, in Deno's own words. */
const LISTENING = `${PRELUDE}
  let heard = 0;
  const listener = () => heard++;
  const add = () => Deno.addSignalListener("SIGUSR2", listener);
  const remove = () => Deno.removeSignalListener("SIGUSR2", listener);
  async function signalled(listens, ...streams) {
    const before = heard;
    send(Deno.pid, "SIGUSR2");
    for (const stream of streams) {
      const { signal, pid } = await stream.receive();
      if (signal !== "SIGUSR2" || pid !== Deno.pid) throw new Error(signal);
    }
    if (listens) await until(() => heard > before);
    console.log(heard);
  }
`;

Deno.test("a stream and a listener that was there before it both hear", {
  ignore,
}, async () => {
  const output = await runDeno(`${LISTENING}
    add();
    const stream = SignalStream.open(["SIGUSR2"]);
    await signalled(true, stream);
    stream.close();
    await signalled(true);
  `);
  assertEquals(output, "1\n2");
});

Deno.test("a stream and a listener that comes after it both hear", {
  ignore,
}, async () => {
  const output = await runDeno(`${LISTENING}
    const stream = SignalStream.open(["SIGUSR2"]);
    add();
    await signalled(true, stream);
    using second = SignalStream.open(["SIGUSR2"]);
    await signalled(true, stream, second);
    stream.close();
    await signalled(true, second);
    second.close();
    await signalled(true);
  `);
  assertEquals(output, "1\n2\n3\n4");
});

Deno.test(
  "Deno does not end a program with a stream when its listener is gone",
  {
    ignore,
  },
  async () => {
    const output = await runDeno(`${LISTENING}
    add();
    remove();
    const stream = SignalStream.open(["SIGUSR2"]);
    await signalled(false, stream);
    add();
    await signalled(true, stream);
    const waiting = stream.receive();
    remove();
    send(Deno.pid, "SIGUSR2");
    await waiting;
    await signalled(false, stream);
    // A thread of Deno's looks whether there is a listener, when it gets to it.
    await new Promise((done) => setTimeout(done, 100));
    console.log("alive");
  `);
    assertEquals(output.split("\n").at(-1), "alive");
  },
);

Deno.test("Deno does not end a program with a second stream either", {
  ignore,
}, async () => {
  const output = await runDeno(`${LISTENING}
    add();
    remove();
    const first = SignalStream.open(["SIGUSR2"]);
    const second = SignalStream.open(["SIGUSR2"]);
    first.close();
    await signalled(false, second);
    await new Promise((done) => setTimeout(done, 100));
    console.log("alive");
  `);
  assertEquals(output.split("\n").at(-1), "alive");
});

Deno.test("Deno does not end a program that waits, by handlers of its own", {
  ignore,
}, async () => {
  const output = await runDeno(`${PRELUDE}
    using stream = SignalStream.open(["SIGHUP", "SIGINT", "SIGTERM"]);
    const waiting = [stream.receive(), stream.receive(), stream.receive()];
    // It has installed them when it has one for SIGUSR1.
    await until(() => (BigInt("0x" + sets().caught) >> 9n & 1n) === 1n);
    const child = spawn("sh", {
      args: ["-c", "for i in HUP INT TERM; do kill -$i $0; done", "" + Deno.pid],
    });
    await child.status;
    const received = await Promise.all(waiting);
    console.log(...received.map(({ signal }) => signal).sort());
    await new Promise((done) => setTimeout(done, 100));
    console.log("alive");
  `);
  assertEquals(output, "SIGHUP SIGINT SIGTERM\nalive");
});

Deno.test("Deno does not end a program by a signal that its stream has had", {
  ignore,
}, async () => {
  const output = await runDeno(`${LISTENING}
    add();
    remove();
    for (let i = 0; i < 100; i++) {
      using stream = SignalStream.open(["SIGUSR2"]);
      await signalled(false, stream);
    }
    await new Promise((done) => setTimeout(done, 100));
    console.log("alive");
  `);
  assertEquals(output.split("\n").at(-1), "alive");
});

Deno.test("Deno ends the program again when the stream is closed", {
  ignore,
}, async () => {
  const args = denoArgs(`${LISTENING}
    add();
    remove();
    const stream = SignalStream.open(["SIGUSR2"]);
    await signalled(false, stream);
    stream.close();
    // The first ones may come before Deno has heard of the one above.
    await until(() => {
      send(Deno.pid, "SIGUSR2");
      return false;
    });
  `);
  const { code } = await run(Deno.execPath(), args);
  assertEquals(code, 128 + 12);
});

Deno.test("streams come and go beneath Deno's listener without harm", {
  ignore,
}, async () => {
  const output = await runDeno(`${LISTENING}
    const first = SignalStream.open(["SIGUSR2"]);
    add();
    for (let i = 0; i < 20; i++) {
      using stream = SignalStream.open(["SIGUSR2"]);
      await signalled(true, stream);
      if (i === 10) first.close();
    }
  `);
  const lines = Array.from({ length: 20 }, (_, i) => `${i + 1}`);
  assertEquals(output.split("\n"), lines);
});

Deno.test(
  "a thread that does not block what the collector handles, does soon",
  {
    ignore,
  },
  async () => {
    const output = await runDeno(`${PRELUDE}
    const { pthread_sigmask } = Deno.dlopen("libc.so.6", {
      pthread_sigmask: {
        parameters: ["i32", "buffer", "pointer"], result: "i32",
      },
    }).symbols;
    const SIG_UNBLOCK = 1;
    const bit = 1n << 34n;
    function isBlocked() {
      const { blocked } = signalSets(
        Deno.readTextFileSync("/proc/thread-self/status"),
      );
      return (BigInt("0x" + blocked) & bit) !== 0n;
    }
    using stream = SignalStream.open([realtime(1)]);
    const blocked = [isBlocked()];
    pthread_sigmask(SIG_UNBLOCK, new BigUint64Array(16).fill(bit, 0, 1), null);
    blocked.push(isBlocked());
    for (let value = 0; value < 10; value++) queue(Deno.pid, realtime(1), value);
    blocked.push(isBlocked());
    const values = new Set();
    while (values.size < 10) values.add((await stream.receive()).value);
    console.log(...blocked, stream.tryReceive());
  `);
    assertEquals(output, "true false true undefined");
  },
);

Deno.test("a stream of SIGCHLD tells which child it is, and Deno is told too", {
  ignore,
}, async () => {
  const output = await runDeno(`${PRELUDE}
    using stream = SignalStream.open(["SIGCHLD"]);
    const child = new Deno.Command("sh", { args: ["-c", "exit 3"] }).spawn();
    const { code } = await child.status;
    const CLD_EXITED = 1;
    const received = await stream.receive();
    console.log(code, received.pid === child.pid, received.code === CLD_EXITED);
  `);
  assertEquals(output, "3 true true");
});

/** Has this process refuse to execute memory from now on; prctl(2). */
const REFUSE_EXECUTION = `
  const prctl = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  }).symbols.prctl;
  const PR_SET_MDWE = 65, PR_MDWE_REFUSE_EXEC_GAIN = 1n;
  if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0n, 0n, 0n) !== 0) {
    console.log("not here");
    Deno.exit();
  }
`;

Deno.test("where memory cannot be executed, Deno's listeners are underneath", {
  ignore,
}, async () => {
  const [verb, ...args] = denoArgs(`${PRELUDE}
    ${REFUSE_EXECUTION}
    console.log(capabilities.data);
    const stream = SignalStream.open(["SIGUSR2", "SIGURG"], { capacity: 128 });
    const second = SignalStream.open(["SIGUSR2"]);
    const waiting = stream.receive();
    send(Deno.pid, "SIGUSR2");
    console.log(JSON.stringify([await waiting, await second.receive()]));
    second.close();
    send(Deno.pid, "SIGURG");
    console.log(JSON.stringify(await stream.receive()), stream.tryReceive());
    for (const refused of [
      () => stream.receiveSync(),
      () => SignalStream.open([realtime(1)]),
    ]) {
      try { refused(); } catch (error) { console.log(error.message); }
    }
    stream.close();
    console.log(stream.dropped);
    send(Deno.pid, "SIGUSR2");
    await until(() => false);
  `);
  // A JIT compiler needs to execute what it has written, too.
  const all = [verb, "--v8-flags=--jitless", ...args];
  const { code, stdout, stderr } = await run(Deno.execPath(), all);
  if (stdout === "not here\n") return;
  assertEquals(stdout.trimEnd().split("\n"), [
    "false",
    '[{"signal":"SIGUSR2"},{"signal":"SIGUSR2"}]',
    '{"signal":"SIGURG"} undefined',
    "receiveSync() is not supported on linux: await receive() instead",
    "SIGRTMIN+1 without memory that can be executed is not supported on " +
    "linux: use another signal",
    "0",
  ], stderr);
  assertEquals(code, 128 + 12);
});

for (
  const [how, come, go] of [
    ["Deno", "Deno.addSignalListener", "Deno.removeSignalListener"],
    ["Node.js", "process.on", "process.off"],
  ]
) {
  Deno.test(`a listener of ${how} may come and go while a stream waits`, {
    ignore,
  }, async () => {
    const output = await runDeno(`${PRELUDE}
      import process from "node:process";
      const listener = () => {};
      const stream = SignalStream.open(["SIGUSR2", "SIGALRM"]);
      for (const signal of ["SIGUSR2", "SIGALRM"]) {
        for (const waits of [false, true]) {
          const before = waits && stream.receive();
          ${come}(signal, listener);
          ${go}(signal, listener);
          send(Deno.pid, signal);
          console.log((await (before || stream.receive())).signal);
        }
      }
      stream.close();
    `);
    assertEquals(output, "SIGUSR2\nSIGUSR2\nSIGALRM\nSIGALRM");
  });
}

Deno.test("what was sent before a stream is closed does not end the program", {
  ignore,
}, async () => {
  const output = await runDeno(`${PRELUDE}
    for (let round = 0; round < 50; round++) {
      const stream = SignalStream.open([realtime(0), realtime(1)]);
      for (let i = 0; i < 20; i++) queue(Deno.pid, realtime(i % 2), i);
      stream.close();
    }
    console.log("alive");
  `);
  assertEquals(output, "alive");
});

Deno.test(
  "what a Worker sent before it closes a stream does not end the program",
  {
    ignore,
  },
  async () => {
    // The kernel has the main thread handle what is sent to the process.
    const output = await runDeno(`${PRELUDE}
    if (self.name === "sender") {
      for (let i = 0; i < 300; i++) {
        for (const signal of ["SIGUSR2", "SIGALRM", "SIGTERM"]) {
          using stream = SignalStream.open([signal]);
          send(Deno.pid, signal);
        }
      }
      self.postMessage("sent");
    } else {
      const options = { type: "module", name: "sender" };
      const worker = new Worker(import.meta.url, options);
      worker.onmessage = ({ data }) => {
        console.log(data);
        worker.terminate();
      };
    }
  `);
    assertEquals(output, "sent");
  },
);

Deno.test("a stream that could not be opened leaves no handler", {
  ignore: ignore || missing("prlimit"),
}, async () => {
  const args = denoArgs(`${PRELUDE}
    const caught = () => /^SigCgt:.*$/m.exec(Deno.readTextFileSync("/proc/self/status"))[0];
    const before = caught();
    try {
      SignalStream.open([realtime(0)]);
    } catch (error) {
      console.log(error.code, caught() === before);
    }
  `);
  const limited = ["--sigpending=0", Deno.execPath(), ...args];
  const { stdout, stderr } = await run("prlimit", limited);
  assertEquals(stdout, "EAGAIN true\n", stderr);
});
