import { assert, assertEquals, assertThrows } from "@std/assert";
import { IpcError, SysvSharedMemory } from "@ipc/core/shm";
import { ftok } from "@ipc/core/mq";
import { missing, run } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";

function randomKey(): number {
  // The highest bit is the sign; both are keys.
  return crypto.getRandomValues(new Int32Array(1))[0] | 1;
}

Deno.test("two attachments of System V shared memory are the same bytes", () => {
  const key = randomKey();
  const options = { size: 5000, temporary: true };
  using one = SysvSharedMemory.create(key, options);
  using other = SysvSharedMemory.open(key);
  using third = SysvSharedMemory.fromId(one.id);
  assertEquals([other.id, third.id], [one.id, one.id]);
  assertEquals([one.size, other.bytes.length], [5000, 5000]);
  one.bytes[4999] = 7;
  assertEquals([other.bytes[4999], third.bytes[4999]], [7, 7]);
  assertEquals(one.stat().attached, 3);
  other.close();
  third.close();
  assertEquals(one.stat().attached, 1);
});

Deno.test("System V shared memory without a key is found by its id", () => {
  using one = SysvSharedMemory.createPrivate({ size: 1, temporary: true });
  using other = SysvSharedMemory.fromId(one.id);
  one.bytes[0] = 7;
  assertEquals(other.bytes[0], 7);
});

Deno.test("SysvSharedMemory.create() refuses what is there, open() what is not", () => {
  const key = randomKey();
  assertThrows(() => SysvSharedMemory.open(key), Deno.errors.NotFound);
  using memory = SysvSharedMemory.create(key, { size: 1, temporary: true });
  assertThrows(
    () => SysvSharedMemory.create(key, { size: 1 }),
    Deno.errors.AlreadyExists,
    "System V shared memory segment already exists",
  );
  const { id } = memory;
  memory.close();
  assertThrows(() => SysvSharedMemory.open(key), Deno.errors.NotFound);
  assertThrows(() => SysvSharedMemory.fromId(id), Deno.errors.NotFound);
});

Deno.test("SysvSharedMemory.ensure() makes it once and finds it afterwards", () => {
  const key = ftok("/tmp", 1 + Math.trunc(Math.random() * 255)) ^ randomKey();
  using made = SysvSharedMemory.ensure(key, { size: 10 });
  for (const size of [5, 1 << 20]) {
    using found = SysvSharedMemory.ensure(key, { size, temporary: true });
    assertEquals([found.id, found.size], [made.id, 10]);
  }
  assertEquals(made.stat().attached, 1);
  made.remove();
});

Deno.test("what was removed is there until the last has closed it", () => {
  using one = SysvSharedMemory.createPrivate({ size: 1 });
  using other = SysvSharedMemory.fromId(one.id);
  one.remove();
  one.bytes[0] = 7;
  assertEquals(other.bytes[0], 7);
  one.close();
  other.close();
  const gone = assertThrows(() => other.stat(), IpcError);
  assertEquals(gone.code, "EIDRM");
  assertThrows(() => other.remove(), IpcError, "has been removed");
});

Deno.test("closing System V shared memory detaches its views", () => {
  const memory = SysvSharedMemory.createPrivate({ size: 8, temporary: true });
  const { bytes } = memory;
  const { id } = memory;
  memory.close();
  memory.close();
  assertEquals(bytes.length, 0);
  assertThrows(() => memory.bytes, Deno.errors.BadResource, `memory ${id}`);
  assertThrows(() => SysvSharedMemory.fromId(id), Deno.errors.NotFound);
});

Deno.test("stat() tells what the kernel knows", () => {
  const options = { size: 4097, mode: 0o640, temporary: true };
  using memory = SysvSharedMemory.createPrivate(options);
  const stat = memory.stat();
  assertEquals([stat.size, stat.mode, stat.attached], [4097, 0o640, 1]);
  assertEquals([stat.creatorPid, stat.lastPid], [Deno.pid, Deno.pid]);
  assertEquals([stat.uid, stat.creatorUid], [Deno.uid(), Deno.uid()]);
  for (const moment of [stat.lastAttach, stat.changed]) {
    assert(Math.abs(moment!.getTime() - Date.now()) < 5000);
  }
  assertEquals(stat.lastDetach, undefined);
});

Deno.test("SysvSharedMemory.list() tells what ipcs tells", {
  ignore: !LINUX || missing("ipcs"),
}, async () => {
  const key = randomKey();
  const options = { size: 12_345, mode: 0o600, temporary: true };
  using memory = SysvSharedMemory.create(key, options);
  const { id } = memory;
  const entry = SysvSharedMemory.list().find((each) => each.id === id)!;
  assertEquals(
    [entry.key, entry.size, entry.mode, entry.attached, entry.creatorPid],
    [key, 12_345, 0o600, 1, Deno.pid],
  );
  const { stdout } = await run("ipcs", ["-m"]);
  const line = stdout.split("\n").find((text) =>
    text.split(/\s+/)[1] === `${id}`
  )!;
  const cells = line.split(/\s+/);
  const hex = (key >>> 0).toString(16).padStart(8, "0");
  assertEquals([cells[0], cells[3], cells[4]], [`0x${hex}`, "600", "12345"]);
});

Deno.test("read-only System V shared memory can be read", () => {
  using memory = SysvSharedMemory.createPrivate({ size: 1, temporary: true });
  using reader = SysvSharedMemory.fromId(memory.id, { readOnly: true });
  memory.bytes[0] = 7;
  assertEquals([reader.bytes[0], reader.writable], [7, false]);
});

Deno.test("keys, ids, sizes and modes that cannot be are refused", () => {
  const size = 1;
  for (const key of [0, 1.5, NaN, 2 ** 32, -(2 ** 31) - 1]) {
    assertThrows(() => SysvSharedMemory.create(key, { size }), RangeError);
    assertThrows(() => SysvSharedMemory.open(key), RangeError);
  }
  for (const id of [-1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => SysvSharedMemory.fromId(id), RangeError, "the id");
  }
  for (const size of [0, -1, 1.5, NaN, 2 ** 53]) {
    assertThrows(
      () => SysvSharedMemory.createPrivate({ size }),
      RangeError,
      "the size",
    );
  }
  for (const mode of [-1, 0o1000, NaN]) {
    assertThrows(
      () => SysvSharedMemory.createPrivate({ size, mode }),
      RangeError,
      "the mode",
    );
  }
  const error = assertThrows(
    () => SysvSharedMemory.createPrivate({ size: 2 ** 52 }),
    IpcError,
  );
  assert(["EINVAL", "ENOSPC", "ENOMEM"].includes(error.code), error.message);
});
