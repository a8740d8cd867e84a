import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { IpcError, Semaphore, UnnamedSemaphore } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { libc } from "../_internal/_ffi.ts";
import { platform } from "../_internal/platform.ts";
import { FutexBackend } from "../mux/_futex_backend.ts";
import { Lines } from "./_util/lines.ts";
import { Deadline } from "./_util/peer.ts";
import { denoArgs, run, runDeno } from "./_util/peers.ts";
import { threadsBack } from "./_util/threads.ts";

Deno.test.afterEach(threadsBack);

const LINUX = Deno.build.os === "linux";
const MOST = 0x7fffffff;

function newName(): string {
  return `/ipc-test-${crypto.randomUUID()}`;
}

/** Something of each kind, with a value, that the test has for itself. */
interface Made extends Disposable {
  readonly semaphore: Semaphore | UnnamedSemaphore;
  /** Another object for the same semaphore. */
  another(): Semaphore | UnnamedSemaphore;
  /** Closes what the first object is of. */
  close(): void;
}

function named(value: number): Made {
  const semaphore = Semaphore.create(newName(), { value, temporary: true });
  const others = new DisposableStack();
  return {
    semaphore,
    another: () => others.use(Semaphore.open(semaphore.name)),
    close: () => semaphore.close(),
    [Symbol.dispose]() {
      others.dispose();
      semaphore.close();
    },
  };
}

function unnamed(value: number): Made {
  const memory = SharedMemory.anonymous(4096);
  return {
    semaphore: UnnamedSemaphore.init(memory, 8, value),
    another: () => UnnamedSemaphore.at(memory, 8),
    close: () => memory.close(),
    [Symbol.dispose]: () => memory.close(),
  };
}

const KINDS = [["Semaphore", named], ["UnnamedSemaphore", unnamed]] as const;

/** Defines a test of both kinds. */
function testBoth(
  behaviour: string,
  fn: (make: (value: number) => Made) => void | Promise<void>,
): void {
  for (const [kind, make] of KINDS) {
    const ignore = kind === "UnnamedSemaphore" && !LINUX;
    Deno.test(`${kind} ${behaviour}`, { ignore }, () => fn(make));
  }
}

testBoth("gives as many as there are, and no more", (make) => {
  using made = make(2);
  const { semaphore } = made;
  const first = semaphore.tryAcquire();
  const second = semaphore.tryAcquire();
  assert(first && second);
  assertEquals(semaphore.tryAcquire(), undefined);
  assertEquals(semaphore.value, 0);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals(semaphore.value, 1, "released once");
  second[Symbol.dispose]();
  assertEquals(semaphore.value, 2);
});

testBoth("releases at the end of a block, however it ends", async (make) => {
  using made = make(1);
  const { semaphore } = made;
  await assertRejects(
    async () => {
      using _permit = await semaphore.acquire();
      throw new Error("in the middle");
    },
    Error,
    "in the middle",
  );
  assertThrows(() => {
    using _permit = semaphore.acquireSync();
    throw new Error("in the middle");
  });
  assertEquals(semaphore.value, 1);
});

testBoth("wakes who waits, through whatever object", async (make) => {
  using made = make(0);
  const { semaphore } = made;
  const other = made.another();
  const waiting = semaphore.acquire();
  const alsoWaiting = other.acquire();
  await pause();
  other.release();
  semaphore.release();
  await Promise.all([waiting, alsoWaiting]);
  assertEquals(other.value, 0);
});

testBoth(
  "serves those who wait through one object in their order",
  async (make) => {
    using made = make(0);
    const { semaphore } = made;
    const order: number[] = [];
    const waits = [0, 1, 2].map((i) =>
      semaphore.acquire().then(() => order.push(i))
    );
    await pause();
    assertEquals(semaphore.tryAcquire(), undefined);
    semaphore.release(3);
    await Promise.all(waits);
    assertEquals(order, [0, 1, 2]);
  },
);

testBoth("takes nothing in a wait that is aborted", async (make) => {
  using made = make(0);
  const { semaphore } = made;
  const controller = new AbortController();
  const { signal } = controller;
  const reason = { any: "value" };
  const waits = [0, 1].map(() => semaphore.acquire({ signal }));
  const settled = Promise.allSettled(waits);
  await pause();
  semaphore.release();
  controller.abort(reason);
  const taken = (await settled).filter(({ status }) => status === "fulfilled");
  assertEquals(semaphore.value, 1 - taken.length);
  const again = semaphore.acquire({ signal });
  assertEquals(await again.catch((error) => error), reason);
});

