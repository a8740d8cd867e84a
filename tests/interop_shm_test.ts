/** Memory that C and Python programs have at the same time. */

import { assertEquals } from "@std/assert";
import {
  MappedFile,
  type MappedMemory,
  SharedMemory,
  SysvSharedMemory,
} from "@ipc/core/shm";
import { compiled } from "./_util/compiled.ts";
import { memoryName } from "./_util/memory_name.ts";
import { pattern } from "./_util/pattern.ts";
import { missing, run } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const program = await compiled("memory.c");
const withoutC = missing("cc");
const withoutPython = missing("python3");

/** The same as `testdata/memory.c`, as Python programs do it. */
const POSIX = `
import sys
from multiprocessing import resource_tracker, shared_memory
memory = shared_memory.SharedMemory(sys.argv[1].lstrip("/"))
# Who has not made it must not remove it at the end: bpo-39959.
resource_tracker.unregister(memory._name, "shared_memory")
print(memory.size, sum(memory.buf))
memory.buf[:] = bytes((byte + 1) & 255 for byte in memory.buf)
`;

const FILE = `
import mmap, sys
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
    print(len(memory), sum(memory[:]))
    memory[:] = bytes((byte + 1) & 255 for byte in memory[:])
`;

const SIZE = 10_000;
const CONTENT = pattern(SIZE);
const SUM = CONTENT.reduce((sum, byte) => sum + byte, 0);

/** Has a program add one to every byte of memory in which there is a pattern. */
async function check(
  memory: MappedMemory,
  command: string,
  args: readonly string[],
): Promise<void> {
  memory.bytes.set(CONTENT);
  const { stdout, stderr } = await run(command, args);
  assertEquals([stdout, stderr], [`${SIZE} ${SUM}\n`, ""]);
  assertEquals(memory.bytes.slice(), CONTENT.map((byte) => byte + 1));
}

Deno.test("a C program has the same POSIX shared memory", {
  ignore: withoutC,
}, async () => {
  const options = { size: SIZE, temporary: true };
  using memory = SharedMemory.create(memoryName(), options);
  await check(memory, program, ["posix", memory.name!]);
});

Deno.test("a C program has the same System V shared memory", {
  ignore: withoutC,
}, async () => {
  const options = { size: SIZE, temporary: true };
  using memory = SysvSharedMemory.createPrivate(options);
  await check(memory, program, ["sysv", `${memory.id}`]);
});

Deno.test("a C program has the same file", { ignore: withoutC }, async () => {
  using dir = new TempDir();
  const path = dir.join("file");
  using memory = MappedFile.open(path, { create: true, size: SIZE });
  await check(memory, program, ["file", path]);
});

Deno.test("we have the memory that a C program has made", {
  ignore: withoutC,
}, async () => {
  const name = memoryName();
  const { stdout } = await run(program, ["make", name, `${SIZE}`]);
  assertEquals(stdout, `${SIZE} 0\n`);
  using memory = SharedMemory.open(name);
  memory.unlink();
  assertEquals(memory.bytes.slice(0, SIZE), new Uint8Array(SIZE).fill(1));
});

Deno.test("a Python program has the same POSIX shared memory", {
  ignore: withoutPython,
}, async () => {
  const options = { size: SIZE, temporary: true };
  using memory = SharedMemory.create(memoryName(), options);
  await check(memory, "python3", ["-c", POSIX, memory.name!]);
});

Deno.test("a Python program has the same file", {
  ignore: withoutPython,
}, async () => {
  using dir = new TempDir();
  const path = dir.join("file");
  using memory = MappedFile.open(path, { create: true, size: SIZE });
  await check(memory, "python3", ["-c", FILE, path]);
});

Deno.test("we have the memory that a Python program has made", {
  ignore: withoutPython,
}, async () => {
  const name = memoryName();
  const script = `
import sys
from multiprocessing import resource_tracker, shared_memory
memory = shared_memory.SharedMemory(sys.argv[1].lstrip("/"), True, ${SIZE})
resource_tracker.unregister(memory._name, "shared_memory")
memory.buf[:${SIZE}] = bytes([7]) * ${SIZE}
`;
  const { stderr } = await run("python3", ["-c", script, name]);
  assertEquals(stderr, "");
  using memory = SharedMemory.open(name);
  memory.unlink();
  assertEquals(memory.bytes.slice(0, SIZE), new Uint8Array(SIZE).fill(7));
});

Deno.test("a Python process sees our words change, and we see its", {
  ignore: withoutPython || Deno.build.os !== "linux",
}, async () => {
  const options = { size: 64, temporary: true };
  using memory = SharedMemory.create(memoryName(), options);
  const script = `
import sys
from multiprocessing import resource_tracker, shared_memory
memory = shared_memory.SharedMemory(sys.argv[1].lstrip("/"))
resource_tracker.unregister(memory._name, "shared_memory")
words = memory.buf.cast("I")
while words[0] < 20000:
    words[1] = words[0]
words[1] = words[0]
del words
memory.close()
`;
  const python = run("python3", ["-c", script, memory.name!]);
  const words = new Uint32Array(memory.buffer);
  let last = 0;
  for (let i = 1; i <= 20_000; i++) {
    words[0] = i;
    const seen = Atomics.load(words, 1);
    if (seen < last || seen > i) throw new Error(`${seen} after ${last}`);
    last = seen;
    if (i % 100 === 0) await new Promise((done) => setTimeout(done));
  }
  assertEquals((await python).stderr, "");
  assertEquals(words[1], 20_000);
});
