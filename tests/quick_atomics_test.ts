/** Atomic operations on mirrored memory, and locks where there are none. */

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Mutex, RwLock, UnnamedSemaphore } from "@ipc/core/sem";
import { SharedMemory, SysvSharedMemory } from "@ipc/core/shm";
import { assemble } from "../_internal/executable.ts";
import type { MemoryRegion } from "../_internal/mapped_region.ts";
import { pageSize } from "../_internal/mapping.ts";
import { mirrorOf } from "../sem/_mirror.ts";
import { LISTING, quickAtomics, quickWords } from "../sem/_quick_atomics.ts";
import { memoryName } from "./_util/memory_name.ts";
import { EXPOSE_GC, missing, run, runDeno } from "./_util/peers.ts";
import { HAS_QUICK_ATOMICS } from "./_util/quick.ts";
import { TempDir } from "./_util/temp.ts";

const ignore = !HAS_QUICK_ATOMICS;
const LINUX = Deno.build.os === "linux";
const { compareExchange, exchange, takeOne, addOne } = quickAtomics;
const MOST = 0x7fff_ffff;

/** Words at the beginning of memory of their own. */
class Place implements Disposable {
  readonly memory = SharedMemory.anonymous(3 * pageSize());
  readonly words = new Int32Array(this.memory.buffer, 0, 4);

  [Symbol.dispose](): void {
    this.memory.close();
  }
}

Deno.test("an assembler makes the quick atomic operations of their text", {
  ignore: missing("wat2wasm"),
}, async () => {
  using directory = new TempDir();
  const output = directory.join("module.wasm");
  const text = new URL("./testdata/quick_atomics.wat", import.meta.url);
  const args = ["--enable-threads", "-o", output, text.pathname];
  const { stderr } = await run("wat2wasm", args);
  assertEquals(stderr, "");
  assertEquals(assemble(LISTING), await Deno.readFile(output));
});

Deno.test("what is written to a mirror is in the memory, and vice versa", {
  ignore,
}, () => {
  using place = new Place();
  const { words } = place;
  const at = mirrorOf(words);
  words[1] = 5;
  assertEquals([...quickWords.subarray(at, at + 4)], [0, 5, 0, 0]);
  quickWords[at + 3] = 7;
  assertEquals([...words], [0, 5, 0, 7]);
  assertEquals(mirrorOf(words.subarray(2)), at + 2);
});

Deno.test("a compare-and-exchange writes if it finds what is expected", {
  ignore,
}, () => {
  using place = new Place();
  const { words } = place;
  const at = mirrorOf(words);
  words[1] = 5;
  assertEquals(compareExchange(at + 1, 4, 6), 5);
  assertEquals([...words], [0, 5, 0, 0]);
  assertEquals(compareExchange(at + 1, 5, -2), 5);
  assertEquals([...words], [0, -2, 0, 0]);
  assertEquals(exchange(at + 1, 8), -2);
  assertEquals([...words], [0, 8, 0, 0]);
});

Deno.test("one is taken from what is more than 0, and from nothing else", {
  ignore,
}, () => {
  using place = new Place();
  const { words } = place;
  const at = mirrorOf(words);
  for (const [value, taken] of [[MOST, 1], [1, 1], [0, 0], [-1, 0]]) {
    words[0] = value;
    assertEquals(takeOne(at), taken);
    assertEquals([...words], [value - taken, 0, 0, 0]);
  }
});

Deno.test("one is added to what is not at its limit, and from nothing else", {
  ignore,
}, () => {
  using place = new Place();
  const { words } = place;
  const at = mirrorOf(words);
  for (const [next, answer] of [[0, 0], [3, 1], [-1, 1]]) {
    words[1] = next;
    for (const [value, more] of [[0, 1], [MOST - 1, 1], [MOST, 0], [-1, 0]]) {
      words[0] = value;
      assertEquals(addOne(at), more === 1 ? answer : -1);
      assertEquals([...words], [value + more, next, 0, 0]);
    }
  }
});

Deno.test("a semaphore made anew while somebody slept gets one by a release", {
  ignore: !LINUX,
}, () => {
  using place = new Place();
  const { memory, words } = place;
  const semaphore = UnnamedSemaphore.init(memory, 0, 0);
  // He has taken himself away from those who sleep, and was not among them.
  words[1] = -1;
  semaphore.release();
  assertEquals(semaphore.value, 1);
});

