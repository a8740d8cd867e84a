/** A second descriptor of the same thing, for somebody else to own. */

import { assertEquals, assertThrows } from "@std/assert";
import { EventFd } from "@ipc/core/event";
import { duplicate, Pipe, PipeReader, PipeWriter } from "@ipc/core/pipe";

const ignore = Deno.build.os !== "linux";

Deno.test("duplicate() makes a descriptor that is closed by itself", async () => {
  using pipe = Pipe.open();
  const number = duplicate(pipe.writer);
  pipe.writer.close();
  using writer = PipeWriter.fromFd(number);
  await writer.write(new Uint8Array(3));
  writer.close();
  const p = new Uint8Array(8);
  assertEquals(await pipe.reader.read(p), 3);
  assertEquals(await pipe.reader.read(p), null);
});

Deno.test("duplicate() takes numbers, and none that are not open", () => {
  using pipe = Pipe.open();
  PipeReader.fromFd(duplicate(pipe.reader.fd)).close();
  const writer = PipeWriter.fromFd(duplicate(pipe.writer));
  writer.close();
  assertThrows(() => duplicate(writer), Deno.errors.BadResource);
  assertThrows(() => duplicate(1_000_000), Deno.errors.BadResource, "EBADF");
  assertThrows(() => duplicate(-1), RangeError);
});

Deno.test("a Worker can be given a counter of its own", {
  ignore,
}, async () => {
  using bell = EventFd.create();
  const source = `
    import { EventFd } from "${import.meta.resolve("@ipc/core/event")}";
    self.onmessage = ({ data }) => {
      {
        using button = EventFd.fromFd(data);
        button.signal();
      }
      self.postMessage("closed");
    };
  `;
  const url = URL.createObjectURL(
    new Blob([source], { type: "application/typescript" }),
  );
  const worker = new Worker(url, { type: "module" });
  const closed = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage(duplicate(bell));
  await closed;
  worker.terminate();
  URL.revokeObjectURL(url);
  assertEquals(bell.tryWait(), 1n);
});
