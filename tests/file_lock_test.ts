import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FileLock, type LockKind } from "@ipc/core/lock";
import { Pipe } from "@ipc/core/pipe";
import { pathToFileURL } from "node:url";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY, O_RDWR } from "../_internal/platform.ts";
import { Bare } from "./_util/descriptors.ts";
import { descriptorsIn } from "./_util/held.ts";
import { runDeno } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";
import { threadsBack } from "./_util/threads.ts";

Deno.test.afterEach(threadsBack);

const LINUX = Deno.build.os === "linux";

const KINDS: readonly LockKind[] = ["ofd", "flock", "posix"];
/** Of the others no two in one process keep each other out. */
const OWN: readonly LockKind[] = ["ofd", "flock"];

async function pause(milliseconds: number = 1): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Whether somebody sleeps until a file is unlocked: proc_locks(5). */
function isWaitedFor(path: string): boolean {
  const { ino } = Deno.statSync(path);
  return Deno.readTextFileSync("/proc/locks").split("\n")
    .some((line) => line.includes("->") && line.includes(`:${ino} `));
}

/** Whether another process could lock the file now. */
async function isFree(
  path: string,
  options: Record<string, unknown> = {},
): Promise<boolean> {
  const output = await runDeno(
    `
    import { FileLock } from "@ipc/core/lock";
    const [path, options] = Deno.args;
    console.log(FileLock.tryAcquire(path, JSON.parse(options)) !== undefined);
  `,
    [path, JSON.stringify(options)],
  );
  return output === "true";
}

for (const kind of KINDS) {
  Deno.test(`a lock of kind ${kind} keeps other processes out while it is held`, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    const lock = await FileLock.acquire(path, { kind });
    assertEquals([lock.held, lock.mode, lock.kind], [true, "exclusive", kind]);
    assert(!await isFree(path, { kind }));
    assert(!await isFree(path, { kind, mode: "shared" }));
    lock.release();
    lock.release();
    assert(!lock.held);
    assert(await isFree(path, { kind }));
    assertEquals(descriptorsIn(dir.path), []);
  });

  Deno.test(`locks of kind ${kind} are shared by those who ask for that`, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    using _lock = FileLock.acquireSync(path, { kind, mode: "shared" });
    assert(await isFree(path, { kind, mode: "shared" }));
    assert(!await isFree(path, { kind }));
  });

  Deno.test(`a lock of kind ${kind} ends with the process, however it ends`, {
    ignore: !LINUX,
  }, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    const message = await runDeno(
      `
      import { FileLock } from "@ipc/core/lock";
      const [path, kind] = Deno.args;
      globalThis.lock = FileLock.acquireSync(path, { kind });
      Deno.kill(Deno.pid, "SIGKILL");
    `,
      [path, kind],
    ).catch((error) => error.message);
    assertStringIncludes(message, "SIGKILL");
    using lock = FileLock.tryAcquire(path, { kind });
    assert(lock);
  });

  Deno.test(`a lock of kind ${kind} is waited for, by several at a time`, {
    ignore: !LINUX,
  }, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    const held = await FileLock.acquire(path, { kind });
    const child = runDeno(
      `
      import { FileLock } from "@ipc/core/lock";
      const [path, kind] = Deno.args;
      let inside = 0, most = 0;
      async function enter(voice) {
        using _lock = voice === "sync"
          ? FileLock.acquireSync(path, { kind })
          : await FileLock.acquire(path, { kind });
        most = Math.max(most, ++inside);
        if (kind !== "posix") await new Promise((done) => setTimeout(done));
        inside--;
      }
      const waits = Array.from({ length: 8 }, () => enter("async"));
      await Promise.all(waits);
      await enter("sync");
      console.log(most);
    `,
      [path, kind],
    );
    while (!isWaitedFor(path)) await pause();
    held.release();
    assertEquals(await child, "1");
  });

  Deno.test(`a conversion of kind ${kind} changes what others may do`, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    using lock = await FileLock.acquire(path, { kind });
    assert(lock.tryConvert("shared"));
    assert(await isFree(path, { kind, mode: "shared" }));
    await lock.convert("exclusive");
    assert(!await isFree(path, { kind, mode: "shared" }));
    lock.convertSync("shared");
    assertEquals(lock.mode, "shared");
    lock.convertSync("shared");
    assert(!await isFree(path, { kind }));
  });
}

