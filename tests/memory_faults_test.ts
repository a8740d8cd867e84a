/**
 * Memory that goes away behind a live view, in every order of events. Each runs
 * in a Deno of its own, which must survive.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assemble } from "../_internal/executable.ts";
import { ENTRY, LISTINGS, MARK } from "../shm/_bus_handler.ts";
import { assembled, missingAssembler } from "./_util/assembled.ts";
import { recordedHeaders } from "./_util/headers.ts";
import { memoryName } from "./_util/memory_name.ts";
import {
  denoArgs,
  EXPOSE_GC,
  isInstalled,
  missing,
  run,
  runDeno,
} from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";

/**
 * Does five things to memory in all 120 orders, and uses every view there has
 * ever been after each. `make` answers the memory and what to do with it.
 */
function inEveryOrder(make: string): string {
  return `
    import { MappedFile, RingBuffer, SharedMemory, SysvSharedMemory, Struct }
      from "@ipc/core/shm";
    const [place] = Deno.args;
    const PAGE = 4096;
    const Page = new Struct({ words: { type: "u32", length: 1024 }, one: "u64" });
    const expected = [
      "EBADF", "EBADMSG", "EINVAL", "ENOENT", "EIDRM", "EPIPE", undefined,
    ];
    let [used, refused] = [0, 0];

    function attempt(action) {
      try {
        return action();
      } catch (error) {
        if (!(error instanceof Error) || !expected.includes(error.code)) throw error;
        if (error.code === undefined && !(error instanceof TypeError)) throw error;
        refused++;
      }
    }

    function use(views) {
      for (const view of views) {
        for (const at of [0, 1, PAGE - 1, PAGE, 2 * PAGE, view.length - 1]) {
          attempt(() => view[at] = 7);
          if (attempt(() => view[at]) !== undefined) used++;
        }
        attempt(() => Atomics.add(view, view.length - 1, 1));
      }
    }

    function* orders(actions) {
      if (actions.length === 0) yield [];
      for (const [i, action] of actions.entries()) {
        for (const rest of orders(actions.toSpliced(i, 1))) yield [action, ...rest];
      }
    }

    function live(memory) {
      return [memory.bytes, new Int8Array(memory.buffer)];
    }

    ${make}

    for (const order of orders([0, 1, 2, 3, 4])) {
      const { memory, actions, done } = make();
      const views = live(memory);
      const struct = Page.view(memory);
      for (const index of order) {
        attempt(actions[index]);
        attempt(() => views.push(...live(memory)));
        use(views);
        attempt(() => struct.one++);
        attempt(() => struct.words.fill(1));
      }
      done();
      use(views);
    }
    console.log(used > 1000, refused > 100);
  `;
}

const KINDS = {
  "POSIX shared memory": `
    let count = 0;
    function make() {
      const name = place + count++;
      const memory = SharedMemory.create(name, { size: 3 * PAGE });
      const ring = RingBuffer.create(memory, { offset: 1024, capacity: 100 });
      return {
        memory,
        actions: [
          () => memory.close(),
          () => memory.unlink(),
          () => memory.resize(5 * PAGE),
          () => Deno.truncateSync("/dev/shm" + name, 10),
          () => { ring.trySend("x"); ring.tryReceive(); memory.resize(); },
        ],
        done() {
          memory.close();
          attempt(() => SharedMemory.unlink(name));
        },
      };
    }`,
  "a mapped file": `
    let count = 0;
    function make() {
      const path = place + count++;
      const memory = MappedFile.open(path, { create: true, size: 3 * PAGE });
      return {
        memory,
        actions: [
          () => memory.close(),
          () => Deno.removeSync(path),
          () => memory.resize(PAGE),
          () => Deno.truncateSync(path, 10),
          () => { memory.sync(); memory.resize(3 * PAGE); },
        ],
        done() {
          memory.close();
          try { Deno.removeSync(path); } catch { /* It is gone. */ }
        },
      };
    }`,
  "a file that is only read": `
    let count = 0;
    function make() {
      const path = place + count++;
      Deno.writeFileSync(path, new Uint8Array(3 * PAGE).fill(9));
      const memory = MappedFile.open(path, { readOnly: true });
      return {
        memory,
        actions: [
          () => memory.close(),
          () => Deno.removeSync(path),
          () => memory.resize(),
          () => Deno.truncateSync(path, 5000),
          () => Deno.truncateSync(path, 10_000),
        ],
        done() {
          memory.close();
          try { Deno.removeSync(path); } catch { /* It is gone. */ }
        },
      };
    }`,
  "System V shared memory": `
    function make() {
      const memory = SysvSharedMemory.createPrivate({ size: 3 * PAGE });
      const other = SysvSharedMemory.fromId(memory.id);
      return {
        memory,
        actions: [
          () => memory.close(),
          () => memory.remove(),
          () => other.close(),
          () => memory.stat(),
          () => SysvSharedMemory.fromId(memory.id).close(),
        ],
        done() {
          attempt(() => memory.remove());
          memory.close();
          other.close();
        },
      };
    }`,
};

