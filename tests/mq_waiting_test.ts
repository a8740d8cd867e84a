/** Many queues waited for at once, threads, and programs that end. */

import { assertEquals, assertLess } from "@std/assert";
import { SysvMessageQueue } from "@ipc/core/mq";
import { denoArgs, missing, runDeno, start } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";

Deno.test(
  "64 queues are waited for at once, both kinds, and files are read meanwhile",
  {
    ignore: !LINUX,
  },
  async () => {
    const output = await runDeno(`
    import { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
    import { queueName } from "tests/_util/queues.ts";
    import { openDescriptors } from "tests/_util/counts.ts";
    const before = openDescriptors();
    {
      using stack = new DisposableStack();
      const options = { maxMessages: 1, messageSize: 8, temporary: true };
      const all = Array.from({ length: 64 }, () => [
        stack.use(MessageQueue.create(queueName(), options)),
        stack.use(SysvMessageQueue.createPrivate({ temporary: true })),
      ]).flat();
      const receiving = all.map((queue) => queue.receive());
      const texts = await Promise.all(
        Array.from({ length: 100 }, () => Deno.readTextFile("/proc/self/stat")),
      );
      console.log(texts.length, threadsInCalls());
      for (const [i, queue] of all.entries()) queue.sendSync(String(i));
      const messages = await Promise.all(receiving);
      console.log(messages.every(({ data }, i) =>
        new TextDecoder().decode(data) === String(i)));
    }
    // Threads come back through the event loop.
    while (threadsInCalls() > 0) await new Promise((done) => setTimeout(done));
    const after = [...openDescriptors()].filter(([fd, what]) =>
      // Deno itself opens a pair of sockets half a second after its start.
      before.get(fd) !== what && !what.startsWith("socket:")
    );
    console.log(after);

    /** How many threads are in msgrcv or epoll_wait, but for Deno's own. */
    function threadsInCalls() {
      const calls = Deno.build.arch === "x86_64" ? [70, 232, 281] : [188, 22];
      return [...Deno.readDirSync("/proc/self/task")].filter(({ name }) => {
        if (Number(name) === Deno.pid) return false;
        try {
          const path = "/proc/self/task/" + name + "/syscall";
          const [number] = Deno.readTextFileSync(path).split(" ");
          return calls.includes(Number(number));
        } catch {
          return false;
        }
      }).length;
    }
  `);
    const [line, complete, left] = output.split("\n");
    const [texts, threads] = line.split(" ").map(Number);
    assertEquals([texts, complete, left], [100, "true", "[]"]);
    // One for all that have a descriptor, and four for those that have none.
    assertLess(threads, 6);
  },
);

for (const how of ["aborted", "closed"]) {
  Deno.test(`a program whose last receive was ${how} exits by itself`, {
    ignore: !LINUX,
  }, async () => {
    const output = await runDeno(
      `
      import { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
      import { queueName } from "tests/_util/queues.ts";
      const options = { maxMessages: 1, messageSize: 8, temporary: true };
      const queues = [
        MessageQueue.create(queueName(), options),
        SysvMessageQueue.createPrivate({ temporary: true }),
      ];
      const controller = new AbortController();
      const { signal } = controller;
      const all = queues.flatMap((queue) => [
        ...[1, 2, 3, 4, 5, 6].map((type) => queue.receive({ signal, type })),
      ]);
      const settled = Promise.allSettled(all);
      await new Promise((done) => setTimeout(done, 5));
      if (Deno.args[0] === "aborted") controller.abort();
      for (const queue of queues) queue.close();
      console.log((await settled).every(({ status }) => status === "rejected"));
      `,
      [how],
    );
    assertEquals(output, "true");
  });
}

Deno.test(
  "an abort of a System V receive is prompt although the thread pool is busy",
  {
    ignore: !LINUX,
  },
  async () => {
    const output = await runDeno(`
    import { SysvMessageQueue } from "@ipc/core/mq";
    // Deno's pool has 32 threads; these take all of them, and then some.
    const { poll } = Deno.dlopen("libc.so.6", {
      poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
    }).symbols;
    for (let i = 0; i < 40; i++) poll(null, 0n, 60_000);
    const begin = performance.now();
    const queue = SysvMessageQueue.createPrivate({ temporary: true });
    const signal = AbortSignal.timeout(1);
    await queue.receive({ signal }).catch(() => {});
    const receiving = queue.receive().catch(() => {});
    queue.close();
    await receiving;
    console.log(performance.now() - begin < 10_000);
    Deno.exit();
  `);
    assertEquals(output, "true");
  },
);

Deno.test("an idle wait for messages burns no processor time", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
    import { cpuSeconds } from "tests/_util/counts.ts";
    import { queueName } from "tests/_util/queues.ts";
    const options = { maxMessages: 1, messageSize: 8, temporary: true };
    using posix = MessageQueue.create(queueName(), options);
    using sysv = SysvMessageQueue.createPrivate({ temporary: true });
    using full = SysvMessageQueue.createPrivate({ temporary: true });
    full.setMaxBytes(1);
    full.sendSync("x");
    const signal = AbortSignal.timeout(4_000);
    const before = cpuSeconds();
    await Promise.allSettled([
      posix.receive({ signal }),
      sysv.receive({ signal }),
      // Without a call that waits for room, it looks for it.
      full.send("y", { signal }),
    ]);
    console.log(cpuSeconds() - before);
  `);
  assertLess(Number(output), 0.12, "3 % of 4 s");
});

for (
  const [how, prepare] of [
    ["no more signals may be queued", ""],
    [
      "threads block all real-time signals",
      `SignalStream.open(Array.from({ length: 31 }, (_, i) => realtime(i))).close();`,
    ],
  ]
) {
  Deno.test(`a System V receive is given up where ${how}`, {
    ignore: !LINUX || missing("prlimit"),
  }, async () => {
    const args = denoArgs(`
      import { SysvMessageQueue } from "@ipc/core/mq";
      import { realtime, SignalStream } from "@ipc/core/signal";
      const queue = SysvMessageQueue.fromId(Number(Deno.args[0]));
      ${prepare}
      const controller = new AbortController();
      const receiving = queue.receive({ signal: controller.signal });
      setTimeout(() => controller.abort("enough"), 50);
      await receiving.catch((reason) => console.log(reason));
    `);
    const limit = [`--sigpending=${prepare === "" ? 0 : 1000}`];
    // Not removed meanwhile, which would end the wait, too.
    using queue = SysvMessageQueue.createPrivate({ temporary: true });
    const program = [...limit, Deno.execPath(), ...args, String(queue.id)];
    const { process, outcome } = start("prlimit", program);
    const late = setTimeout(() => process.kill("SIGKILL"), 20_000);
    const { code, stdout, stderr } = await outcome;
    clearTimeout(late);
    assertEquals([code, stdout], [0, "enough\n"], stderr);
  });
}