for (const kind of OWN) {
  Deno.test(`locks of kind ${kind} keep each other out within a process`, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    const lock = await FileLock.acquire(path, { kind });
    assertEquals(FileLock.tryAcquire(path, { kind }), undefined);
    assertThrows(
      () => FileLock.acquireSync(path, { kind, timeout: 30 }),
      Deno.errors.TimedOut,
    );
    const waiting = FileLock.acquire(path, { kind });
    await pause();
    lock.release();
    (await waiting).release();
    assertEquals(descriptorsIn(dir.path), []);
  });

  Deno.test(`an aborted wait for a lock of kind ${kind} has locked nothing`, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    for (let i = 0; i < 50; i++) {
      const lock = FileLock.acquireSync(path, { kind });
      const controller = new AbortController();
      const { signal } = controller;
      const waits = [0, 1, 2, 3, 4, 5].map(async () => {
        try {
          (await FileLock.acquire(path, { kind, signal })).release();
        } catch (error) {
          assertEquals(error, "enough");
        }
      });
      if (i % 2 === 0) await pause();
      if (i % 3 === 0) lock.release();
      controller.abort("enough");
      await Promise.all(waits);
      lock.release();
      using again = FileLock.tryAcquire(path, { kind }) ??
        await FileLock.acquire(path, { kind });
      assert(again.held);
    }
    while (descriptorsIn(dir.path).length > 0) await pause();
  });

  Deno.test(`a lock of kind ${kind} is held exactly as long as its object`, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    const open = new Bare(openFile(path, O_RDWR | 0o100, {}, 0o600));
    const lock = await FileLock.acquire(open, { kind });
    assertEquals(FileLock.tryAcquire(path, { kind }), undefined);
    // Whoever closes the file does not end it, nor who has the number next.
    open.close();
    assertEquals(FileLock.tryAcquire(path, { kind }), undefined);
    lock.release();
    FileLock.tryAcquire(path, { kind })!.release();

    using other = new Bare(openFile(path, O_RDWR));
    FileLock.acquireSync(other, { kind }).release();
    // The file is still open, but not locked any more.
    using again = FileLock.tryAcquire(path, { kind });
    assert(again);
  });

  Deno.test(`a conversion of kind ${kind} waits until the others have gone`, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    const lock = await FileLock.acquire(path, { kind, mode: "shared" });
    const other = await FileLock.acquire(path, { kind, mode: "shared" });
    assert(!lock.tryConvert("exclusive"));
    assertEquals([lock.held, lock.mode], [true, "shared"]);
    assertThrows(
      () => lock.convertSync("exclusive", { timeout: 20 }),
      Deno.errors.TimedOut,
    );
    const signal = AbortSignal.timeout(10);
    await assertRejects(() => lock.convert("exclusive", { signal }));
    assertEquals([lock.held, lock.mode], [true, "shared"]);
    assert(!await isFree(path, { kind }));
    const converting = lock.convert("exclusive");
    await pause();
    other.release();
    await converting;
    assertEquals(lock.mode, "exclusive");
    assert(!await isFree(path, { kind, mode: "shared" }));
    lock.release();
  });

  Deno.test(`a conversion of kind ${kind} rejects when the lock is released`, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    const lock = await FileLock.acquire(path, { kind, mode: "shared" });
    const other = await FileLock.acquire(path, { kind, mode: "shared" });
    const converting = assertRejects(
      () => lock.convert("exclusive"),
      Deno.errors.BadResource,
    );
    await pause();
    lock.release();
    await converting;
    other.release();
    using again = await FileLock.acquire(path, { kind });
    assert(again.held);
  });

  Deno.test(`holder() tells who is in the way of a lock of kind ${kind}`, {
    ignore: !LINUX,
  }, async () => {
    using dir = new TempDir();
    const path = dir.join("lock");
    Deno.writeTextFileSync(path, "");
    assertEquals(FileLock.holder(path, { kind }), undefined);
    const lock = FileLock.acquireSync(path, { kind, mode: "shared" });
    assertEquals(FileLock.holder(path, { kind }), Deno.pid);
    assertEquals(lock.holder(), undefined, "it is not in its own way");
    const output = await runDeno(
      `
      import { FileLock } from "@ipc/core/lock";
      const [path, kind] = Deno.args;
      const lock = FileLock.acquireSync(path, { kind, mode: "shared" });
      console.log(FileLock.holder(path, { kind }) !== undefined, lock.holder());
    `,
      [path, kind],
    );
    assertEquals(output, `true ${Deno.pid}`);
    lock.release();
    assertEquals(FileLock.holder(path, { kind }), undefined);
    assertThrows(() => lock.holder(), Deno.errors.BadResource);
  });
}

