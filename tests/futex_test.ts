import { assert, assertEquals, assertThrows } from "@std/assert";
import { futexWait, futexWake } from "../_internal/futex.ts";
import { Words } from "./_util/words.ts";

Deno.test("futexWait() returns at once if the word is not what is expected", () => {
  using shared = new Words(1);
  shared.words[0][0] = -5;
  futexWait(shared.words[0], 0);
  futexWait(shared.words[0], 5, 100_000);
});

Deno.test("futexWait() returns when the time is up", () => {
  using shared = new Words(1);
  for (const value of [0, -1, 0x7fffffff]) {
    shared.words[0][0] = value;
    const begin = performance.now();
    futexWait(shared.words[0], value, 12.5);
    assert(performance.now() - begin >= 12);
  }
  futexWait(shared.words[0], shared.words[0][0], 0);
});

Deno.test("futexWake() is nothing to worry about where nobody waits", () => {
  using shared = new Words(1);
  futexWake(shared.words[0]);
  futexWake(shared.words[0], 1);
});

Deno.test("a word whose memory is closed is a clear error", () => {
  const shared = new Words(1);
  shared[Symbol.dispose]();
  assertThrows(() => futexWait(shared.words[0], 0), Deno.errors.BadResource);
  futexWake(shared.words[0]);
});

Deno.test("two threads hand a word over 10,000 times, sleeping in between", async () => {
  using shared = new Words(1);
  const source = `
    import { futexWait, futexWake } from "${new URL(
    "../_internal/futex.ts",
    import.meta.url,
  )}";
    onmessage = ({ data }) => {
      const pointer = Deno.UnsafePointer.create(data);
      const buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, 4);
      const word = new Int32Array(buffer);
      postMessage("ready");
      for (let turn = 1; turn < 20_000; turn += 2) {
        while (Atomics.load(word, 0) < turn) futexWait(word, turn - 1);
        Atomics.store(word, 0, turn + 1);
        futexWake(word, 1);
      }
      close();
    };
  `;
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module" });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  worker.onmessage = resolve;
  const pointer = Deno.UnsafePointer.of(shared.words[0]);
  worker.postMessage(Deno.UnsafePointer.value(pointer));
  await promise;
  for (let turn = 0; turn < 20_000; turn += 2) {
    Atomics.store(shared.words[0], 0, turn + 1);
    futexWake(shared.words[0], 1);
    while (Atomics.load(shared.words[0], 0) < turn + 2) {
      futexWait(shared.words[0], turn + 1);
    }
  }
  assertEquals(shared.words[0][0], 20_000);
  worker.terminate();
});