for (const [kind, make] of Object.entries(KINDS)) {
  Deno.test(`${kind} goes away behind live views in every order, and we live`, {
    ignore: !LINUX,
  }, async () => {
    using dir = new TempDir();
    const place = kind.startsWith("POSIX") ? memoryName() : dir.join("file");
    const output = await runDeno(inEveryOrder(make), [place]);
    assertEquals(output, "true true");
  });
}

Deno.test(
  "what is missing reads as zeros, takes what is written, and is counted",
  {
    ignore: !LINUX,
  },
  async () => {
    const output = await runDeno(
      `
    import { SharedMemory } from "@ipc/core/shm";
    const [name] = Deno.args;
    using memory = SharedMemory.create(name, { size: 5 * 4096, temporary: true });
    memory.bytes.fill(7);
    Deno.truncateSync("/dev/shm" + name, 4096 + 100);
    const { bytes } = memory;
    console.log(bytes[0], bytes[4096], bytes[4096 + 100], memory.missingPages);
    console.log(bytes[3 * 4096], memory.missingPages);
    bytes[3 * 4096 + 1] = 5;
    console.log(bytes[3 * 4096 + 1], memory.missingPages);
    bytes.fill(1);
    console.log(memory.missingPages);
    memory.resize();
    console.log(memory.size, memory.missingPages, memory.bytes[0]);
    memory.resize(8192);
    Deno.truncateSync("/dev/shm" + name, 0);
    memory.bytes.fill(1);
    memory.close();
    const others = [1, 2, 3].map(() => SharedMemory.anonymous(8192));
    console.log(memory.missingPages, others.map((each) => each.missingPages));
  `,
      [memoryName()],
    );
    assertEquals(output, "7 7 0 0\n0 1\n5 1\n3\n4196 0 1\n2 [ 0, 0, 0 ]");
  },
);

Deno.test("it makes no difference how much else is mapped", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(
    `
    import { SharedMemory } from "@ipc/core/shm";
    const [name] = Deno.args;
    const others = Array.from({ length: 2800 }, () => SharedMemory.anonymous(1));
    using memory = SharedMemory.create(name, { size: 1, temporary: true });
    Deno.truncateSync("/dev/shm" + name, 0);
    console.log(memory.bytes[0], memory.missingPages, others.length);
  `,
    [memoryName()],
  );
  assertEquals(output, "0 1 2800");
});