Deno.test("where no memory is mirrored nothing can be had", () => {
  const before = quickWords.slice(0, 128);
  assertEquals(compareExchange(0, 0, 1), -1);
  assertEquals(takeOne(0), 0);
  assertEquals(addOne(0), -1);
  assertEquals(quickWords.slice(0, 128), before);
  assertEquals(new Set(before), new Set([-1]));
});

Deno.test("closing memory ends its mirror, in which nothing can be had then", {
  ignore,
}, () => {
  const name = memoryName();
  const memory = SharedMemory.create(name, { size: 4096, temporary: true });
  assertEquals(mappingsOf(name), 1);
  const words = new Int32Array(memory.buffer, 0, 4);
  const at = mirrorOf(words);
  assertEquals(mappingsOf(name), 2);
  assertEquals(mirrorOf(words), at);
  memory.close();
  assertEquals(mappingsOf(name), 0);
  const size = pageSize() / 4;
  assertEquals(
    new Set(quickWords.subarray(at, at + size)),
    new Set([-1]),
  );
  // As long as somebody could use the old one.
  using place = new Place();
  assertNotEquals(mirrorOf(place.words), at);
  assertEquals(words.length, 0);
});

Deno.test("locks whose buffer was transferred are not left locked", {
  ignore,
}, async () => {
  const name = memoryName();
  using memory = SharedMemory.create(name, { size: 4096, temporary: true });
  const mutex = Mutex.init(memory, 0);
  const lock = RwLock.init(memory, 64);
  const semaphore = UnnamedSemaphore.init(memory, 1024, 1);
  lock.acquireSync({ mode: "shared" }).release();
  structuredClone(memory.buffer, { transfer: [memory.buffer] });
  using other = SharedMemory.open(name);
  const words = new Int32Array(other.buffer);

  const held = mutex.acquireSync();
  const waiting = Mutex.at(other, 0).acquire();
  // Until it is waited for.
  while (Atomics.load(words, 1) > 0) {
    await new Promise((done) => setTimeout(done));
  }
  held.release();
  (await waiting).release();

  const { BadResource } = Deno.errors;
  {
    using _reading = RwLock.at(other, 64).acquireSync({ mode: "shared" });
    assertThrows(() => lock.tryAcquire(), BadResource);
    assertThrows(() => lock.acquireSync(), BadResource);
  }
  using writing = RwLock.at(other, 64).tryAcquire();
  assertEquals(writing?.held, true);
  assertThrows(() => lock.acquireSync({ mode: "shared" }), BadResource);

  const permit = semaphore.acquireSync();
  assertThrows(() => semaphore.acquireSync(), BadResource);
  permit[Symbol.dispose]();
  assertEquals(UnnamedSemaphore.at(other, 1024).value, 1);
});

Deno.test("what is in two pages is not mirrored, and locks well there", () => {
  using place = new Place();
  const { memory } = place;
  const offset = pageSize() - 8;
  assertEquals(mirrorOf(new Int32Array(memory.buffer, offset, 4)), 0);
  tryLocks(memory, offset);
});

Deno.test("memory of System V is not mirrored, as that would be counted", () => {
  using memory = SysvSharedMemory.createPrivate({
    size: 4096,
    temporary: true,
  });
  tryLocks(memory, 0);
  assertEquals(mirrorOf(new Int32Array(memory.buffer, 0, 4)), 0);
  assertEquals(memory.stat().attached, 1);
});

/** Takes and gives back one lock of each kind there, twice. */
function tryLocks(memory: MemoryRegion, offset: number): void {
  const mutex = Mutex.init(memory, offset);
  for (let i = 0; i < 2; i++) {
    using _lock = mutex.acquireSync();
    assertEquals(mutex.tryAcquire(), undefined);
  }
  const lock = RwLock.init(memory, offset);
  for (let i = 0; i < 2; i++) {
    {
      using _reading = lock.acquireSync({ mode: "shared" });
      assertEquals(lock.tryAcquire(), undefined);
    }
    using _writing = lock.acquireSync();
    assertEquals(lock.tryAcquire({ mode: "shared" }), undefined);
  }
  if (!LINUX) return;
  const semaphore = UnnamedSemaphore.init(memory, offset, 1);
  for (let i = 0; i < 2; i++) {
    using _permit = semaphore.acquireSync();
    assertEquals(semaphore.tryAcquire(), undefined);
  }
  assertEquals(semaphore.value, 1);
}

