/** The one order of reads and writes that no processor keeps by itself. */

import { assertEquals } from "@std/assert";
import { SharedMemory } from "@ipc/core/shm";
import { memoryName } from "./_util/memory_name.ts";
import { HAS_QUICK_ATOMICS } from "./_util/quick.ts";
import type { Order } from "./testdata/fence_worker.ts";

const ROUNDS = 100_000;

class Side implements Disposable {
  readonly #worker = new Worker(
    new URL("./testdata/fence_worker.ts", import.meta.url),
    { type: "module" },
  );

  play(order: Order): Promise<Int32Array> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.onerror = ({ message }) => reject(new Error(message));
      this.#worker.postMessage(order);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

Deno.test("of two who each write before they read, one sees the other", {
  ignore: !HAS_QUICK_ATOMICS,
}, async () => {
  const name = memoryName();
  using _memory = SharedMemory.create(name, { size: 4096, temporary: true });
  using left = new Side();
  using right = new Side();
  const rounds = ROUNDS;
  const [one, other] = await Promise.all(
    [left, right].map((side, i) => side.play({ name, side: i, rounds })),
  );
  const blind = one.filter((saw, i) => saw <= i && other[i] <= i);
  assertEquals(blind.length, 0);
});