Deno.test("Workers survive it as well, with the same handler", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(
    `
    import { SharedMemory } from "@ipc/core/shm";
    const [name] = Deno.args;
    using memory = SharedMemory.create(name, { size: 1 << 16, temporary: true });
    const source = \`
      import { SharedMemory } from "${new URL(
      "../shm/mod.ts",
      import.meta.url,
    )}";
      const memory = SharedMemory.open("\${name}");
      postMessage("ready");
      onmessage = () => {
        memory.bytes.fill(1);
        postMessage(memory.missingPages);
        memory.close();
        close();
      };
    \`;
    const url = "data:text/javascript," + encodeURIComponent(source);
    const workers = [1, 2, 3].map(() => new Worker(url, { type: "module" }));
    const next = (worker) => new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
    });
    await Promise.all(workers.map(next));
    Deno.truncateSync("/dev/shm" + name, 1);
    const answers = workers.map(next);
    for (const worker of workers) worker.postMessage("go");
    memory.bytes.fill(1);
    console.log(memory.missingPages, await Promise.all(answers));
  `,
    [memoryName()],
  );
  assertEquals(output, "15 [ 15, 15, 15 ]");
});

Deno.test("where one has ended without a word, the next has what is missing", {
  ignore: !LINUX,
}, async () => {
  const [guard, mapping] = ["../shm/_bus_guard.ts", "../_internal/mapping.ts"]
    .map((path) => new URL(path, import.meta.url));
  const output = await runDeno(
    `
    import { SharedMemory } from "@ipc/core/shm";
    import { guard } from "${guard}";
    import { map } from "${mapping}";
    const [name] = Deno.args;
    using memory = SharedMemory.create(name, { size: 4096, temporary: true });
    const address = map(4096, 3, 1, memory.fd);
    const source = \`
      import { guard } from "${guard}";
      onmessage = ({ data }) => {
        guard(Deno.UnsafePointer.create(data), 4096);
        postMessage("done");
      };
    \`;
    const url = "data:text/javascript," + encodeURIComponent(source);
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve) => {
      worker.onmessage = resolve;
      worker.postMessage(Deno.UnsafePointer.value(address));
    });
    worker.terminate();
    const own = guard(address, 4096);
    Deno.truncateSync("/dev/shm" + name, 0);
    const byte = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(address, 1));
    console.log(byte[0], own.missing);
  `,
    [memoryName()],
  );
  assertEquals(output, "0 1");
});

Deno.test("a lock is as safe as its memory, however much of that there is", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(
    `
    import { Mutex } from "@ipc/core/sem";
    import { SharedMemory } from "@ipc/core/shm";
    import { guard } from "${new URL("../shm/_bus_guard.ts", import.meta.url)}";
    const [name] = Deno.args;
    using memory = SharedMemory.create(name, { size: 4096, temporary: true });
    // More than there is room for.
    for (let page = 1n; page <= 66_000n; page++) {
      guard(Deno.UnsafePointer.create(page * 4096n), 4096);
    }
    const mutex = Mutex.init(memory, 0);
    mutex.acquireSync().release();
    Deno.truncateSync("/dev/shm" + name, 0);
    using lock = mutex.acquireSync();
    console.log(lock.held, memory.missingPages);
  `,
    [memoryName()],
  );
  assertEquals(output, "true 1");
});

Deno.test(
  "memory that was forgotten takes no room from what is guarded later",
  {
    ignore: !LINUX,
  },
  async () => {
    const output = await runDeno(
      `
    import { SharedMemory } from "@ipc/core/shm";
    import { guard } from "${new URL("../shm/_bus_guard.ts", import.meta.url)}";
    const [name] = Deno.args;
    // All the room but for a thousand.
    for (let page = 1n; page <= 64_530n; page++) {
      guard(Deno.UnsafePointer.create(page * 4096n), 4096);
    }
    function forgetSome() {
      for (let i = 0; i < 500; i++) SharedMemory.anonymous(4096);
    }
    function descriptors() {
      return [...Deno.readDirSync("/proc/self/fd")].length;
    }
    const before = descriptors();
    for (let i = 0; i < 6; i++) {
      forgetSome();
      while (descriptors() > before + 10) {
        globalThis.gc();
        await new Promise((done) => setTimeout(done));
      }
    }
    using memory = SharedMemory.create(name, { size: 4096, temporary: true });
    Deno.truncateSync("/dev/shm" + name, 0);
    console.log(memory.bytes[0], memory.missingPages);
  `,
      [memoryName()],
      [EXPOSE_GC],
    );
    assertEquals(output, "0 1");
  },
);

