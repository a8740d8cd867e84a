import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { IpcError, MappedFile } from "@ipc/core/shm";
import { Fifo } from "@ipc/core/fifo";
import { pathToFileURL } from "node:url";
import { descriptorsIn } from "./_util/held.ts";
import { pattern } from "./_util/pattern.ts";
import { runDeno } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const PAGE = 65_536;

/** A file with that in it. */
function file(dir: TempDir, content: Uint8Array | string): string {
  const path = dir.join(crypto.randomUUID());
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  Deno.writeFileSync(path, bytes);
  return path;
}

Deno.test("a mapped file is what is in the file, both ways", () => {
  using dir = new TempDir();
  const content = pattern(100_000);
  const path = file(dir, content);
  using mapped = MappedFile.open(path);
  assertEquals(mapped.path, path);
  assertEquals(mapped.bytes, content);
  mapped.bytes[99_999] = 7;
  assertEquals(Deno.readFileSync(path)[99_999], 7);
  Deno.writeFileSync(path, new Uint8Array([8]), { create: false });
});

Deno.test("what one maps and writes another has mapped sees", () => {
  using dir = new TempDir();
  const path = file(dir, "hello");
  using one = MappedFile.open(path);
  using other = MappedFile.open(pathToFileURL(path));
  one.bytes[0] = "j".charCodeAt(0);
  assertEquals(new TextDecoder().decode(other.bytes.slice()), "jello");
});

Deno.test("a file is made longer for the size asked for, and never shorter", () => {
  using dir = new TempDir();
  const path = file(dir, "hello");
  {
    using mapped = MappedFile.open(path, { size: 10_000 });
    assertEquals(mapped.size, 10_000);
    assertEquals(mapped.bytes[4], "o".charCodeAt(0));
    mapped.bytes[9_999] = 7;
  }
  using mapped = MappedFile.open(path, { size: 3 });
  assertEquals(mapped.bytes.length, 3);
  assertEquals(Deno.statSync(path).size, 10_000);
  assertEquals(Deno.readFileSync(path)[9_999], 7);
});

Deno.test("the room for what is made longer is reserved", {
  ignore: !LINUX,
}, () => {
  using dir = new TempDir();
  const path = dir.join("new");
  using _mapped = MappedFile.open(path, { create: true, size: 1 << 20 });
  assert(Deno.statSync(path).blocks! * 512 >= 1 << 20);
});

Deno.test("a file is made only if that is asked for", () => {
  using dir = new TempDir();
  const path = dir.join("new");
  assertThrows(
    () => MappedFile.open(path, { size: 1 }),
    Deno.errors.NotFound,
    "no such file",
  );
  const options = { create: true, size: 5, mode: 0o600 };
  using mapped = MappedFile.open(path, options);
  assertEquals(mapped.bytes, new Uint8Array(5));
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  using again = MappedFile.open(path, options);
  assertEquals(again.size, 5);
});

Deno.test("a part of a file is mapped from a page on", () => {
  using dir = new TempDir();
  const content = pattern(3 * PAGE);
  const path = file(dir, content);
  using rest = MappedFile.open(path, { offset: PAGE });
  assertEquals(rest.bytes, content.subarray(PAGE));
  using part = MappedFile.open(path, { offset: PAGE, size: 10 });
  assertEquals(part.bytes, content.subarray(PAGE, PAGE + 10));
  assertEquals([part.offset, part.size], [PAGE, 10]);
  part.bytes[0] ^= 1;
  assertEquals(rest.bytes[0], content[PAGE] ^ 1);
  using beyond = MappedFile.open(path, { offset: 4 * PAGE, size: 10 });
  beyond.bytes[9] = 7;
  assertEquals(Deno.statSync(path).size, 4 * PAGE + 10);
});

Deno.test("what is written to a file that is only read stays here", () => {
  using dir = new TempDir();
  for (const options of [{ readOnly: true }, { private: true }]) {
    const path = file(dir, "hello");
    Deno.chmodSync(path, 0o400);
    using mapped = MappedFile.open(path, options);
    mapped.bytes[0] = 7;
    assertEquals(mapped.bytes[0], 7);
    assertEquals(mapped.writable, false);
    mapped.sync();
    assertEquals(Deno.readTextFileSync(path), "hello");
    assertThrows(() => mapped.resize(10), Deno.errors.PermissionDenied);
    mapped.resize(5);
    assertEquals(mapped.bytes[0], "h".charCodeAt(0));
  }
});

Deno.test("more than there is to read is a clear error", () => {
  using dir = new TempDir();
  const path = file(dir, "hello");
  const options = { readOnly: true, size: 6 };
  const error = assertThrows(() => MappedFile.open(path, options), IpcError);
  assertEquals(error.code, "EINVAL");
  assertStringIncludes(error.message, "it has 5 bytes, fewer than 6");
  for (const nothing of [file(dir, ""), path]) {
    assertThrows(
      () => MappedFile.open(nothing, { offset: nothing === path ? PAGE : 0 }),
      IpcError,
      "there is nothing to map: give a size",
    );
  }
});

