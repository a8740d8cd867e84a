import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { IpcError, type Seal, SharedMemory } from "@ipc/core/shm";
import { Fifo } from "@ipc/core/fifo";
import { Pipe, spawn } from "@ipc/core/pipe";
import { UnixStream } from "@ipc/core/socket";
import { descriptorsTo, targetOf } from "./_util/held.ts";
import { memoryName } from "./_util/memory_name.ts";
import { missing, run, runDeno } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";

function words(memory: SharedMemory): Int32Array {
  return new Int32Array(memory.buffer);
}

Deno.test("two openings of shared memory are the same bytes", () => {
  const name = memoryName();
  using one = SharedMemory.create(name, { size: 10_000, temporary: true });
  using other = SharedMemory.open(name);
  assertEquals([one.name, other.name], [name, name]);
  assertEquals(other.bytes, new Uint8Array(one.size));
  one.bytes.set([1, 2, 3], 9_997);
  assertEquals(other.bytes.subarray(9_997, 10_000), new Uint8Array([1, 2, 3]));
  Atomics.add(words(other), 0, 5);
  assertEquals(Atomics.load(words(one), 0), 5);
});

Deno.test("shared memory has exactly the size and the mode asked for", {
  ignore: !LINUX,
}, () => {
  for (const [size, mode] of [[1, 0o600], [4097, 0o666], [100_000, 0o4]]) {
    const options = { size, mode, temporary: true };
    using memory = SharedMemory.create(memoryName(), options);
    const stat = Deno.statSync(`/dev/shm${memory.name}`);
    assertEquals([memory.size, stat.size], [size, size]);
    assertEquals(stat.mode! & 0o7777, mode);
  }
});

Deno.test("its room is reserved when it is made", { ignore: !LINUX }, () => {
  const size = 1 << 20;
  using memory = SharedMemory.create(memoryName(), { size, temporary: true });
  const stat = Deno.statSync(`/dev/shm${memory.name}`);
  assertEquals(stat.blocks! * 512, size);
});

Deno.test("SharedMemory.create() refuses what is there, open() what is not", () => {
  const name = memoryName();
  const missing = assertThrows(
    () => SharedMemory.open(name),
    Deno.errors.NotFound,
  );
  assertEquals(
    missing.message,
    `ENOENT: no such shared memory, shm_open '${name}'`,
  );
  assertThrows(() => SharedMemory.unlink(name), Deno.errors.NotFound);
  using _memory = SharedMemory.create(name, { size: 1, temporary: true });
  const there = assertThrows(
    () => SharedMemory.create(name, { size: 1 }),
    Deno.errors.AlreadyExists,
  );
  assertStringIncludes(there.message, "EEXIST: shared memory already exists");
});

Deno.test("SharedMemory.ensure() makes it once and finds it afterwards", () => {
  const name = memoryName();
  using made = SharedMemory.ensure(name, { size: 8192 });
  using found = SharedMemory.ensure(name, { size: 1, temporary: true });
  assertEquals(found.size, made.size);
  found.close();
  made.bytes[0] = 7;
  using again = SharedMemory.open(name);
  assertEquals(again.bytes[0], 7);
  again.unlink();
});

Deno.test("close() removes the name if it is temporary, once", () => {
  const name = memoryName();
  const memory = SharedMemory.create(name, { size: 1, temporary: true });
  memory.close();
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
  using _other = SharedMemory.create(name, { size: 1, temporary: true });
  memory.close();
  SharedMemory.open(name).close();

  using gone = SharedMemory.create(memoryName(), { size: 1, temporary: true });
  gone.unlink();
});

Deno.test("shared memory outlives its name", () => {
  const name = memoryName();
  using one = SharedMemory.create(name, { size: 8 });
  using other = SharedMemory.open(name);
  one.unlink();
  other.bytes[7] = 7;
  assertEquals(one.bytes[7], 7);
});