Deno.test("a fault that is not ours ends the program as before", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  const path = dir.join("file");
  Deno.writeFileSync(path, new Uint8Array(4096));
  const mapping = new URL("../_internal/mapping.ts", import.meta.url);
  const source = `
    import { SharedMemory } from "@ipc/core/shm";
    import { map } from "${mapping}";
    using memory = SharedMemory.anonymous(4096);
    using file = Deno.openSync(Deno.args[0]);
    // Mapped past its end by somebody else's code.
    const fd = [...Deno.readDirSync("/proc/self/fd")]
      .map(({ name }) => Number(name))
      .find((fd) => {
        try {
          return Deno.readLinkSync("/proc/self/fd/" + fd) === Deno.args[0];
        } catch {
          return false;
        }
      });
    const address = map(3 * 4096, 1, 1, fd);
    const buffer = Deno.UnsafePointerView.getArrayBuffer(address, 3 * 4096);
    console.log("before");
    console.log(new Uint8Array(buffer)[5000]);
  `;
  const args = [...denoArgs(source), path];
  const { stdout, signal } = await run(Deno.execPath(), args);
  assertEquals([stdout, signal], ["before\n", "SIGBUS"]);
});

Deno.test("a file that there is no room for is as long as before", {
  ignore: !LINUX || Deno.uid() !== 0 ||
    !["unshare", "mkfs.ext4"].every(isInstalled),
}, async () => {
  using dir = new TempDir();
  const source = `
    import { MappedFile } from "@ipc/core/shm";
    const [path] = Deno.args;
    Deno.writeTextFileSync(path, "hello");
    using file = MappedFile.open(path);
    try {
      file.resize(1 << 26);
    } catch (error) {
      console.log(error.code);
    }
    console.log(file.size, Deno.readTextFileSync(path));
  `;
  // Not every container has loop devices.
  const script = 'cd "$1" && shift && truncate -s 8M image && mkdir disk && ' +
    "mkfs.ext4 -q image && mount -o loop image disk || { echo none; exit; }; " +
    'exec "$@"';
  const program = [Deno.execPath(), ...denoArgs(source), dir.join("disk/file")];
  const inside = ["--mount", "sh", "-c", script, "sh", dir.path, ...program];
  const { stdout } = await run("unshare", inside);
  if (stdout !== "none\n") assertEquals(stdout, "ENOSPC\n5 hello\n");
});

Deno.test("more than a file may have is an error, and not the end", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  const output = await runDeno(
    `
    import { MappedFile, SharedMemory } from "@ipc/core/shm";
    const { setrlimit } = Deno.dlopen("libc.so.6", {
      setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
    }).symbols;
    const RLIMIT_FSIZE = 1;
    setrlimit(RLIMIT_FSIZE, new BigUint64Array([2n ** 28n, 2n ** 64n - 1n]));
    const [name, path] = Deno.args;
    using memory = SharedMemory.create(name, { size: 4096, temporary: true });
    // Less, and Deno's own caches might be larger.
    const size = 2 ** 28 + 1;
    const attempts = [
      () => memory.resize(size),
      () => SharedMemory.create(name + "2", { size }),
      () => SharedMemory.anonymous(size),
      () => MappedFile.open(path, { create: true, size }),
    ];
    for (const attempt of attempts) {
      try {
        attempt();
      } catch ({ code, message }) {
        console.log(code, message.endsWith("RLIMIT_FSIZE (ulimit -f)"));
      }
    }
    console.log(memory.size, SharedMemory.list().includes(name + "2"));
  `,
    [memoryName(), dir.join("file")],
  );
  const lines = output.split("\n");
  assertEquals(lines.slice(0, 4), Array(4).fill("EFBIG true"));
  assertEquals(lines[4], "4096 false");
});