testBoth("rejects a wait when it is closed, promptly", async (make) => {
  using made = make(0);
  const { semaphore } = made;
  const waits = [0, 1].map(() =>
    assertRejects(() => semaphore.acquire(), Deno.errors.BadResource, "closed")
  );
  await pause();
  made.close();
  await Promise.all(waits);
  assertThrows(() => semaphore.tryAcquire(), Deno.errors.BadResource, "closed");
  assertThrows(() => semaphore.acquireSync(), Deno.errors.BadResource);
  assertThrows(() => semaphore.release(), Deno.errors.BadResource);
  assertThrows(() => semaphore.value, Deno.errors.BadResource);
  await assertRejects(() => semaphore.acquire(), Deno.errors.BadResource);
});

testBoth("has a permit that cannot be given back say so", (make) => {
  const made = make(1);
  const permit = made.semaphore.acquireSync();
  made.close();
  assertThrows(() => permit[Symbol.dispose](), Deno.errors.BadResource);
  made[Symbol.dispose]();
});

testBoth("gives up in time", (make) => {
  using made = make(0);
  const { semaphore } = made;
  const begin = performance.now();
  assertThrows(
    () => semaphore.acquireSync({ timeout: 30 }),
    Deno.errors.TimedOut,
  );
  assert(performance.now() - begin >= 29);
  assertThrows(
    () => semaphore.acquireSync({ timeout: -1 }),
    RangeError,
    "must not be negative",
  );
  semaphore.release();
  semaphore.acquireSync({ timeout: 0 });
});

testBoth("does not block the thread that others here wait on", async (make) => {
  using made = make(0);
  const { semaphore } = made;
  const waiting = semaphore.acquire();
  assertThrows(() => semaphore.acquireSync(), Deno.errors.Busy);
  semaphore.release();
  await waiting;
});

testBoth("refuses to become more than it can be", (make) => {
  using made = make(MOST - 2);
  const { semaphore } = made;
  semaphore.release(2);
  assertEquals(semaphore.value, MOST);
  for (const count of [1, 2, 5]) {
    const error = assertThrows(() => semaphore.release(count), IpcError);
    assertEquals(error.code, "EOVERFLOW");
    assertStringIncludes(error.message, `${MOST}`);
  }
  semaphore.tryAcquire();
  assertThrows(() => semaphore.release(2), IpcError, "EOVERFLOW");
  assertEquals(semaphore.value, MOST - 1, "all or nothing");
});

testBoth("refuses counts that are none", (make) => {
  using made = make(0);
  for (const count of [0, -1, 1.5, NaN, MOST + 1]) {
    assertThrows(() => made.semaphore.release(count), RangeError, "the count");
  }
  assertThrows(
    () => made.semaphore.release("1" as unknown as number),
    TypeError,
  );
  assertEquals(made.semaphore.value, 0);
});

testBoth(
  "passes a wake-up on that comes to a wait just aborted",
  async (make) => {
    using made = make(0);
    const { semaphore } = made;
    const other = made.another();
    for (let i = 0; i < 200; i++) {
      const controller = new AbortController();
      const first = semaphore.acquire({ signal: controller.signal })
        .then(() => 1, () => 0);
      const second = other.acquire();
      if (i % 2 === 0) await pause();
      semaphore.release();
      controller.abort();
      if (await first === 1) other.release();
      await second;
      assertEquals(semaphore.value, 0);
    }
  },
);

Deno.test(
  "1,000 acquires at once, aborted or satisfied, end with the exact value",
  {
    ignore: !LINUX,
  },
  async () => {
    const output = await runDeno(`
    import { Semaphore } from "@ipc/core/sem";
    import { countThreadsIn } from "tests/_util/counts.ts";
    const name = "/ipc-test-" + crypto.randomUUID();
    using semaphore = Semaphore.create(name, { value: 0, temporary: true });
    using releaser = Semaphore.open(name);
    const results = [];
    const controllers = [];
    for (let i = 0; i < 1_000; i++) {
      const controller = new AbortController();
      controllers.push(controller);
      // Some of them through an object of their own.
      const through = i % 10 === 0 ? Semaphore.open(name) : semaphore;
      results.push(
        through.acquire({ signal: controller.signal }).then(() => 1, () => 0),
      );
    }
    let released = 0;
    for (let i = 0; i < 1_000; i++) {
      if (Math.random() < 0.5) {
        releaser.release();
        released++;
      }
      if (i % 10 !== 1) controllers[i].abort();
      if (i % 10 !== 0) continue;
      await Deno.readTextFile("/proc/self/stat");
    }
    // Enough for all that were not aborted.
    releaser.release(100);
    released += 100;
    const taken = (await Promise.all(results)).reduce((sum, one) => sum + one, 0);
    console.log(released - taken === releaser.value, taken >= 100);
    // The thread comes back through the event loop.
    while (countThreadsIn([449]) > 0) await new Promise((done) => setTimeout(done));
    console.log("no thread");
  `);
    assertEquals(output, "true true\nno thread");
  },
);

