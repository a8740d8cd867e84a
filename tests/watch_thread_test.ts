/** The thread that watches for the event loop, and programs that end meanwhile. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { compiled } from "./_util/compiled.ts";
import {
  denoArgs,
  missing,
  type Outcome,
  run,
  runDeno,
} from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const ignore = !LINUX || missing("cc");
const storm = await compiled("storm.c");

/** What scripts need to be woken all the time, by what comes from outside. */
const STORM = `
  import { Pipe, spawn } from "@ipc/core/pipe";
  import { setSpinning } from "@ipc/core/mux";
  setSpinning(0);
  const pipes = Array.from({ length: 8 }, () => Pipe.open());
  const fds = pipes.map(({ writer }, i) => [3 + i, writer]);
  spawn(${JSON.stringify(storm)}, {
    args: [String(pipes.length)],
    fds: Object.fromEntries(fds),
  });
  for (const { writer } of pipes) writer.close();
  let count = 0;
  async function readAll(signal, enough) {
    await Promise.all(pipes.map(async ({ reader }) => {
      const p = new Uint8Array(64);
      for (;;) {
        await reader.read(p, { signal });
        if (++count === LIMIT) enough();
      }
    }));
  }
`;

/** How many reads there are before the program ends: never the same number. */
function limit(): string {
  return `const LIMIT = ${20 + Math.floor(Math.random() * 500)};`;
}

const ENDS: Readonly<Record<string, readonly [number, string]>> = {
  "by an error in a callback": [
    1,
    "readAll(undefined, () => setTimeout(() => { throw new Error(); }));",
  ],
  "by an error of a promise": [
    1,
    "readAll(undefined, () => { throw new Error(); });",
  ],
  "by an error at its top": [
    1,
    "await readAll(undefined, () => { throw new Error(); });",
  ],
  "by Deno.exit()": [7, "await readAll(undefined, () => Deno.exit(7));"],
  "as nobody waits any more": [
    0,
    `const controller = new AbortController();
     await readAll(controller.signal, () => controller.abort("enough"))
       .catch((reason) => { if (reason !== "enough") throw reason; });`,
  ],
};

for (const [how, [expected, source]] of Object.entries(ENDS)) {
  Deno.test(`a program that is being woken ends ${how}`, {
    ignore,
  }, async () => {
    for (let i = 0; i < 8; i++) {
      const args = denoArgs(STORM + limit() + source);
      const { code, signal, stderr } = await run(Deno.execPath(), args);
      assertEquals([code, signal], [expected, null], stderr);
    }
  });
}

Deno.test("errors that a program survives leave its waits as they are", {
  ignore,
}, async () => {
  const output = await runDeno(`${STORM}
    const LIMIT = 2000;
    let errors = 0;
    for (const type of ["error", "unhandledrejection"]) {
      addEventListener(type, (event) => {
        errors++;
        event.preventDefault();
      });
    }
    setInterval(() => { throw new Error("a callback's"); }, 2);
    setInterval(() => Promise.reject(new Error("a promise's")), 3);
    await readAll(undefined, () => {
      console.log(errors > 1);
      Deno.exit();
    });
  `);
  assertEquals(output, "true");
});

Deno.test("waits go on after the unload event, should somebody dispatch one", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Pipe } from "@ipc/core/pipe";
    const { reader, writer } = Pipe.open();
    const p = new Uint8Array(8);
    async function roundTrip() {
      const reading = reader.read(p);
      setTimeout(() => writer.writeSync(p), 1);
      return await reading;
    }
    const counts = [await roundTrip()];
    dispatchEvent(new Event("unload"));
    counts.push(await roundTrip());
    const reading = reader.read(p);
    await new Promise((done) => setTimeout(done));
    dispatchEvent(new Event("unload"));
    setTimeout(() => writer.writeSync(p), 1);
    counts.push(await reading);
    console.log(counts.join(" "));
  `);
  assertEquals(output, "8 8 8");
});

Deno.test("Workers that are terminated while they are woken harm nobody", {
  ignore,
}, async () => {
  const worker = `${STORM}
    const LIMIT = 10;
    readAll(undefined, () => self.postMessage("reading"));
  `;
  const [, ...flags] = denoArgs(worker);
  const url = flags.at(-1);
  const output = await runDeno(`
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(${JSON.stringify(url)}, { type: "module" });
      await new Promise((reading) => worker.onmessage = reading);
      worker.terminate();
      await new Promise((done) => setTimeout(done, 10));
    }
    console.log("alive");
    Deno.exit();
  `);
  assertEquals(output, "alive");
});

Deno.test("tests that end while they are woken leave the others alone", {
  ignore,
}, async () => {
  using directory = new TempDir();
  const [, ...flags] = denoArgs(`${STORM}
    const LIMIT = 10;
    const options = { sanitizeOps: false, sanitizeResources: false };
    Deno.test("leaves its waits", options, async () => {
      await new Promise((done) => readAll(undefined, done));
    });
  `);
  const source = atob(flags.at(-1)!.split(",")[1]);
  const files = [1, 2, 3, 4].map((i) => directory.join(`left${i}_test.ts`));
  for (const file of files) Deno.writeTextFileSync(file, source);
  const args = ["test", "-A", "--quiet", "--no-check", "--parallel", ...files];
  const { code, stdout, stderr } = await run(Deno.execPath(), args);
  assertEquals(code, 0, stdout + stderr);
});

Deno.test("nobody is in the epoll unless somebody waits", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Pipe } from "@ipc/core/pipe";
    import { countParkedThreads } from "tests/_util/counts.ts";
    import { until } from "tests/_util/until.ts";
    const { reader, writer } = Pipe.open();
    const p = new Uint8Array(1);
    const patience = AbortSignal.timeout(20_000);
    for (const end of ["abort", "event", "close"]) {
      const controller = new AbortController();
      const reading = reader.read(p, { signal: controller.signal });
      await until(() => countParkedThreads() === 1, patience);
      if (end === "abort") controller.abort("enough");
      else if (end === "event") writer.writeSync(p);
      else reader.close();
      await reading.catch(() => {});
      await until(() => countParkedThreads() === 0, patience);
      console.log(end);
    }
  `);
  assertEquals(output, "abort\nevent\nclose");
});