Deno.test("holder() tells which process has a lock of processes", async () => {
  using dir = new TempDir();
  const path = dir.join("lock");
  using _lock = FileLock.acquireSync(path, { kind: "posix" });
  assertEquals(
    FileLock.holder(path, { kind: "posix" }),
    undefined,
    "ourselves",
  );
  const output = await runDeno(
    `
    import { FileLock } from "@ipc/core/lock";
    const [path] = Deno.args;
    console.log(FileLock.holder(path), FileLock.holder(path, { kind: "posix" }));
  `,
    [path],
  );
  assertEquals(output, `${Deno.pid} ${Deno.pid}`);
});

Deno.test("parts that have no byte in common are locked by themselves", async () => {
  using dir = new TempDir();
  const path = dir.join("lock");
  const locks = new DisposableStack();
  locks.use(FileLock.acquireSync(path, { start: 0, length: 10 }));
  locks.use(FileLock.acquireSync(path, { start: 10, length: 10 }));
  locks.use(FileLock.acquireSync(path, { start: 100 }));
  for (
    const range of [
      { start: 9, length: 1 },
      { start: 19, length: 100 },
      { start: 1e12, length: 1 },
      {},
    ]
  ) {
    assertEquals(FileLock.tryAcquire(path, range), undefined);
    if (LINUX) assertEquals(FileLock.holder(path, range), Deno.pid);
  }
  using _between = FileLock.tryAcquire(path, { start: 20, length: 80 });
  assert(_between);
  assertEquals([_between.start, _between.length], [20, 80]);
  locks.dispose();
  using whole = await FileLock.acquire(path, { start: 0, length: 20 });
  assert(whole);
});

Deno.test("ofd and posix keep each other out, flock only its own", {
  ignore: !LINUX,
}, () => {
  using dir = new TempDir();
  const path = dir.join("lock");
  using _lock = FileLock.acquireSync(path, { kind: "ofd" });
  assertEquals(FileLock.tryAcquire(path, { kind: "posix" }), undefined);
  using other = FileLock.tryAcquire(path, { kind: "flock" });
  assert(other);
});

Deno.test("locks of the process end neither each other nor by looking", async () => {
  using dir = new TempDir();
  const path = dir.join("lock");
  const kind = "posix";
  using _kept = FileLock.acquireSync(path, { kind, start: 0, length: 1 });
  for (let i = 0; i < 100; i++) {
    FileLock.acquireSync(path, { kind, start: 5, length: 1 }).release();
    FileLock.holder(path, { kind });
    FileLock.holder(path);
    FileLock.holder(pathToFileURL(path), { kind });
  }
  assert(!await isFree(path, { kind }));
  assert(await isFree(path, { kind, start: 5 }));
  assertEquals(descriptorsIn(dir.path).length, 1, "they share a descriptor");
});

Deno.test(
  "an abort is prompt although the thread pool is busy, and locks no stranger",
  {
    ignore: !LINUX,
  },
  async () => {
    const output = await runDeno(`
    import { FileLock } from "@ipc/core/lock";
    const dir = Deno.makeTempDirSync();
    try {
      // Deno's pool has 32 threads; these take all of them, and then some.
      const { poll } = Deno.dlopen("libc.so.6", {
        poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
      }).symbols;
      const held = FileLock.acquireSync(dir + "/lock");
      const polls = Array.from({ length: 40 }, () => poll(null, 0n, 1_000));
      const begin = performance.now();
      const signal = AbortSignal.timeout(1);
      await FileLock.acquire(dir + "/lock", { signal }).catch(() => {});
      console.log(performance.now() - begin < 900);
      // Whoever gets the next number must not be locked by the call that waits.
      held.release();
      const others = Array.from({ length: 20 }, (_, i) =>
        Deno.openSync(dir + "/" + i, { create: true, write: true }));
      await Promise.all(polls);
      await new Promise((done) => setTimeout(done, 50));
      for (let i = 0; i < 20; i++) {
        if (FileLock.tryAcquire(dir + "/" + i) === undefined) console.log("locked", i);
      }
      console.log(FileLock.tryAcquire(dir + "/lock") !== undefined);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
    Deno.exit();
  `);
    assertEquals(output, "true\ntrue");
  },
);

