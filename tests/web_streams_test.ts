/** The Web Streams of pipes: back-pressure, ends and cancellation. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Pipe, PipeReader } from "@ipc/core/pipe";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { TempDir } from "./_util/temp.ts";

Deno.test("readable takes nothing from the pipe before it is asked to", async () => {
  using pipe = Pipe.open();
  pipe.writer.writeSync(new Uint8Array(100));
  const { readable } = pipe.reader;
  assertEquals(readable, pipe.reader.readable, "there is one");
  await new Promise((done) => setTimeout(done));
  assertEquals(pipe.reader.available, 100);
  const { value } = await readable.getReader().read();
  assertEquals(value!.length, 100);
});

Deno.test("readable fills a reader's own buffer, up to the end", async () => {
  using pipe = Pipe.open();
  const reader = pipe.reader.readable.getReader({ mode: "byob" });
  const reading = reader.read(new Uint8Array(4));
  pipe.writer.writeSync(new Uint8Array([1, 2, 3, 4, 5, 6]));
  assertEquals((await reading).value, new Uint8Array([1, 2, 3, 4]));
  const { value } = await reader.read(new Uint8Array(4));
  assertEquals(value, new Uint8Array([5, 6]));
  const last = reader.read(new Uint8Array(4));
  pipe.writer.close();
  assertEquals((await last).done, true);
});

Deno.test("cancelling readable closes the reader, also while it waits", async () => {
  for (const waits of [false, true]) {
    using pipe = Pipe.open();
    const stream = pipe.reader.readable.getReader();
    const reading = waits ? stream.read() : undefined;
    await stream.cancel();
    assertEquals((await reading)?.done, waits ? true : undefined);
    await assertRejects(
      () => pipe.writer.writeAll(new Uint8Array(1_000_000)),
      Deno.errors.BrokenPipe,
    );
  }
});

Deno.test("closing the reader errors the stream that waits", async () => {
  using pipe = Pipe.open();
  const reading = pipe.reader.readable.getReader().read();
  const rejected = assertRejects(() => reading, Deno.errors.BadResource);
  pipe.reader.close();
  await rejected;
});

Deno.test("writable takes a chunk when there is room for it", async () => {
  using pipe = Pipe.open();
  const writer = pipe.writer.writable.getWriter();
  const chunk = new Uint8Array(100_000);
  const writes = [writer.write(chunk), writer.write(chunk)];
  let over = false;
  writes[1].then(() => over = true);
  await new Promise((done) => setTimeout(done));
  assert(!over && writer.desiredSize! < 1, "back-pressure");
  const reading = new Response(pipe.reader.readable).bytes();
  await Promise.all(writes);
  await writer.close();
  assertEquals((await reading).length, 200_000);
});

Deno.test("writable's abort closes the writer, and so does its close", async () => {
  for (const verb of ["abort", "close"] as const) {
    using pipe = Pipe.open();
    const writer = pipe.writer.writable.getWriter();
    await writer.write(new Uint8Array(3));
    await writer[verb]();
    assertEquals((await new Response(pipe.reader.readable).bytes()).length, 3);
  }
});

Deno.test("writable's abort ends a write that waits for room", async () => {
  using pipe = Pipe.open();
  const writer = pipe.writer.writable.getWriter();
  const reason = new Error("enough");
  const closed = assertRejects(() => writer.closed, Error, "enough");
  const writing = assertRejects(
    () => writer.write(new Uint8Array(1_000_000)),
    Error,
    "enough",
  );
  await writer.abort(reason);
  await Promise.all([writing, closed]);
  const length = pipe.reader.available;
  assertEquals(
    (await new Response(pipe.reader.readable).bytes()).length,
    length,
  );
});

Deno.test("writable errors when nobody reads any more", async () => {
  using pipe = Pipe.open();
  const writer = pipe.writer.writable.getWriter();
  const closed = assertRejects(() => writer.closed, Deno.errors.BrokenPipe);
  const writing = assertRejects(
    () => writer.write(new Uint8Array(1_000_000)),
    Deno.errors.BrokenPipe,
  );
  pipe.reader.close();
  await writing;
  await closed;
});

Deno.test("a write that fails closes the writer", async () => {
  const nonsense = "text" as unknown as Uint8Array;
  for (const chunk of [new Uint8Array(3), nonsense]) {
    using pipe = Pipe.open();
    pipe.reader.close();
    const source = ReadableStream.from([chunk]);
    await assertRejects(() => source.pipeTo(pipe.writer.writable));
    assertThrows(() => pipe.writer.fd, Deno.errors.BadResource);
  }
});

Deno.test("a read that fails closes the reader", async () => {
  using dir = new TempDir();
  // A directory can be opened, but not read.
  using reader = PipeReader.fromFd(openFile(dir.path, O_RDONLY));
  await assertRejects(
    () => reader.readable.getReader().read(),
    Deno.errors.IsADirectory,
  );
  assertThrows(() => reader.fd, Deno.errors.BadResource);
});