Deno.test("locks work where there is no WebAssembly", async () => {
  const output = await runDeno(`
    delete globalThis.WebAssembly;
    const { Mutex, RwLock, Semaphore } = await import("@ipc/core/sem");
    const { SharedMemory } = await import("@ipc/core/shm");
    using memory = SharedMemory.anonymous(4096);
    const mutex = Mutex.init(memory, 0);
    using lock = mutex.acquireSync();
    const rwLock = RwLock.init(memory, 16);
    using reading = await rwLock.acquire({ mode: "shared" });
    const name = "/t-" + crypto.randomUUID().slice(0, 18);
    using semaphore = Semaphore.create(name, { temporary: true });
    using permit = semaphore.acquireSync();
    console.log(mutex.tryAcquire(), rwLock.tryAcquire(), semaphore.tryAcquire());
  `);
  assertEquals(output, "undefined undefined undefined");
});

Deno.test("a lock in memory that became shorter does not end the program", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(
    `
    import { Mutex } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    const [name] = Deno.args;
    using memory = SharedMemory.create(name, { size: 4096, temporary: true });
    const mutex = Mutex.init(memory, 0);
    mutex.acquireSync().release();
    Deno.truncateSync("/dev/shm" + name, 0);
    using lock = mutex.acquireSync();
    console.log(lock.held, memory.missingPages > 0);
  `,
    [memoryName()],
  );
  assertEquals(output, "true true");
});

Deno.test("a semaphore's file is not mapped any more when it is closed", {
  ignore,
}, async () => {
  // By another name than that of the semaphore, which it gets when it is done.
  const output = await runDeno(`
    import { Semaphore } from "@ipc/core/sem";
    function mappings() {
      return Deno.readTextFileSync("/proc/self/maps")
        .split("\\n").filter((line) => line.includes("/dev/shm/")).length;
    }
    const name = "/t-" + crypto.randomUUID().slice(0, 18);
    const counts = [mappings()];
    const semaphore = Semaphore.create(name, { temporary: true });
    semaphore.acquireSync();
    counts.push(mappings());
    semaphore.close();
    console.log(...counts, mappings());
  `);
  assertEquals(output, "0 2 0");
});

Deno.test(
  "more locks than can be mirrored work, and make room when forgotten",
  {
    ignore,
  },
  async () => {
    const output = await runDeno(
      `
    import { Mutex } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    const { mirrorOf } = await import("${new URL(
        "../sem/_mirror.ts",
        import.meta.url,
      )}");
    (function forget() {
      const all = Array.from({ length: 1100 }, () => {
        const memory = SharedMemory.anonymous(4096);
        const mutex = Mutex.init(memory, 0);
        return { memory, mutex, lock: mutex.acquireSync() };
      });
      const free = all.filter(({ mutex }) => mutex.tryAcquire());
      const mirrored = all.filter(({ memory }) =>
        mirrorOf(new Int32Array(memory.buffer, 0, 4)) !== 0
      );
      console.log(free.length, mirrored.length);
      for (const { lock, memory } of all.slice(0, 500)) {
        lock.release();
        memory.close();
      }
    })();
    const memory = SharedMemory.anonymous(4096);
    const words = new Int32Array(memory.buffer, 0, 4);
    while (mirrorOf(words) === 0) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done));
    }
    using lock = Mutex.init(memory, 0).acquireSync();
    console.log(lock.held, words[1] !== 0);
  `,
      [],
      [EXPOSE_GC],
    );
    const places = quickWords.byteLength / pageSize() - 1;
    assertEquals(output, `0 ${places}\ntrue true`);
  },
);

/** How often this process has something mapped whose path ends like that. */
function mappingsOf(name: string): number {
  return Deno.readTextFileSync("/proc/self/maps")
    .split("\n")
    .filter((line) => line.includes(name))
    .length;
}
