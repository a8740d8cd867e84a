import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { futexWake, type Word } from "../_internal/futex.ts";
import { platform } from "../_internal/platform.ts";
import { runDeno } from "./_util/peers.ts";
import { threadsBack } from "./_util/threads.ts";
import { waitFor, Words } from "./_util/words.ts";

Deno.test.afterEach(threadsBack);

/** Many words on one thread, or one word a thread. */
const WAYS = [["together", () => true], ["alone", () => false]] as const;

function set(word: Word, value: number): void {
  Atomics.store(word, 0, value);
  futexWake(word);
}

for (const [way, together] of WAYS) {
  Deno.test(`a word that is waited for ${way} wakes when it changes`, async () => {
    using shared = new Words(1);
    const [word] = shared.words;
    for (let i = 0; i < 100; i++) {
      const waiting = waitFor(word, together);
      // Sometimes before the thread is there, sometimes after.
      if (i % 2 === 0) await new Promise((done) => setTimeout(done));
      set(word, 1);
      await waiting;
      set(word, 0);
    }
  });

  Deno.test(`a word that is waited for ${way} and has changed already wakes`, async () => {
    using shared = new Words(1);
    shared.words[0][0] = 1;
    await waitFor(shared.words[0], together);
  });

  Deno.test(`an aborted wait for a word ${way} leaves the others waiting`, async () => {
    using shared = new Words(3);
    const [first, second, third] = shared.words;
    const controller = new AbortController();
    const waits = [
      waitFor(first, together),
      waitFor(second, together, controller.signal),
      waitFor(third, together),
    ];
    setTimeout(() => controller.abort(), 2);
    await assertRejects(() => waits[1], DOMException);
    for (const word of [third, first]) set(word, 1);
    await Promise.all([waits[0], waits[2]]);
  });

  Deno.test(`waits for words ${way} reject when their memory is closed`, async () => {
    const shared = new Words(6);
    const waits = shared.words.map((word) =>
      assertRejects(() => waitFor(word, together), Deno.errors.BadResource)
    );
    await new Promise((done) => setTimeout(done, 2));
    shared[Symbol.dispose]();
    await Promise.all(waits);
  });
}

Deno.test("more words than one thread can wait for are all waited for", async () => {
  using shared = new Words(140);
  const waits = shared.words.map((word) => waitFor(word));
  for (const word of shared.words) set(word, 1);
  await Promise.all(waits);
});

Deno.test("the thread of many words does not keep files from being read", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const output = await runDeno(`
    import { countThreadsIn } from "tests/_util/counts.ts";
    import { waitFor, Words } from "tests/_util/words.ts";
    const shared = new Words(100);
    const controller = new AbortController();
    const waits = shared.words.map((word) =>
      waitFor(word, undefined, controller.signal)
    );
    for (let i = 0; i < 100; i++) await Deno.readTextFile("/proc/self/stat");
    // Sometimes it is on its way.
    while (countThreadsIn([449]) === 0) {
      await new Promise((done) => setTimeout(done));
    }
    console.log(countThreadsIn([449]));
    controller.abort();
    await Promise.allSettled(waits);
    console.log("end");
  `);
  assertEquals(output, "1\nend");
});

Deno.test("a program whose last wait for a word was aborted exits by itself", async () => {
  const begin = performance.now();
  const output = await runDeno(`
    import { waitFor, Words } from "tests/_util/words.ts";
    const shared = new Words(2);
    for (const together of [true, false]) {
      for (const word of shared.words) {
        const signal = AbortSignal.timeout(5);
        await waitFor(word, () => together, signal).catch(() => {});
      }
    }
    console.log("end");
  `);
  assertEquals(output, "end");
  assertLess(performance.now() - begin, 10_000);
});

Deno.test("no thread waits in other memory that is at the same address", async () => {
  const output = await runDeno(`
    import { waitFor, Words } from "tests/_util/words.ts";
    for (let i = 0; i < 200; i++) {
      const shared = new Words(1);
      const waiting = waitFor(shared.words[0], () => false).catch(() => {});
      // The thread is not there yet, and may find this instead.
      shared[Symbol.dispose]();
      using _other = new Words(1);
      await waiting;
    }
    console.log("exits by itself");
  `);
  assertEquals(output, "exits by itself");
});

Deno.test("a wake-up that comes to a wait just aborted is passed on", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const module = new URL("../_internal/futex.ts", import.meta.url);
  const output = await runDeno(`
    import { futexWake } from "${module}";
    import { countThreadsIn } from "tests/_util/counts.ts";
    import { waitFor, Words } from "tests/_util/words.ts";
    const { words: [word] } = new Words(1);
    const source = \`
      import { futexWait } from "${module}";
      onmessage = ({ data }) => {
        const pointer = Deno.UnsafePointer.create(data);
        const buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, 4);
        futexWait(new Int32Array(buffer), 0);
        postMessage("woken");
      };
    \`;
    const url = "data:text/javascript," + encodeURIComponent(source);
    const worker = new Worker(url, { type: "module" });
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(word));
    const [FUTEX, FUTEX_WAITV] = [${platform.SYS_futex}, 449];
    async function parked(call, argument) {
      while (countThreadsIn([call], argument) === 0) {
        await new Promise((done) => setTimeout(done));
      }
    }
    for (let i = 0; i < 100; i++) {
      const controller = new AbortController();
      // The first to wait is the first to be woken.
      const waiting = waitFor(word, undefined, controller.signal);
      await parked(FUTEX_WAITV);
      const woken = new Promise((resolve) => worker.onmessage = resolve);
      worker.postMessage(address);
      await parked(FUTEX, address);
      controller.abort();
      futexWake(word, 1);
      await waiting.catch(() => {});
      await woken;
    }
    console.log("all woken");
    worker.terminate();
  `);
  assertEquals(output, "all woken");
});