for (const voice of ["acquire", "acquireSync"] as const) {
  Deno.test(`${voice}() does not need who was woken first and does not come`, {
    ignore: !LINUX || !FutexBackend.supported(),
  }, async () => {
    using deadline = new Deadline();
    const name = newName();
    using memory = SharedMemory.create(name, { size: 4096, temporary: true });
    const semaphore = UnnamedSemaphore.init(memory, 0, 0);
    const source = `
      import { UnnamedSemaphore } from "@ipc/core/sem";
      import { SharedMemory } from "@ipc/core/shm";
      import { countThreadsIn, systemCallOf } from "tests/_util/counts.ts";
      const [name, pid, thread] = Deno.args;
      const [futex, futexWaitv] = [${platform.SYS_futex}, 449];
      const memory = SharedMemory.open(name);
      const words = new Int32Array(memory.buffer, 0, 2);
      const semaphore = UnnamedSemaphore.at(memory, 0);
      semaphore.acquire();
      while (countThreadsIn([futexWaitv]) === 0) {
        await new Promise((done) => setTimeout(done));
      }
      console.log("asleep");
      function sleepsToo() {
        if (Atomics.load(words, 1) < 2) return false;
        if (systemCallOf(Number(thread)) === futex) return true;
        return [...Deno.readDirSync("/proc/" + pid + "/task")]
          .some(({ name }) => systemCallOf(Number(name)) === futexWaitv);
      }
      // From here on there is no turn in which it could take anything.
      while (!sleepsToo()) continue;
      semaphore.release();
      const end = performance.now() + 10_000;
      while (Atomics.load(words, 0) > 0 && performance.now() < end) continue;
      console.log("left", words[0]);
      semaphore.release();
      Deno.exit();
    `;
    const who = [Deno.pid, libc.gettid()].map(String);
    await using peer = new Deno.Command(Deno.execPath(), {
      args: [...denoArgs(source), name, ...who],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    await using lines = new Lines(peer.stdout);
    assertEquals(await lines.next(), "asleep");
    await semaphore[voice]({ signal: deadline.signal, timeout: 15_000 });
    assertEquals(await lines.next(), "left 0");
  });
}

Deno.test("a program whose last acquire was aborted exits by itself", async () => {
  const begin = performance.now();
  const output = await runDeno(`
    import { Semaphore } from "@ipc/core/sem";
    const name = "/ipc-test-" + crypto.randomUUID();
    const semaphore = Semaphore.create(name, { value: 0, temporary: true });
    const signal = AbortSignal.timeout(10);
    await semaphore.acquire({ signal }).catch(() => {});
    const closed = semaphore.acquire().catch(() => {});
    semaphore.close();
    await closed;
    console.log("end");
  `);
  assertEquals(output, "end");
  assertLess(performance.now() - begin, 10_000);
});

Deno.test("who waits for a semaphore burns no processor time", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { Semaphore } from "@ipc/core/sem";
    import { cpuSecondsOf } from "tests/_util/counts.ts";
    const name = "/ipc-test-" + crypto.randomUUID();
    using semaphore = Semaphore.create(name, { value: 0, temporary: true });
    console.log(await cpuSecondsOf((o) => semaphore.acquire(o), 2_000));
  `);
  assertLess(Number(output), 0.03, "1 % of 2 s");
});

Deno.test(
  "what a process had that was killed stays acquired until it is released",
  {
    ignore: !LINUX,
  },
  async () => {
    const name = newName();
    using semaphore = Semaphore.create(name, { temporary: true });
    const output = await runDeno(
      `
    import { Semaphore } from "@ipc/core/sem";
    Semaphore.open(Deno.args[0]).acquireSync();
    console.log("acquired");
    Deno.kill(Deno.pid, "SIGKILL");
  `,
      [name],
    ).catch((error) => error.message);
    assertStringIncludes(output, "SIGKILL");
    assertEquals(semaphore.tryAcquire(), undefined);
    const waiting = semaphore.acquire();
    semaphore.release();
    await waiting;
  },
);

Deno.test("Semaphore.create() refuses what is there, Semaphore.open() what is not", () => {
  const name = newName();
  const missing = assertThrows(
    () => Semaphore.open(name),
    Deno.errors.NotFound,
  );
  assertEquals(
    missing.message,
    `ENOENT: no such semaphore, sem_open '${name}'`,
  );
  using semaphore = Semaphore.create(name, { value: 3 });
  const there = assertThrows(
    () => Semaphore.create(name),
    Deno.errors.AlreadyExists,
  );
  assertStringIncludes(there.message, "EEXIST: semaphore already exists");
  assertEquals(Semaphore.open(name).value, 3);
  semaphore.unlink();
  assertThrows(() => semaphore.unlink(), Deno.errors.NotFound);
  assertThrows(() => Semaphore.unlink(name), Deno.errors.NotFound);
  semaphore.release();
  assertEquals(semaphore.value, 4, "it outlives its name");
});

Deno.test("Semaphore.create() begins with 1 unless told otherwise", () => {
  for (const value of [undefined, 0, 1, 7, MOST]) {
    using semaphore = Semaphore.create(newName(), { value, temporary: true });
    assertEquals(semaphore.value, value ?? 1);
  }
  for (const value of [-1, 0.5, NaN, MOST + 1]) {
    assertThrows(
      () => Semaphore.create(newName(), { value }),
      RangeError,
      "the value",
    );
  }
});

Deno.test("Semaphore.create() sets exactly the mode asked for", {
  ignore: !LINUX,
}, () => {
  for (const mode of [0o600, 0o666, 0o622, undefined]) {
    using semaphore = Semaphore.create(newName(), { mode, temporary: true });
    const path = `/dev/shm/sem.${semaphore.name.slice(1)}`;
    assertEquals(Deno.statSync(path).mode! & 0o777, mode ?? 0o600);
  }
  assertThrows(() => Semaphore.create("/x", { mode: -1 }), RangeError, "mode");
});

Deno.test("Semaphore.ensure() makes it once and finds it afterwards", () => {
  const name = newName();
  const made = Semaphore.ensure(name, { value: 2, temporary: true });
  const found = Semaphore.ensure(name, { value: 5, temporary: true });
  assertEquals([made.value, found.value], [2, 2]);
  found.close();
  assertEquals(Semaphore.open(name).value, 2, "only who made it removes it");
  made.close();
  made.close();
  assertThrows(() => Semaphore.open(name), Deno.errors.NotFound);
});

Deno.test("Semaphore.list() has the names of all", { ignore: !LINUX }, () => {
  using one = Semaphore.create(newName(), { temporary: true });
  using two = Semaphore.create(`${newName()}-ü`, { temporary: true });
  const all = Semaphore.list();
  assert(all.includes(one.name) && all.includes(two.name));
  assertEquals(all, all.toSorted());
  two.close();
  assert(!Semaphore.list().includes(two.name));
});

Deno.test("names that cannot be are refused before the kernel sees them", () => {
  for (const use of [Semaphore.create, Semaphore.open, Semaphore.unlink]) {
    for (const name of ["", "/", "jobs", "/a/b", "/a\0b", "/.", 5]) {
      assertThrows(() => use(name as string), TypeError);
    }
    assertThrows(() => use(`/${"x".repeat(252)}`), RangeError, "at most");
  }
  using longest = Semaphore.create(`/${"x".repeat(LINUX ? 251 : 30)}`, {
    temporary: true,
  });
  assertEquals(longest.value, 1);
});

Deno.test("something else than a semaphore is a clear error", {
  ignore: !LINUX,
}, () => {
  const name = newName();
  const path = `/dev/shm/sem.${name.slice(1)}`;
  try {
    // The first would kill whoever reads what is not there.
    for (const content of ["", "x", "x".repeat(100)]) {
      Deno.writeTextFileSync(path, content);
      const error = assertThrows(
        () => Semaphore.open(name),
        IpcError,
        "it is no semaphore",
      );
      assertEquals(error.code, "EINVAL");
    }
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test(
  "a semaphore that was forgotten is closed, and others of its name are not",
  {
    ignore: !LINUX,
  },
  async () => {
    using semaphore = Semaphore.create(newName(), {
      value: 60,
      temporary: true,
    });
    const [verb, ...rest] = denoArgs(`
    import { Semaphore } from "@ipc/core/sem";
    const [name] = Deno.args;
    const isMapped = () =>
      Deno.readTextFileSync("/proc/self/maps").includes("sem." + name.slice(1));
    const kept = Semaphore.open(name);
    (function forget() {
      for (let i = 0; i < 50; i++) Semaphore.open(name).tryAcquire();
    })();
    // There is one mapping for all, until all are closed.
    for (let i = 0; i < 20; i++) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done));
    }
    kept.release();
    console.log(kept.value, isMapped());
    kept.close();
    console.log(isMapped());
  `);
    const name = semaphore.name.slice(1);
    const args = [verb, "--v8-flags=--expose-gc", ...rest, `/${name}`];
    const { stdout, stderr } = await run(Deno.execPath(), args);
    assertEquals([stdout, stderr], ["11 true\nfalse\n", ""]);
    assertEquals(semaphore.value, 11);
  },
);

Deno.test("UnnamedSemaphore refuses places where it cannot be", {
  ignore: !LINUX,
}, () => {
  using memory = SharedMemory.anonymous(4096);
  const end = memory.size - UnnamedSemaphore.byteLength;
  UnnamedSemaphore.init(memory, end, 1);
  for (const place of [UnnamedSemaphore.init, UnnamedSemaphore.at]) {
    for (const offset of [-8, 8.5, NaN, end + 8, 4096, 1e12]) {
      assertThrows(() => place(memory, offset, 1), RangeError, "the offset");
    }
    for (const offset of [1, 4, 12]) {
      assertThrows(
        () => place(memory, offset, 1),
        RangeError,
        "a multiple of 8",
      );
    }
    assertThrows(
      () => place({ bytes: new Uint8Array(64) }, 0, 1),
      TypeError,
      "must be a SharedMemory",
    );
    assertThrows(() => place(undefined as never, 0, 1), TypeError);
    using small = SharedMemory.anonymous(16);
    assertThrows(() => place(small, 0, 1), RangeError, "needs 32 bytes");
  }
  for (const value of [-1, 0.5, MOST + 1]) {
    assertThrows(
      () => UnnamedSemaphore.init(memory, 0, value),
      RangeError,
      "the value",
    );
  }
});

Deno.test("UnnamedSemaphore.at() finds only what is there", {
  ignore: !LINUX,
}, () => {
  using memory = SharedMemory.anonymous(4096);
  const error = assertThrows(
    () => UnnamedSemaphore.at(memory, 64),
    IpcError,
    "there is no UnnamedSemaphore at offset 64",
  );
  assertEquals(error.code, "EINVAL");
  UnnamedSemaphore.init(memory, 64, 5);
  assertEquals(UnnamedSemaphore.at(memory, 64).value, 5);
  memory.close();
  assertThrows(
    () => UnnamedSemaphore.at(memory, 64),
    Deno.errors.BadResource,
  );
});

Deno.test("UnnamedSemaphore refuses memory that is only read", {
  ignore: !LINUX,
}, () => {
  using memory = SharedMemory.create(newName(), {
    size: 4096,
    temporary: true,
  });
  UnnamedSemaphore.init(memory, 0, 1);
  using view = SharedMemory.open(memory.name!, { readOnly: true });
  assertThrows(
    () => UnnamedSemaphore.at(view, 0),
    TypeError,
    "must be writable",
  );
});

Deno.test(
  "UnnamedSemaphore.destroy() ends waits and leaves the memory as it was",
  {
    ignore: !LINUX,
  },
  async () => {
    using memory = SharedMemory.anonymous(4096);
    memory.bytes.fill(0);
    for (let i = 0; i < 50; i++) {
      const semaphore = UnnamedSemaphore.init(memory, 0, 0);
      const waits = [0, 1].map(() =>
        assertRejects(() => semaphore.acquire(), Deno.errors.BadResource)
      );
      // Sometimes before the thread is there, sometimes after.
      if (i % 2 === 0) await pause();
      semaphore.destroy();
      await Promise.all(waits);
      assertThrows(() => semaphore.tryAcquire(), Deno.errors.BadResource);
      assertThrows(() => semaphore.destroy(), Deno.errors.BadResource);
      assertEquals(memory.bytes.subarray(0, 32), new Uint8Array(32));
    }
    assertEquals(UnnamedSemaphore.init(memory, 0, 4).value, 4);
  },
);

Deno.test("UnnamedSemaphore is NotSupported on macOS, and says what is", {
  ignore: Deno.build.os !== "darwin",
}, () => {
  using memory = SharedMemory.anonymous(4096);
  assertThrows(
    () => UnnamedSemaphore.init(memory, 0, 1),
    Deno.errors.NotSupported,
    "Mutex",
  );
});

/** Lets those who wait go to sleep, or not. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
}