Deno.test("resize() changes the file and detaches the views of before", () => {
  using dir = new TempDir();
  const path = file(dir, "hello");
  using mapped = MappedFile.open(path);
  const before = mapped.bytes;
  mapped.resize(100_000);
  mapped.bytes[99_999] = 7;
  assertEquals([before.length, mapped.size], [0, 100_000]);
  assertEquals(Deno.readFileSync(path)[99_999], 7);
  mapped.resize(4);
  assertEquals(Deno.readTextFileSync(path), "hell");
  Deno.writeTextFileSync(path, "o!", { append: true });
  mapped.resize();
  assertEquals(new TextDecoder().decode(mapped.bytes.slice()), "hello!");
  for (const size of [0, -1, 1.5, NaN]) {
    assertThrows(() => mapped.resize(size), RangeError);
  }
});

Deno.test("a part at an offset is resized to where it ends", () => {
  using dir = new TempDir();
  const path = file(dir, pattern(2 * PAGE));
  using mapped = MappedFile.open(path, { offset: PAGE });
  mapped.resize(10);
  assertEquals([mapped.size, Deno.statSync(path).size], [10, PAGE + 10]);
  Deno.truncateSync(path, 5);
  assertThrows(() => mapped.resize(), IpcError, "it has 5 bytes now");
});

Deno.test("sync() writes to the disk, all of it or a part", () => {
  using dir = new TempDir();
  using mapped = MappedFile.open(file(dir, pattern(100_000)));
  mapped.bytes.fill(7);
  mapped.sync();
  mapped.sync({ async: true });
  mapped.sync({ offset: 5000, length: 10 });
  assertThrows(() => mapped.sync({ offset: 100_001 }), RangeError);
  assertThrows(() => mapped.sync({ offset: 1, length: 100_000 }), RangeError);
});

Deno.test("what is no regular file is a clear error, and nobody waits", () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  assertThrows(
    () => MappedFile.open(fifo.path, { readOnly: true }),
    IpcError,
    "not a regular file but a FIFO",
  );
  assertThrows(
    () => MappedFile.open("/dev/null"),
    IpcError,
    "not a regular file but a character device",
  );
  assertThrows(() => MappedFile.open(dir.path), Deno.errors.IsADirectory);
  assertThrows(
    () => MappedFile.open(dir.path, { readOnly: true }),
    IpcError,
    "but a directory",
  );
  assertEquals(descriptorsIn(dir.path), []);
});

Deno.test("arguments that cannot be are refused before the kernel sees them", () => {
  assertThrows(() => MappedFile.open(""), TypeError);
  assertThrows(() => MappedFile.open("/tmp/a\0b"), TypeError);
  for (const size of [0, -1, 1.5, NaN, 2 ** 53]) {
    assertThrows(() => MappedFile.open("/x", { size }), RangeError, "size");
  }
  for (const offset of [-1, 1, 100, 1.5, NaN, 2 ** 53]) {
    assertThrows(() => MappedFile.open("/x", { offset }), RangeError, "offset");
  }
  const mode = -1;
  assertThrows(() => MappedFile.open("/x", { mode }), RangeError, "mode");
  const wrong = [
    { create: true },
    { create: true, size: 1, readOnly: true },
    { create: true, size: 1, private: true },
  ];
  for (const options of wrong) {
    assertThrows(() => MappedFile.open("/x", options), TypeError, "to be made");
  }
});

Deno.test("closing a mapped file leaves what was written, and no descriptor", () => {
  using dir = new TempDir();
  const path = file(dir, "hello");
  const mapped = MappedFile.open(path);
  const { bytes } = mapped;
  bytes[0] = "j".charCodeAt(0);
  mapped.close();
  mapped.close();
  assertEquals([bytes.length, Deno.readTextFileSync(path)], [0, "jello"]);
  assertEquals(descriptorsIn(dir.path), []);
  assertThrows(() => mapped.fd, Deno.errors.BadResource);
});

Deno.test("a file that another process has mapped counts for both", async () => {
  using dir = new TempDir();
  const path = file(dir, new Uint8Array(8));
  const source = `
    import { MappedFile } from "@ipc/core/shm";
    using file = MappedFile.open(Deno.args[0]);
    const words = new Int32Array(file.buffer);
    for (let i = 0; i < 100_000; i++) Atomics.add(words, 0, 1);
  `;
  await Promise.all([1, 2, 3].map(() => runDeno(source, [path])));
  using mapped = MappedFile.open(path);
  assertEquals(new Int32Array(mapped.buffer)[0], 300_000);
});
