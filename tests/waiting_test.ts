/** Aborts, threads, fairness and idleness: what all waits have in common. */

import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Pipe } from "@ipc/core/pipe";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { readable, setSpinning, writable } from "@ipc/core/mux";
import { runDeno } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";

Deno.test("an aborted wait rejects with the signal's reason and loses nothing", async () => {
  using pipe = Pipe.open();
  const p = new Uint8Array(8);
  const reason = { any: "value" };
  const controller = new AbortController();
  const { signal } = controller;
  const reads = [1, 2, 3].map(() => pipe.reader.read(p, { signal }));
  const settled = Promise.allSettled(reads);
  pipe.writer.writeSync(new Uint8Array([1, 2, 3]));
  controller.abort(reason);
  for (const result of await settled) {
    assertEquals((result as PromiseRejectedResult).reason, reason);
  }
  assertEquals(pipe.reader.available, 3);
  assertEquals(await pipe.reader.read(p), 3);
  await assertRejects(() => pipe.reader.read(p, { signal }));
});

Deno.test("an abort takes a wait out of the middle of the queue", async () => {
  using pipe = Pipe.open();
  const controller = new AbortController();
  const [a, b, c] = [0, 1, 2].map(() => new Uint8Array(1));
  const first = pipe.reader.read(a);
  const second = pipe.reader.read(b, { signal: controller.signal });
  const third = pipe.reader.read(c);
  controller.abort();
  await assertRejects(() => second, DOMException);
  pipe.writer.writeSync(new Uint8Array([1, 2]));
  assertEquals(await Promise.all([first, third]), [1, 1]);
  assertEquals([a[0], b[0], c[0]], [1, 0, 2]);
});

Deno.test("a write that is aborted in the middle tells how much went out", async () => {
  using pipe = Pipe.open();
  const controller = new AbortController();
  let sent = 0;
  const writing = pipe.writer.writeAll(new Uint8Array(1_000_000), {
    signal: controller.signal,
    onProgress: (written) => sent = written,
  });
  const rejected = assertRejects(() => writing, DOMException);
  controller.abort();
  await rejected;
  assertEquals(sent, pipe.reader.available);
  assert(sent > 0 && sent < 1_000_000);
});

Deno.test("1,000 aborted waits lose no byte, no descriptor and no thread", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Pipe } from "@ipc/core/pipe";
    import { countParkedThreads, openDescriptors } from "tests/_util/counts.ts";
    const before = openDescriptors();
    {
      using pipe = Pipe.open();
      const p = new Uint8Array(100_000);
      let sent = 0, received = 0, aborted = 0;
      for (let i = 0; i < 1_000; i++) {
        const controller = new AbortController();
        const read = pipe.reader.read(p, { signal: controller.signal });
        const result = read.then((n) => received += n, () => aborted++);
        // The abort and the data race in every order.
        if (i % 3 === 0) sent += pipe.writer.writeSync(new Uint8Array(7));
        if (i % 7 === 0) await new Promise((done) => setTimeout(done));
        controller.abort();
        if (i % 2 === 0) await result;
      }
      while (received < sent) received += await pipe.reader.read(p);
      console.log(received === sent, pipe.reader.available, aborted > 500);
    }
    // The thread comes back through the event loop.
    while (countParkedThreads() > 0) {
      await new Promise((done) => setTimeout(done));
    }
    const after = [...openDescriptors()].filter(([fd, what]) =>
      // Deno itself opens a pair of sockets half a second after its start.
      before.get(fd) !== what && !what.startsWith("socket:")
    );
    console.log(after);
  `);
  assertEquals(output, "true 0 true\n[]");
});

Deno.test("a program whose last wait was aborted exits by itself", async () => {
  const begin = performance.now();
  const output = await runDeno(`
    import { Pipe } from "@ipc/core/pipe";
    const pipe = Pipe.open();
    const signal = AbortSignal.timeout(10);
    await pipe.reader.read(new Uint8Array(1), { signal }).catch(() => {});
    const closed = pipe.reader.read(new Uint8Array(1)).catch(() => {});
    pipe.close();
    await closed;
    console.log("end");
  `);
  assertEquals(output, "end");
  assertLess(performance.now() - begin, 10_000);
});

Deno.test("an abort and a close are prompt although the thread pool is busy", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Pipe } from "@ipc/core/pipe";
    // Deno's pool has 32 threads; these take all of them, and then some.
    const { poll } = Deno.dlopen("libc.so.6", {
      poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
    }).symbols;
    for (let i = 0; i < 40; i++) poll(null, 0n, 60_000);
    const begin = performance.now();
    const pipe = Pipe.open();
    const signal = AbortSignal.timeout(1);
    await pipe.reader.read(new Uint8Array(1), { signal }).catch(() => {});
    const reading = pipe.reader.read(new Uint8Array(1)).catch(() => {});
    pipe.close();
    await reading;
    console.log(performance.now() - begin < 10_000);
    Deno.exit();
  `);
  assertEquals(output, "true");
});