Deno.test("a full /dev/shm is an error when memory is made, and never later", {
  ignore: !LINUX || Deno.uid() !== 0 || missing("unshare"),
}, async () => {
  const source = `
    import { SharedMemory } from "@ipc/core/shm";
    const sizes = [1 << 19, 1 << 19, 1 << 18, 1 << 20];
    const made = [];
    for (const [i, size] of sizes.entries()) {
      try {
        made.push(SharedMemory.create("/part" + i, { size }));
      } catch (error) {
        console.log(i, error.code, error.message);
      }
    }
    for (const memory of made) memory.bytes.fill(1);
    try {
      made[0].resize(1 << 20);
    } catch (error) {
      console.log("resize", error.code, made[0].size);
    }
    for (const memory of made) memory.bytes.fill(2);
    console.log(SharedMemory.list(), made.map((each) => each.missingPages));
  `;
  // A /dev/shm of its own, of one megabyte.
  const script = 'mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "$0" "$@"';
  const inside = ["sh", "-c", script, Deno.execPath(), ...denoArgs(source)];
  const { stdout, stderr } = await run("unshare", ["--mount", ...inside]);
  assertEquals(
    stdout,
    "2 ENOSPC ENOSPC: no space left on device, posix_fallocate '/part2': " +
      "there is no room for 262144 bytes\n" +
      "3 ENOSPC ENOSPC: no space left on device, posix_fallocate '/part3': " +
      "there is no room for 1048576 bytes\n" +
      "resize ENOSPC 524288\n" +
      '[ "/part0", "/part1" ] [ 0, 0 ]\n',
    stderr,
  );
});

Deno.test(
  "a read-only segment of System V is all that writing to can be fatal",
  {
    ignore: !LINUX,
  },
  async () => {
    const { stdout, signal } = await run(
      Deno.execPath(),
      denoArgs(`
    import { SysvSharedMemory } from "@ipc/core/shm";
    const options = { size: 4096, temporary: true };
    const memory = SysvSharedMemory.createPrivate(options);
    const reader = SysvSharedMemory.fromId(memory.id, { readOnly: true });
    memory.remove();
    console.log(reader.bytes[0]);
    reader.bytes[0] = 1;
  `),
    );
    assertEquals([stdout, signal], ["0\n", "SIGSEGV"]);
  },
);

for (const [arch, listing] of Object.entries(LISTINGS)) {
  Deno.test(`an assembler makes the fault handler for ${arch} of its listing`, {
    ignore: missingAssembler(arch),
  }, async () => {
    const mark = new TextEncoder().encode(MARK);
    assertEquals(mark.length, ENTRY);
    assertEquals(
      await assembled(arch, listing),
      new Uint8Array([...mark, ...assemble(listing)]),
    );
  });

  Deno.test(`the numbers in the fault handler for ${arch} are on record`, () => {
    const headers = recordedHeaders(`linux-${arch}`);
    const number = (name: string) => headers.get(name)!;
    const lines = listing.split("\n");
    const has = (expected: number, what: string) => {
      const line = lines.find((each) => each.includes(what));
      assert(line !== undefined, what);
      const hex = `0x${expected.toString(16)}`;
      const pattern = new RegExp(`\\b(${expected}|${hex})\\b`);
      assert(pattern.test(line.split("|")[1]), `${line} has no ${expected}`);
    };
    has(number("offsetof(siginfo_t, si_code)"), "si_code");
    has(number("offsetof(siginfo_t, si_addr)"), "si_addr");
    has(number("BUS_ADRERR"), "BUS_ADRERR");
    has(number("SIGBUS"), "# SIGBUS".slice(arch === "x86_64" ? 0 : 2));
    has(number("SYS_mmap"), "mmap(2)");
    has(number("SYS_rt_sigaction"), "rt_sigaction(2)");
    const flags = ["MAP_PRIVATE", "MAP_FIXED", "MAP_ANONYMOUS"].map(number);
    has(flags.reduce((sum, flag) => sum | flag), "MAP_PRIVATE | MAP_FIXED");
    has(number("PROT_READ") | number("PROT_WRITE"), "PROT_READ | PROT_WRITE");
    assertStringIncludes(listing, MARK);
  });
}