Deno.test("closed shared memory has no bytes, and says so", () => {
  const memory = SharedMemory.anonymous(4096);
  const { bytes, buffer } = memory;
  memory.close();
  memory.close();
  assertEquals([bytes.length, buffer.byteLength], [0, 0]);
  const uses = [
    () => memory.bytes,
    () => memory.buffer,
    () => memory.size,
    () => memory.fd,
    () => memory.resize(1),
    () => memory.sync(),
    () => memory.lock(),
    () => memory.unlock(),
    () => memory.advise("normal"),
  ];
  for (const use of uses) assertThrows(use, Deno.errors.BadResource, "closed");
});

Deno.test("resize() keeps what was there and detaches the views of before", {
  ignore: !LINUX,
}, () => {
  using memory = SharedMemory.anonymous(4096);
  memory.bytes.fill(7);
  const before = memory.bytes;
  memory.resize(10_000);
  assertEquals([before.length, memory.size], [0, 10_000]);
  assertEquals([memory.bytes[4095], memory.bytes[4096]], [7, 0]);
  memory.resize(100);
  assertEquals(memory.size, 100);
  memory.resize(200);
  assertEquals([memory.bytes[99], memory.bytes[100]], [7, 0]);
});

Deno.test("resize() without a size follows what somebody else has done", {
  ignore: !LINUX,
}, () => {
  const name = memoryName();
  using one = SharedMemory.create(name, { size: 4096, temporary: true });
  using other = SharedMemory.open(name);
  one.resize(8192);
  one.bytes[8191] = 7;
  assertEquals(other.size, 4096);
  other.resize();
  assertEquals(other.bytes[8191], 7);
  Deno.truncateSync(`/dev/shm${name}`, 0);
  assertThrows(() => other.resize(), IpcError, "it has 0 bytes now");
  other.resize(1);
  assertEquals(other.bytes.slice(), new Uint8Array(1));
});

Deno.test("what is opened to be read is not changed by writing to it", () => {
  const name = memoryName();
  using memory = SharedMemory.create(name, { size: 8192, temporary: true });
  using reader = SharedMemory.open(name, { readOnly: true });
  assertEquals([memory.writable, reader.writable], [true, false]);
  memory.bytes[0] = 1;
  assertEquals(reader.bytes[0], 1);
  reader.bytes[0] = 2;
  memory.bytes[4096] = 3;
  assertEquals([reader.bytes[0], reader.bytes[4096]], [2, 3]);
  assertEquals(memory.bytes[0], 1);
  assertThrows(() => reader.resize(1), Deno.errors.PermissionDenied);
});

Deno.test("names that cannot be are refused before the kernel sees them", () => {
  const wrong = ["", "jobs", "/", "/.", "/..", "/a/b", "/a\0b", 5 as unknown];
  for (const name of wrong as string[]) {
    assertThrows(() => SharedMemory.create(name, { size: 1 }), TypeError);
    assertThrows(() => SharedMemory.open(name), TypeError);
    assertThrows(() => SharedMemory.ensure(name, { size: 1 }), TypeError);
    assertThrows(() => SharedMemory.unlink(name), TypeError);
  }
  const long = `/${"x".repeat(LINUX ? 256 : 31)}`;
  assertThrows(() => SharedMemory.open(long), RangeError, "at most");
});

Deno.test("sizes and modes that cannot be are refused before the kernel sees them", () => {
  const name = memoryName();
  for (const size of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => SharedMemory.create(name, { size }), RangeError, "size");
    assertThrows(() => SharedMemory.anonymous(size), RangeError, "size");
    assertThrows(() => SharedMemory.ensure(name, { size }), RangeError, "size");
    using memory = SharedMemory.anonymous(1);
    assertThrows(() => memory.resize(size), RangeError, "size");
  }
  const none = { size: undefined as unknown as number };
  assertThrows(() => SharedMemory.create(name, none), TypeError, "size");
  assertThrows(
    () => SharedMemory.create(name, { size: 1, mode: -1 }),
    RangeError,
    "mode",
  );
});