Deno.test("the thread goes when it has had nothing to do for a while", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Pipe } from "@ipc/core/pipe";
    import { until } from "tests/_util/until.ts";
    const { reader, writer } = Pipe.open();
    const p = new Uint8Array(8);
    for (let i = 0; i < 2; i++) {
      const reading = reader.read(p);
      setTimeout(() => writer.writeSync(p), 1);
      await reading;
      await until(() => !names().includes("ipc-reactor"), AbortSignal.timeout(20_000));
      console.log("gone");
    }
    function names() {
      return [...Deno.readDirSync("/proc/self/task")].map(({ name }) => {
        try {
          return Deno.readTextFileSync("/proc/self/task/" + name + "/comm").trim();
        } catch {
          return "ended";
        }
      });
    }
  `);
  assertEquals(output, "gone\ngone");
});

Deno.test("tests see neither timers nor operations that they have not begun", {
  ignore: !LINUX,
}, async () => {
  const source = `
    import { Pipe } from "@ipc/core/pipe";
    addEventListener("error", (event) => event.preventDefault());
    const { reader, writer } = Pipe.open();
    const p = new Uint8Array(8);
    Deno.test("waits", async () => {
      const reading = reader.read(p);
      setTimeout(() => writer.writeSync(p), 1);
      await reading;
    });
    Deno.test("survives an error", () => reportError(new Error("handled")));
    Deno.test("waits again", async () => {
      const reading = reader.read(p);
      setTimeout(() => writer.writeSync(p), 1);
      await reading;
    });
    Deno.test("imports at last", async () => {
      await import("@ipc/core/pipe");
    });
  `;
  const { code, stdout, stderr } = await runTests(source);
  assertEquals(code, 0, stdout + stderr);
});

Deno.test("a test that leaves a wait behind is told so", {
  ignore: !LINUX,
}, async () => {
  const { code, stdout } = await runTests(`
    import { Pipe } from "@ipc/core/pipe";
    const { reader } = Pipe.open();
    Deno.test("leaves a wait", async () => {
      reader.read(new Uint8Array(8));
      await new Promise((done) => setTimeout(done, 1));
    });
  `);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "never completed");
});

/** Runs a module of tests, whose operations have to end with them. */
async function runTests(source: string): Promise<Outcome> {
  using directory = new TempDir();
  const module = atob(denoArgs(source).at(-1)!.split(",")[1]);
  const path = directory.join("module_test.ts");
  Deno.writeTextFileSync(path, module);
  const config = directory.join("deno.json");
  Deno.writeTextFileSync(config, `{ "test": { "sanitizeOps": true } }`);
  const args = ["test", "-A", "--no-check", "--config", config, path];
  return await run(Deno.execPath(), args);
}

Deno.test("Workers leave no descriptors and no threads behind", {
  ignore: !LINUX,
}, async () => {
  const [, ...flags] = denoArgs(`
    import { Pipe } from "@ipc/core/pipe";
    const waits = self.name === "waits";
    const { reader, writer } = Pipe.open();
    const reading = reader.read(new Uint8Array(8));
    if (waits) self.postMessage("waiting");
    else {
      setTimeout(() => writer.writeSync(new Uint8Array(1)), 1);
      await reading;
      reader.close();
      writer.close();
      setTimeout(() => {
        self.postMessage("done");
        self.close();
      }, 10);
    }
  `);
  const output = await runDeno(`
    import { openDescriptors } from "tests/_util/counts.ts";
    import { until } from "tests/_util/until.ts";
    const url = ${JSON.stringify(flags.at(-1))};
    const patience = AbortSignal.timeout(30_000);
    async function work(name) {
      const worker = new Worker(url, { type: "module", name });
      await new Promise((message) => worker.onmessage = message);
      worker.terminate();
    }
    // Deno itself opens a pair of sockets half a second after its start.
    const descriptors = () =>
      [...openDescriptors().values()].filter((what) => !what.startsWith("socket:")).length;
    const threads = () => [...Deno.readDirSync("/proc/self/task")].length;
    await work("warms up");
    await new Promise((done) => setTimeout(done, 100));
    const before = [descriptors(), threads()];
    for (let i = 0; i < 10; i++) await work("is done");
    await until(() => descriptors() <= before[0], patience);
    for (let i = 0; i < 10; i++) await work("waits");
    // Those of each Worker would be more than this.
    await until(() => threads() < before[1] + 10, patience);
    console.log("left nothing");
  `);
  assertEquals(output, "left nothing");
});
