import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Fifo, IpcError } from "@ipc/core/fifo";
import { pathToFileURL } from "node:url";
import { descriptorsIn } from "./_util/held.ts";
import { TempDir } from "./_util/temp.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o7777;
}

Deno.test("Fifo.create() makes a FIFO with exactly the mode asked for", () => {
  using dir = new TempDir();
  for (const mode of [0o600, 0o666, 0o622, 0o4]) {
    using fifo = Fifo.create(dir.join(`fifo-${mode}`), { mode });
    assert(Deno.statSync(fifo.path).isFifo);
    assertEquals(modeOf(fifo.path), mode);
  }
  using fifo = Fifo.create(dir.join("default"));
  assertEquals(modeOf(fifo.path), 0o600);
});

Deno.test("Fifo takes a URL, and paths with any character but NUL", async () => {
  using dir = new TempDir();
  const path = dir.join("a b%20ü€\n");
  using fifo = Fifo.create(pathToFileURL(path));
  assertEquals(fifo.path, path);
  using reader = await Fifo.open(path).openReader();
  using writer = await fifo.openWriter();
  writer.writeSync(encoder.encode("ping"));
  assertEquals(await reader.read(new Uint8Array(8)), 4);
});

Deno.test("Fifo.create() refuses what is there, Fifo.open() what is not", () => {
  using dir = new TempDir();
  const path = dir.join("fifo");
  const missing = assertThrows(() => Fifo.open(path), Deno.errors.NotFound);
  assertEquals(missing.message, `ENOENT: no such FIFO, stat '${path}'`);
  Fifo.create(path).close();
  const there = assertThrows(
    () => Fifo.create(path),
    Deno.errors.AlreadyExists,
  );
  assertStringIncludes(there.message, "EEXIST: FIFO already exists, mkfifo");
  Fifo.unlink(path);
  assertThrows(() => Fifo.unlink(path), Deno.errors.NotFound);
});

Deno.test("Fifo.ensure() makes it once and finds it afterwards", () => {
  using dir = new TempDir();
  const path = dir.join("fifo");
  using made = Fifo.ensure(path, { mode: 0o640 });
  using found = Fifo.ensure(path, { mode: 0o666, temporary: true });
  assertEquals(modeOf(made.path), 0o640);
  found.close();
  assert(Deno.statSync(path).isFifo, "only who made it removes it");
});

Deno.test("Fifo.close() removes the name if it is temporary, once", () => {
  using dir = new TempDir();
  const path = dir.join("fifo");
  const fifo = Fifo.create(path, { temporary: true });
  fifo.close();
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  using other = Fifo.create(path);
  fifo.close();
  assert(Deno.statSync(other.path).isFifo);

  const gone = Fifo.create(dir.join("gone"), { temporary: true });
  gone.unlink();
  gone.close();
});

Deno.test("the open ends outlive the name", async () => {
  using dir = new TempDir();
  const fifo = Fifo.create(dir.join("fifo"), { temporary: true });
  using reader = await fifo.openReader();
  using writer = await fifo.openWriter();
  fifo.close();
  writer.writeSync(encoder.encode("ping"));
  assertEquals(await reader.read(new Uint8Array(8)), 4);
});

Deno.test("a FIFO's reader is ready at once and waits for the first writer", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  const p = new Uint8Array(8);
  assertEquals(reader.tryRead(p), undefined);
  assertThrows(
    () => reader.readSync(p, { timeout: 10 }),
    Deno.errors.TimedOut,
  );
  const reading = reader.read(p);
  using writer = await fifo.openWriter();
  assertEquals(reader.tryRead(p), undefined);
  writer.writeSync(encoder.encode("ping"));
  assertEquals(await reading, 4);
  writer.close();
  assertEquals(await reader.read(p), null);
});

Deno.test("a writer that came and went without a word is the end", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  const reading = reader.read(new Uint8Array(8));
  (await fifo.openWriter()).close();
  assertEquals(await reading, null);
  assertEquals(reader.readSync(new Uint8Array(8)), null);
});

Deno.test("the end comes after the data and when the last writer has gone", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  const one = await fifo.openWriter();
  const two = await fifo.openWriter();
  one.writeSync(encoder.encode("data"));
  one.close();
  const p = new Uint8Array(8);
  assertEquals(await reader.read(p), 4);
  assertEquals(reader.tryRead(p), undefined);
  two.close();
  assertEquals(await reader.read(p), null);
});

Deno.test("a reader that has come to the end goes on with the next writer", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  for (const text of ["one", "two"]) {
    using writer = await fifo.openWriter();
    writer.writeSync(encoder.encode(text));
    writer.close();
    const p = new Uint8Array(8);
    const count = await reader.read(p);
    assertEquals(decoder.decode(p.subarray(0, count!)), text);
    assertEquals(await reader.read(p), null);
  }
});

Deno.test("a persistent reader never comes to the end", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader({ persistent: true });
  const p = new Uint8Array(8);
  for (let i = 0; i < 3; i++) {
    (await fifo.openWriter()).close();
    assertEquals(reader.tryRead(p), undefined);
    const reading = reader.read(p);
    using writer = await fifo.openWriter();
    writer.writeSync(encoder.encode("ping"));
    writer.close();
    assertEquals(await reading, 4);
  }
  reader.close();
  assertEquals(
    descriptorsIn(dir.path),
    [],
    "its own writing end is closed too",
  );
});