Deno.test("what there is no room for is a clear error, and leaves no name", {
  ignore: !LINUX,
}, () => {
  const name = memoryName();
  const error = assertThrows(
    () => SharedMemory.create(name, { size: 2 ** 45 }),
    IpcError,
  );
  assertEquals(error.code, "ENOMEM");
  assertStringIncludes(error.message, `no room for ${2 ** 45} bytes`);
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);

  using memory = SharedMemory.anonymous(4096);
  assertThrows(() => memory.resize(2 ** 45), IpcError, "ENO");
  assertEquals(memory.size, 4096);
});

Deno.test("memory that nobody has given a size is a clear error", {
  ignore: !LINUX,
}, () => {
  const name = memoryName();
  Deno.writeFileSync(`/dev/shm${name}`, new Uint8Array(0));
  try {
    const error = assertThrows(() => SharedMemory.open(name), IpcError);
    assertStringIncludes(error.message, "EINVAL: invalid argument, mmap");
    assertStringIncludes(error.message, "it has no size");
  } finally {
    SharedMemory.unlink(name);
  }
});

Deno.test("what else is in /dev/shm is a clear error, and nobody waits", {
  ignore: !LINUX,
}, () => {
  const name = memoryName();
  using fifo = Fifo.create(`/dev/shm${name}`, { temporary: true });
  for (const readOnly of [true, false]) {
    assertThrows(
      () => SharedMemory.open(name, { readOnly }),
      IpcError,
      "no memory but a FIFO",
    );
  }
  assertEquals(descriptorsTo(fifo.path), []);
});

Deno.test("SharedMemory.open() waits for who is just making it", {
  ignore: !LINUX,
}, async () => {
  // The name is there a moment before its size.
  const output = await runDeno(
    `
    import { SharedMemory } from "@ipc/core/shm";
    const [name] = Deno.args;
    const url = \`data:text/javascript,
      Deno.writeFileSync("/dev/shm\${name}", new Uint8Array(0));
      postMessage("made");
      setTimeout(() => Deno.truncateSync("/dev/shm\${name}", 4096), 10);
    \`;
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    using memory = SharedMemory.open(name);
    console.log(memory.size);
    memory.unlink();
    worker.terminate();
  `,
    [memoryName()],
  );
  assertEquals(output, "4096");
});

Deno.test("SharedMemory.list() tells what ls tells, but for semaphores", {
  ignore: !LINUX || missing("ls"),
}, async () => {
  const name = memoryName();
  using _memory = SharedMemory.create(name, { size: 1, temporary: true });
  const semaphore = `/dev/shm/sem.${name.slice(1)}`;
  Deno.writeTextFileSync(semaphore, "");
  try {
    const names = SharedMemory.list();
    assert(names.includes(name));
    assert(!names.some((each) => each.startsWith("/sem.")));
    const { stdout } = await run("ls", ["/dev/shm"]);
    assert(stdout.split("\n").includes(name.slice(1)));
  } finally {
    Deno.removeSync(semaphore);
  }
});

Deno.test("SharedMemory.list() is not misled by links", {
  ignore: !LINUX,
}, () => {
  const [name, link, loop] = Array.from({ length: 3 }, memoryName);
  using _memory = SharedMemory.create(name, { size: 1, temporary: true });
  const paths = [link, loop].map((each) => `/dev/shm${each}`);
  Deno.symlinkSync(`/dev/shm${name}`, paths[0]);
  Deno.symlinkSync(paths[1], paths[1]);
  try {
    const names = SharedMemory.list();
    assertEquals([name, link, loop].map((each) => names.includes(each)), [
      true,
      false,
      false,
    ]);
  } finally {
    for (const path of paths) Deno.removeSync(path);
  }
});