Deno.test(
  "200 FIFOs are waited on with one thread, and files are read meanwhile",
  {
    ignore: !LINUX,
  },
  async () => {
    const output = await runDeno(`
    import { Fifo } from "@ipc/core/fifo";
    import { countParkedThreads } from "tests/_util/counts.ts";
    const dir = Deno.makeTempDirSync();
    try {
      const fifos = Array.from({ length: 200 }, (_, i) => Fifo.create(dir + "/" + i));
      const readers = await Promise.all(fifos.map((fifo) => fifo.openReader()));
      const reads = readers.map((reader) => reader.read(new Uint8Array(8)));
      while (countParkedThreads() === 0) {
        await new Promise((done) => setTimeout(done));
      }
      console.log(countParkedThreads());
      const texts = await Promise.all(
        fifos.map(() => Deno.readTextFile("/proc/self/stat")),
      );
      console.log(texts.length);
      for (const [i, fifo] of fifos.entries()) {
        const writer = await fifo.openWriter();
        writer.writeSync(new Uint8Array(1 + i % 8));
        writer.close();
      }
      const counts = await Promise.all(reads);
      console.log(counts.every((count, i) => count === 1 + i % 8));
      for (const reader of readers) reader.close();
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  `);
    assertEquals(output, "1\n200\ntrue");
  },
);

Deno.test("an idle waiter burns no processor time", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Fifo } from "@ipc/core/fifo";
    import { Pipe } from "@ipc/core/pipe";
    import { cpuSeconds } from "tests/_util/counts.ts";
    const dir = Deno.makeTempDirSync();
    try {
      using fifo = Fifo.create(dir + "/fifo", { temporary: true });
      using other = Fifo.create(dir + "/other", { temporary: true });
      using pipe = Pipe.open();
      using reader = await fifo.openReader();
      const signal = AbortSignal.timeout(5_000);
      const before = cpuSeconds();
      await Promise.allSettled([
        reader.read(new Uint8Array(1), { signal }),
        pipe.reader.read(new Uint8Array(1), { signal }),
      ]);
      console.log(cpuSeconds() - before);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  `);
  assertLess(Number(output), 0.05, "1 % of 5 s");
});

Deno.test("operations that never wait leave timers their turn", async () => {
  using pipe = Pipe.open();
  const p = new Uint8Array(64);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const end = performance.now() + 200;
  while (performance.now() < end) {
    await pipe.writer.writeAll(p);
    await pipe.reader.read(p);
  }
  clearInterval(timer);
  assert(ticks > 10, `${ticks} ticks of 200 possible`);
});

Deno.test("readable() and writable() wait for readiness and take nothing", async () => {
  using pipe = Pipe.open();
  await writable(pipe.writer);
  await writable(pipe.writer.fd);
  const ready = Promise.all([readable(pipe.reader), readable(pipe.reader.fd)]);
  pipe.writer.writeSync(new Uint8Array(3));
  await ready;
  assertEquals(pipe.reader.available, 3);
  while (pipe.writer.tryWrite(new Uint8Array(4096)) !== undefined);
  const room = writable(pipe.writer);
  pipe.reader.readSync(new Uint8Array(65_536));
  await room;
  pipe.reader.close();
  await writable(pipe.writer);
});

Deno.test("readable() rejects when aborted, closed, or given no descriptor", async () => {
  const pipe = Pipe.open();
  await assertRejects(() =>
    readable(pipe.reader, { signal: AbortSignal.timeout(5) })
  );
  const closing = assertRejects(
    () => readable(pipe.reader),
    Deno.errors.BadResource,
  );
  pipe.close();
  await closing;
  await assertRejects(() => readable(pipe.reader), Deno.errors.BadResource);
  await assertRejects(() => readable(-1), RangeError);
  await assertRejects(() => readable(99_999), Deno.errors.BadResource);
  await assertRejects(
    () => readable({} as unknown as { fd: number }),
    TypeError,
  );
});

Deno.test("regular files are always ready", async () => {
  const file = await Deno.makeTempFile();
  const { PipeReader } = await import("@ipc/core/pipe");
  Deno.writeTextFileSync(file, "text");
  using reader = PipeReader.fromFd(openFile(file, O_RDONLY));
  await readable(reader);
  assertEquals(await new Response(reader.readable).text(), "text");
  Deno.removeSync(file);
});

Deno.test("setSpinning() can be switched off, and refuses nonsense", async () => {
  const output = await runDeno(`
    import { setSpinning } from "@ipc/core/mux";
    import { Pipe } from "@ipc/core/pipe";
    setSpinning(0);
    using pipe = Pipe.open();
    const p = new Uint8Array(8);
    for (let i = 0; i < 100; i++) {
      const reading = pipe.reader.read(p);
      pipe.writer.writeSync(new Uint8Array(3));
      if (await reading !== 3) throw new Error();
    }
    console.log("ok");
  `);
  assertEquals(output, "ok");
  for (const budget of [-1, 0.5, NaN, 1e6]) {
    assertThrows(() => setSpinning(budget), RangeError, "budget");
  }
});
