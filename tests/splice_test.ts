import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Fifo } from "@ipc/core/fifo";
import { IpcError, Pipe, PipeReader, splice, tee } from "@ipc/core/pipe";
import { readable } from "@ipc/core/mux";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { readersHaveGone } from "./_util/hang_up.ts";
import { Deadline } from "./_util/peer.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const options = { ignore: !LINUX };

Deno.test(
  "splice() moves bytes between pipes, up to the end",
  options,
  async () => {
    using from = Pipe.open();
    using to = Pipe.open();
    const data = crypto.getRandomValues(new Uint8Array(50_000));
    await from.writer.writeAll(data);
    from.writer.close();
    const arriving = new Response(to.reader.readable).bytes();
    let moved = 0;
    for (let n; (n = await splice(from.reader, to.writer, 7_000)) > 0;) {
      assert(n <= 7_000);
      moved += n;
    }
    assertEquals(moved, data.length);
    to.writer.close();
    assertEquals(await arriving, data);
  },
);

Deno.test("splice() takes a file on either side", options, async () => {
  using dir = new TempDir();
  using pipe = Pipe.open();
  Deno.writeTextFileSync(dir.join("from"), "some text");
  using file = PipeReader.fromFd(openFile(dir.join("from"), O_RDONLY));
  assertEquals(await splice(file, pipe.writer, 100), 9);
  assertEquals(await splice(file, pipe.writer, 100), 0);
  const p = new Uint8Array(16);
  assertEquals(await pipe.reader.read(p), 9);
  assertEquals(new TextDecoder().decode(p.subarray(0, 9)), "some text");
});

Deno.test("splice() waits for bytes, then for room", options, async () => {
  using from = Pipe.open();
  using to = Pipe.open({ capacity: 4096 });
  const first = splice(from.reader, to.writer, 10);
  from.writer.writeSync(new Uint8Array(4));
  assertEquals(await first, 4);
  to.reader.readSync(new Uint8Array(4));

  while (to.writer.tryWrite(new Uint8Array(4096)) !== undefined);
  from.writer.writeSync(new Uint8Array(6));
  const second = splice(from.reader, to.writer, 10);
  to.reader.readSync(new Uint8Array(8192));
  assertEquals(await second, 6);
});

Deno.test("splice() that is aborted moves nothing", options, async () => {
  using from = Pipe.open();
  using to = Pipe.open();
  const controller = new AbortController();
  const moving = splice(from.reader, to.writer, 10, controller);
  from.writer.writeSync(new Uint8Array(6));
  controller.abort(new Error("enough"));
  await assertRejects(() => moving, Error, "enough");
  assertEquals([from.reader.available, to.reader.available], [6, 0]);
  await assertRejects(() => splice(from.reader, to.writer, 10, controller));
});

Deno.test(
  "splice() rejects when an end is closed meanwhile or gone",
  options,
  async () => {
    using from = Pipe.open();
    using to = Pipe.open();
    const closing = assertRejects(
      () => splice(from.reader, to.writer, 10),
      Deno.errors.BadResource,
    );
    from.reader.close();
    await closing;
    using deadline = new Deadline();
    using empty = Pipe.open();
    using unused = Pipe.open();
    const waiting = assertRejects(
      () => splice(empty.reader, unused.writer, 10, deadline),
      Deno.errors.BadResource,
    );
    unused.writer.close();
    await waiting;
    using other = Pipe.open();
    other.writer.writeSync(new Uint8Array(1));
    to.reader.close();
    await readersHaveGone(to.writer);
    await assertRejects(
      () => splice(other.reader, to.writer, 10),
      Deno.errors.BrokenPipe,
    );
  },
);

Deno.test(
  "tee() copies without taking, and says when it would block",
  options,
  async () => {
    using from = Pipe.open();
    using to = Pipe.open();
    assertThrows(
      () => tee(from.reader, to.writer, 10),
      Deno.errors.WouldBlock,
      "EAGAIN",
    );
    await from.writer.writeAll(new Uint8Array([1, 2, 3]));
    assertEquals(tee(from.reader, to.writer, 2), 2);
    assertEquals(tee(from.reader, to.writer, 10), 3);
    assertEquals([from.reader.available, to.reader.available], [3, 5]);
    from.writer.close();
    from.reader.readSync(new Uint8Array(3));
    await readable(from.reader);
    assertEquals(tee(from.reader, to.writer, 10), 0);
  },
);

Deno.test(
  "a FIFO without a writer yet is not at its end",
  options,
  async () => {
    using dir = new TempDir();
    using fifo = Fifo.create(dir.join("fifo"));
    using from = fifo.openReaderSync();
    using to = Pipe.open();
    assertThrows(() => tee(from, to.writer, 10), Deno.errors.WouldBlock);
    const moving = splice(from, to.writer, 10);
    const writer = fifo.openWriterSync();
    writer.writeSync(new Uint8Array(3));
    assertEquals(await moving, 3);
    writer.close();
    assertEquals(tee(from, to.writer, 10), 0);
    assertEquals(await splice(from, to.writer, 10), 0);
  },
);

Deno.test(
  "splice() and tee() refuse what makes no sense",
  options,
  async () => {
    using pipe = Pipe.open();
    for (const length of [-1, 1.5, NaN]) {
      assertThrows(() => tee(pipe.reader, pipe.writer, length), RangeError);
      await assertRejects(
        () => splice(pipe.reader, pipe.writer, length),
        RangeError,
        "length",
      );
    }
    assertThrows(() => tee(-1, pipe.writer, 1), RangeError, "descriptor");
    const same = assertThrows(() => tee(pipe.reader, pipe.writer, 1), IpcError);
    assertEquals(same.code, "EINVAL");
    pipe.reader.close();
    assertThrows(
      () => tee(pipe.reader, pipe.writer, 1),
      Deno.errors.BadResource,
    );
  },
);

Deno.test("splice() and tee() say that macOS has neither", {
  ignore: LINUX,
}, async () => {
  using pipe = Pipe.open();
  const { NotSupported } = Deno.errors;
  assertThrows(() => tee(pipe.reader, pipe.writer, 1), NotSupported, "tee");
  await assertRejects(() => splice(pipe.reader, pipe.writer, 1), NotSupported);
});