Deno.test("anonymous memory has a descriptor that can be passed on", async () => {
  using memory = SharedMemory.anonymous(4096);
  assertEquals(memory.name, undefined);
  memory.bytes[0] = 1;
  await using child = spawn(Deno.execPath(), {
    args: [
      "eval",
      `
      import { SharedMemory } from "${new URL(
        "../shm/mod.ts",
        import.meta.url,
      )}";
      using memory = SharedMemory.fromFd(5);
      console.assert(memory.size === 4096 && memory.bytes[0] === 1);
      memory.bytes[0]++;
      `,
    ],
    fds: { 5: memory },
  });
  assertEquals((await child.status).code, 0);
  assertEquals(memory.bytes[0], 2);
  assertThrows(() => memory.unlink(), TypeError, "it has no name");
});

Deno.test(
  "SharedMemory.fromFd() refuses what is no memory, and leaves it open",
  {
    ignore: !LINUX,
  },
  () => {
    using pipe = Pipe.open();
    assertThrows(
      () => SharedMemory.fromFd(pipe.reader.fd),
      IpcError,
      "no memory but a FIFO",
    );
    pipe.writer.writeSync(new Uint8Array(1));
    assertEquals(pipe.reader.readSync(new Uint8Array(1)), 1);
    using memory = SharedMemory.anonymous(1);
    assertThrows(() => SharedMemory.fromFd(memory.fd), Deno.errors.Busy);
    for (const fd of [-1, 1.5, NaN, 2 ** 31]) {
      assertThrows(() => SharedMemory.fromFd(fd), RangeError);
    }
    assertThrows(() => SharedMemory.fromFd(1_000_000), Deno.errors.BadResource);
  },
);

Deno.test("close() closes its descriptor", { ignore: !LINUX }, () => {
  const memory = SharedMemory.create(memoryName(), {
    size: 1,
    temporary: true,
  });
  const target = targetOf(memory.fd);
  memory.close();
  assertEquals(descriptorsTo(target), []);
  assertEquals(descriptorsTo(`${target} (deleted)`), []);
});

Deno.test("a memfd can be sealed, and then nobody can change its size", {
  ignore: !LINUX,
}, () => {
  using memory = SharedMemory.memfd({ size: 4096, sealable: true, name: "x" });
  assertMatch(targetOf(memory.fd), /^\/memfd:x/);
  SharedMemory.memfd({ size: 1, name: "x".repeat(249) }).close();
  assertThrows(
    () => SharedMemory.memfd({ size: 1, name: "ü".repeat(125) }),
    RangeError,
    "at most 249 bytes: it has 250",
  );
  assertEquals(memory.seals, []);
  memory.seal("shrink", "grow");
  assertEquals(memory.seals, ["shrink", "grow"]);
  for (const size of [1, 8192]) {
    assertThrows(() => memory.resize(size), Deno.errors.PermissionDenied);
    assertEquals([memory.size, memory.bytes.length], [4096, 4096]);
  }
  memory.seal("seal");
  assertThrows(() => memory.seal("write"), Deno.errors.PermissionDenied);
  assert(memory.writable, "it is mapped as before");
  memory.bytes[0] = 1;
});

Deno.test("a memfd that is sealed against writing is only read from then on", {
  ignore: !LINUX,
}, () => {
  using memory = SharedMemory.memfd({ size: 4096, sealable: true });
  const before = memory.bytes;
  before[0] = 7;
  memory.seal("write");
  assertEquals([before.length, memory.writable, memory.bytes[0]], [
    0,
    false,
    7,
  ]);
  assertThrows(() => memory.resize(1), Deno.errors.PermissionDenied);
});

Deno.test("sealed memory that arrives can be read, also after the wrong try", {
  ignore: !LINUX,
}, async () => {
  using memory = SharedMemory.memfd({ size: 4096, sealable: true });
  memory.bytes[0] = 7;
  memory.seal("write");
  const [here, there] = UnixStream.pair();
  using _here = here;
  using _there = there;
  await here.send("sealed", { fds: [memory] });
  using message = await there.receive();
  const fd = message!.fds[0].take();
  assertThrows(
    () => SharedMemory.fromFd(fd),
    Deno.errors.PermissionDenied,
    "sealed against writing",
  );
  using found = SharedMemory.fromFd(fd, { readOnly: true });
  assertEquals([found.fd, found.bytes[0], found.seals], [fd, 7, ["write"]]);
});