Deno.test(
  "1,000 waits at once are in order, leave files readable, and no thread",
  {
    ignore: !LINUX,
  },
  async () => {
    const output = await runDeno(`
    import { FileLock } from "@ipc/core/lock";
    import { countThreadsIn, openDescriptors } from "tests/_util/counts.ts";
    // fcntl of x86-64 and of arm64.
    const FCNTL = [${Deno.build.arch === "x86_64" ? 72 : 25}];
    const dir = Deno.makeTempDirSync();
    try {
      const path = dir + "/lock";
      const held = FileLock.acquireSync(path);
      const controller = new AbortController();
      let inside = 0, most = 0, over = 0;
      const order = [];
      const waits = Array.from({ length: 1_000 }, async (_, i) => {
        const signal = i % 10 === 0 ? undefined : controller.signal;
        try {
          using _lock = await FileLock.acquire(path, { signal });
          order.push(i);
          most = Math.max(most, ++inside);
          await undefined;
          inside--;
        } catch {}
        over++;
      });
      while (countThreadsIn(FCNTL) === 0) {
        await new Promise((done) => setTimeout(done));
      }
      for (let i = 0; i < 100; i++) await Deno.readTextFile("/proc/self/stat");
      console.log(countThreadsIn(FCNTL) <= 4, over);
      controller.abort();
      held.release();
      await Promise.all(waits);
      // The thread comes back through the event loop.
      while (countThreadsIn(FCNTL) > 0) {
        await new Promise((done) => setTimeout(done));
      }
      console.log(order.length, most, order.every((i, at) => i === 10 * at));
      const left = [...openDescriptors().values()].filter((what) => what === path);
      console.log(left.length);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  `);
    assertEquals(output, "true 0\n100 1 true\n0");
  },
);

Deno.test("a file that is not there is made, or is an error, as is said", () => {
  using dir = new TempDir();
  const path = dir.join("lock");
  const missing = assertThrows(
    () => FileLock.tryAcquire(path, { create: false }),
    Deno.errors.NotFound,
  );
  assertEquals(missing.message, `ENOENT: no such file, open '${path}'`);
  assertThrows(() => FileLock.holder(path), Deno.errors.NotFound);
  FileLock.acquireSync(path).release();
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  assertEquals(Deno.statSync(path).size, 0);
  FileLock.acquireSync(path, { create: false }).release();
  const open = dir.join("open");
  FileLock.acquireSync(open, { createMode: 0o666 }).release();
  assertEquals(Deno.statSync(open).mode! & 0o777, 0o666);
  for (const create of [true, false]) {
    assertThrows(
      () => FileLock.acquireSync(dir.join("missing/lock"), { create }),
      Deno.errors.NotFound,
    );
  }
  Deno.writeTextFileSync(path, "keep me");
  FileLock.acquireSync(pathToFileURL(path)).release();
  assertEquals(Deno.readTextFileSync(path), "keep me");
});

Deno.test("a directory can be locked by flock, and shared", {
  ignore: !LINUX,
}, () => {
  using dir = new TempDir();
  using _lock = FileLock.acquireSync(dir.path, { kind: "flock" });
  assertEquals(FileLock.tryAcquire(dir.path, { kind: "flock" }), undefined);
  const error = assertThrows(
    () => FileLock.tryAcquire(dir.path),
    Deno.errors.IsADirectory,
  );
  assertStringIncludes(error.message, "has to be writable");
});

Deno.test("descriptors that cannot be locked are clear errors", () => {
  using dir = new TempDir();
  const path = dir.join("lock");
  Deno.writeTextFileSync(path, "");
  using readOnly = new Bare(openFile(path, O_RDONLY));
  assertThrows(
    () => FileLock.tryAcquire(readOnly),
    Deno.errors.BadResource,
    "it has to be open to write",
  );
  FileLock.acquireSync(readOnly, { mode: "shared" }).release();
  FileLock.acquireSync(readOnly, { kind: "flock" }).release();
  assertThrows(
    () => FileLock.tryAcquire({ fd: 99_999 }),
    Deno.errors.BadResource,
  );
  assertThrows(() => FileLock.tryAcquire({ fd: -1 }), RangeError);
  const pipe = Pipe.open();
  pipe.close();
  assertThrows(() => FileLock.tryAcquire(pipe.reader), Deno.errors.BadResource);
});