Deno.test("Fifo.openWriter() waits for a reader", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  let opened = false;
  const opening = fifo.openWriter().then((writer) => {
    opened = true;
    return writer;
  });
  const signal = AbortSignal.timeout(20);
  await assertRejects(() => fifo.openWriter({ signal }));
  assertEquals(opened, false);
  using reader = await fifo.openReader();
  using writer = await opening;
  writer.writeSync(encoder.encode("ping"));
  assertEquals(await reader.read(new Uint8Array(8)), 4);
});

Deno.test("Fifo.openWriter() rejects with the reason of its signal", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  const opening = fifo.openWriter({ signal: controller.signal });
  controller.abort(reason);
  assertEquals(await opening.catch((error) => error), reason);
  const again = fifo.openWriter({ signal: controller.signal });
  assertEquals(await again.catch((error) => error), reason);
  await assertRejects(() => fifo.openReader({ signal: AbortSignal.abort() }));
});

Deno.test("Fifo.openWriter() rejects when the FIFO is closed or removed", async () => {
  using dir = new TempDir();
  const fifo = Fifo.create(dir.join("fifo"));
  const first = assertRejects(
    () => fifo.openWriter(),
    Deno.errors.BadResource,
    "closed",
  );
  fifo.close();
  await first;
  await assertRejects(() => fifo.openReader(), Deno.errors.BadResource);
  await assertRejects(() => fifo.openWriter(), Deno.errors.BadResource);
  assertThrows(() => fifo.openWriterSync(), Deno.errors.BadResource);

  const other = Fifo.open(fifo.path);
  const second = assertRejects(
    () => other.openWriter(),
    Deno.errors.NotFound,
    "no such FIFO",
  );
  other.unlink();
  await second;
});

Deno.test("Fifo.openWriterSync() gives up in time", () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  const begin = performance.now();
  assertThrows(
    () => fifo.openWriterSync({ timeout: 30 }),
    Deno.errors.TimedOut,
    "ETIMEDOUT",
  );
  assert(performance.now() - begin >= 29);
  using reader = fifo.openReaderSync();
  using writer = fifo.openWriterSync();
  writer.writeSync(encoder.encode("ping"));
  assertEquals(reader.readSync(new Uint8Array(8)), 4);
});

Deno.test("paths that cannot be are refused before the kernel sees them", () => {
  for (const use of [Fifo.create, Fifo.open, Fifo.ensure, Fifo.unlink]) {
    assertThrows(() => use(""), TypeError, "must not be empty");
    assertThrows(() => use("/tmp/a\0b"), TypeError, "NUL");
    assertThrows(() => use(5 as unknown as string), TypeError, "string");
    assertThrows(() => use(new URL("https://deno.com/")), TypeError);
  }
  for (const mode of [-1, 1.5, 0o10000, NaN]) {
    assertThrows(() => Fifo.create("/tmp/x", { mode }), RangeError, "mode");
  }
});

Deno.test("something else than a FIFO is a clear error", async () => {
  using dir = new TempDir();
  const file = dir.join("file");
  Deno.writeTextFileSync(file, "keep me");
  for (const use of [Fifo.open, Fifo.ensure, Fifo.unlink]) {
    const error = assertThrows(() => use(file), IpcError, "a regular file");
    assertEquals(error.code, "EINVAL");
    assertThrows(
      () => use(dir.path),
      Deno.errors.IsADirectory,
      "not a FIFO but a directory",
    );
  }
  const there = assertThrows(
    () => Fifo.create(file),
    Deno.errors.AlreadyExists,
  );
  assertEquals(there.message, `EEXIST: file exists, mkfifo '${file}'`);
  assertEquals(Deno.readTextFileSync(file), "keep me");

  using fifo = Fifo.create(dir.join("fifo"));
  fifo.unlink();
  Deno.writeTextFileSync(fifo.path, "");
  await assertRejects(() => fifo.openReader(), IpcError, "regular file");
  await assertRejects(() => fifo.openWriter(), IpcError, "regular file");
});

Deno.test("a path that leads nowhere is a clear error", () => {
  using dir = new TempDir();
  assertThrows(
    () => Fifo.create(dir.join("missing/fifo")),
    Deno.errors.NotFound,
    "its directory is missing",
  );
  assertThrows(
    () => Fifo.ensure(dir.join("missing/fifo")),
    Deno.errors.NotFound,
  );
  Deno.writeTextFileSync(dir.join("file"), "");
  assertThrows(
    () => Fifo.create(dir.join("file/fifo")),
    Deno.errors.NotADirectory,
  );
  Deno.symlinkSync(dir.join("nowhere"), dir.join("link"));
  assertThrows(() => Fifo.ensure(dir.join("link")), Deno.errors.NotFound);
  const long = assertThrows(
    () => Fifo.create(dir.join("x".repeat(300))),
    IpcError,
  );
  assertEquals(long.code, "ENAMETOOLONG");
});

Deno.test("a temporary FIFO is removed only if it is still the one", () => {
  using directory = new TempDir();
  const path = directory.join("fifo");
  const fifo = Fifo.create(path, { temporary: true });
  fifo.unlink();
  using others = Fifo.create(path);
  fifo.close();
  assertEquals(Deno.statSync(path).isFifo, true);
  const gone = Fifo.create(directory.join("gone"), { temporary: true });
  gone.unlink();
  Deno.writeTextFileSync(gone.path, "not ours");
  gone.close();
  assertEquals(Deno.readTextFileSync(gone.path), "not ours");
  others.unlink();
});

Deno.test("a path that UTF-8 cannot encode is refused", () => {
  using directory = new TempDir();
  const path = directory.join("half a pair: \ud800");
  for (const use of ["create", "open", "ensure", "unlink"] as const) {
    assertThrows(() => Fifo[use](path), TypeError, "UTF-8");
  }
});