Deno.test("seals that are none, and memory that takes none", {
  ignore: !LINUX,
}, () => {
  using memory = SharedMemory.anonymous(4096);
  assertEquals(memory.seals, ["seal"]);
  assertThrows(() => memory.seal("tight" as Seal), TypeError, "must be one of");
  assertThrows(
    () => memory.seal("shrink"),
    Deno.errors.PermissionDenied,
    "sealable",
  );
});

Deno.test("huge pages are used, or it is said that there are none", {
  ignore: !LINUX,
}, () => {
  assertThrows(
    () => SharedMemory.memfd({ size: 4096, hugePages: true }),
    RangeError,
    "must be a multiple of",
  );
  const size = hugePageSize();
  try {
    using memory = SharedMemory.memfd({ size, hugePages: true });
    memory.bytes[size - 1] = 1;
  } catch (error) {
    assert(error instanceof IpcError);
    assertMatch(error.message, /no room for \d+ bytes/);
  }
});

function hugePageSize(): number {
  const info = Deno.readTextFileSync("/proc/meminfo");
  return Number(info.match(/Hugepagesize:\s+(\d+) kB/)![1]) * 1024;
}

Deno.test("memory can be kept from being swapped, and advised about", () => {
  using memory = SharedMemory.anonymous(8192);
  memory.bytes.fill(7);
  memory.lock();
  memory.unlock();
  const all = ["normal", "random", "sequential", "willneed"] as const;
  for (const advice of all) memory.advise(advice);
  assertEquals(memory.bytes[8191], 7);
  assertThrows(
    () => memory.advise("x" as "normal"),
    TypeError,
    "one of normal",
  );
  memory.sync();
  memory.sync({ async: true, offset: 5, length: 10 });
  memory.sync({ offset: memory.size });
  for (const offset of [-1, 1.5, memory.size + 1]) {
    assertThrows(() => memory.sync({ offset }), RangeError, "offset");
  }
  assertThrows(() => memory.sync({ length: memory.size + 1 }), RangeError);
});

Deno.test("what is only read can be kept in memory, and goes on to follow", {
  ignore: !LINUX,
}, () => {
  const name = memoryName();
  using memory = SharedMemory.create(name, { size: 8193, temporary: true });
  using reader = SharedMemory.open(name, { readOnly: true });
  reader.lock();
  assert(isLocked(name));
  for (const at of [0, 5000, 8192]) {
    memory.bytes[at] = 7;
    assertEquals(reader.bytes[at], 7);
  }
  assertThrows(() => reader.advise("dontneed"), IpcError, "unlocked before");
  reader.unlock();
  reader.advise("dontneed");
  assert(!isLocked(name));
});

/** Whether all of a mapping is kept in memory: proc_pid_smaps(5). */
function isLocked(name: string): boolean {
  return Deno.readTextFileSync("/proc/self/smaps")
    .split(/^(?=[0-9a-f]+-)/m)
    .filter((mapping) => mapping.includes(name))
    .some((mapping) => /^VmFlags:.* lo/m.test(mapping));
}

Deno.test("ten thousand mappings come and go", { ignore: !LINUX }, async () => {
  const output = await runDeno(`
    import { SharedMemory } from "@ipc/core/shm";
    import { openDescriptors } from "tests/_util/counts.ts";
    const maps = () => Deno.readTextFileSync("/proc/self/maps")
      .split("\\n").filter((line) => line.includes("memfd")).length;
    const before = openDescriptors();
    for (let i = 0; i < 10_000; i++) {
      using memory = SharedMemory.anonymous(1 + i % 10_000);
      memory.bytes[0] = 1;
    }
    const after = [...openDescriptors()].filter(([fd, what]) =>
      before.get(fd) !== what && !what.startsWith("socket:")
    );
    console.log(maps(), after);
  `);
  assertEquals(output, "0 []");
});