Deno.test("options and paths that cannot be are refused before anything is opened", async () => {
  using dir = new TempDir();
  const path = dir.join("lock");
  const refused: [Record<string, unknown>, unknown, string][] = [
    [{ mode: "write" }, TypeError, '"shared"'],
    [{ kind: "lockf" }, TypeError, '"flock"'],
    [{ kind: "flock", length: 5 }, TypeError, "whole files"],
    [{ kind: "flock", start: 5 }, TypeError, "whole files"],
    [{ start: -1 }, RangeError, "the start"],
    [{ start: 1.5 }, RangeError, "the start"],
    [{ length: -1 }, RangeError, "the length"],
    [{ start: 5, length: Number.MAX_SAFE_INTEGER }, RangeError, "the length"],
    [{ createMode: -1 }, RangeError, "the mode"],
  ];
  for (const [options, Class, text] of refused) {
    const use = () => FileLock.tryAcquire(path, options);
    assertThrows(use, Class as ErrorConstructor, text);
    await assertRejects(
      () => FileLock.acquire(path, options),
      Class as ErrorConstructor,
    );
  }
  for (const bad of ["", "a\0b", 5, null, undefined]) {
    assertThrows(() => FileLock.tryAcquire(bad as string), TypeError);
  }
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  using lock = FileLock.acquireSync(path);
  assertThrows(() => lock.tryConvert("none" as "shared"), TypeError);
  lock.release();
  assertThrows(() => lock.tryConvert("shared"), Deno.errors.BadResource);
  assertThrows(() => lock.fd, Deno.errors.BadResource);
  await assertRejects(() => lock.convert("shared"), Deno.errors.BadResource);
  const aborted = { signal: AbortSignal.abort() };
  await assertRejects(() => FileLock.acquire(path, aborted), DOMException);
});

Deno.test("a deadlock of processes is found when the thread is blocked", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  const path = dir.join("lock");
  const output = await runDeno(
    `
    import { FileLock } from "@ipc/core/lock";
    import { Pipe, PipeReader, spawn } from "@ipc/core/pipe";
    const [path] = Deno.args;
    const kind = "posix";
    using _first = FileLock.acquireSync(path, { kind, start: 0, length: 1 });
    const child = spawn("python3", {
      args: ["-c", \`
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX, 1, 1)
print("has the second", flush=True)
fcntl.lockf(file, fcntl.LOCK_EX, 1, 0)
\`, path],
    });
    while (FileLock.holder(path, { kind, start: 1, length: 1 }) !== child.pid) {
      await new Promise((done) => setTimeout(done, 1));
    }
    const waits = "/proc/" + child.pid + "/syscall";
    while (!Deno.readTextFileSync(waits).startsWith("${
      Deno.build.arch === "x86_64" ? "72 " : "25 "
    }")) await new Promise((done) => setTimeout(done, 1));
    try {
      FileLock.acquireSync(path, { kind, start: 1, length: 1 });
    } catch (error) {
      console.log(error.name, error.code);
    }
    child.kill("SIGKILL");
    await child.status;
  `,
    [path],
  );
  assertEquals(output, "has the second\nIpcError EDEADLK");
});

Deno.test("who waits for a file lock burns no processor time", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  const output = await runDeno(
    `
    import { FileLock } from "@ipc/core/lock";
    import { cpuSecondsOf } from "tests/_util/counts.ts";
    const [path] = Deno.args;
    using _lock = FileLock.acquireSync(path);
    console.log(await cpuSecondsOf((o) => FileLock.acquire(path, o), 2_000));
  `,
    [dir.join("lock")],
  );
  assertLess(Number(output), 0.03, "1 % of 2 s");
});

Deno.test("a lock that was forgotten is released when it is collected", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  const module = new URL("../lock/mod.ts", import.meta.url);
  const source = `
    import { FileLock } from "${module}";
    const [path] = Deno.args;
    (function forget() {
      FileLock.acquireSync(path);
    })();
    while (FileLock.tryAcquire(path) === undefined) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done));
    }
    console.log("free");
  `;
  const url = `data:application/javascript,${encodeURIComponent(source)}`;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", url, dir.join("lock")],
  });
  const { stdout } = await command.output();
  assertEquals(new TextDecoder().decode(stdout), "free\n");
});
