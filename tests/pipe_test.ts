import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  IpcError,
  Pipe,
  PipeReader,
  PipeWriter,
  type SystemErrorFields,
} from "@ipc/core/pipe";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { sliceIsOver } from "../_internal/slice.ts";
import { readersHaveGone } from "./_util/hang_up.ts";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { denoArgs, run, runDeno } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

Deno.test("Pipe carries bytes in order in all three voices", async () => {
  using pipe = Pipe.open();
  const p = new Uint8Array(16);
  assertEquals(pipe.writer.tryWrite(encoder.encode("try ")), 4);
  assertEquals(pipe.writer.writeSync(encoder.encode("sync ")), 5);
  assertEquals(await pipe.writer.write(encoder.encode("async")), 5);
  assertEquals(pipe.reader.available, 14);
  assertEquals(pipe.reader.tryRead(p.subarray(0, 4)), 4);
  assertEquals(pipe.reader.readSync(p.subarray(4, 9)), 5);
  assertEquals(await pipe.reader.read(p.subarray(9)), 5);
  assertEquals(decoder.decode(p.subarray(0, 14)), "try sync async");
});

Deno.test("PipeReader reads into and PipeWriter writes from a part of a buffer", () => {
  using pipe = Pipe.open();
  const from = new Uint8Array([1, 2, 3, 4, 5]);
  const into = new Uint8Array(5);
  pipe.writer.writeSync(from.subarray(1, 3));
  assertEquals(pipe.reader.readSync(into.subarray(2, 5)), 2);
  assertEquals(into, new Uint8Array([0, 0, 2, 3, 0]));
});

Deno.test("an empty buffer is read and written at once", async () => {
  using pipe = Pipe.open();
  const empty = new Uint8Array(0);
  assertEquals(pipe.reader.tryRead(empty), 0);
  assertEquals(pipe.reader.readSync(empty), 0);
  assertEquals(await pipe.reader.read(empty), 0);
  assertEquals(pipe.writer.tryWrite(empty), 0);
  await pipe.writer.writeAll(empty);
  assertEquals(pipe.reader.available, 0);
});

Deno.test("PipeReader answers null at the end, again and again, in all voices", async () => {
  using pipe = Pipe.open();
  pipe.writer.writeSync(encoder.encode("last"));
  pipe.writer.close();
  const p = new Uint8Array(16);
  assertEquals(await pipe.reader.read(p), 4);
  assertEquals(await pipe.reader.read(p), null);
  assertEquals(pipe.reader.readSync(p), null);
  assertEquals(pipe.reader.tryRead(p), null);
});

Deno.test("PipeReader.tryRead() and PipeWriter.tryWrite() say when they would block", () => {
  using pipe = Pipe.open();
  assertEquals(pipe.reader.tryRead(new Uint8Array(1)), undefined);
  const block = new Uint8Array(4096);
  let written = 0;
  for (let n; (n = pipe.writer.tryWrite(block)) !== undefined;) written += n;
  assertEquals(written, pipe.reader.available);
  assert(written > 0);
});

Deno.test("a reader that is gone gives the writer BrokenPipe in all voices", async () => {
  using pipe = Pipe.open();
  pipe.reader.close();
  await readersHaveGone(pipe.writer);
  const p = new Uint8Array(1);
  assertThrows(() => pipe.writer.tryWrite(p), Deno.errors.BrokenPipe, "EPIPE");
  assertThrows(() => pipe.writer.writeSync(p), Deno.errors.BrokenPipe);
  await assertRejects(() => pipe.writer.write(p), Deno.errors.BrokenPipe);
  await assertRejects(() => pipe.writer.writeAll(p), Deno.errors.BrokenPipe);
});

Deno.test("a reader that goes while the writer waits gives it BrokenPipe", async () => {
  using pipe = Pipe.open();
  const writing = pipe.writer.writeAll(new Uint8Array(1_000_000));
  const rejection = assertRejects(() => writing, Deno.errors.BrokenPipe);
  pipe.reader.close();
  await rejection;
});

Deno.test("reads that are pending are served in the order of their calls", async () => {
  using pipe = Pipe.open();
  const buffers = Array.from({ length: 20 }, () => new Uint8Array(1));
  const reads = buffers.map((buffer) => pipe.reader.read(buffer));
  await pipe.writer.writeAll(Uint8Array.from(buffers.keys()));
  await Promise.all(reads);
  assertEquals(buffers.map(([byte]) => byte), [...buffers.keys()]);
});

Deno.test("writes that are pending do not come between each other's parts", async () => {
  using pipe = Pipe.open();
  const size = 300_000;
  const writes = [1, 2, 3].map((byte) =>
    pipe.writer.writeAll(new Uint8Array(size).fill(byte))
  );
  Promise.all(writes).then(() => pipe.writer.close());
  const all = new Uint8Array(await new Response(pipe.reader.readable).bytes());
  assertEquals(all.length, 3 * size);
  for (const [i, byte] of [1, 2, 3].entries()) {
    assert(all.subarray(i * size, (i + 1) * size).every((b) => b === byte));
  }
});

Deno.test("nobody overtakes a wait that is pending", async () => {
  using pipe = Pipe.open();
  const reading = pipe.reader.read(new Uint8Array(1));
  pipe.writer.writeSync(new Uint8Array(2));
  assertEquals(pipe.reader.tryRead(new Uint8Array(1)), undefined);
  const busy = assertThrows(
    () => pipe.reader.readSync(new Uint8Array(1)),
    Deno.errors.Busy,
    "an asynchronous read is pending",
  );
  const { code, syscall } = busy as Deno.errors.Busy & SystemErrorFields;
  assertEquals([code, syscall], ["EBUSY", "read"]);
  assertEquals(await reading, 1);
  assertEquals(pipe.reader.tryRead(new Uint8Array(1)), 1);
});

Deno.test("sync waits throw TimedOut in time and take nothing", () => {
  using pipe = Pipe.open();
  const p = new Uint8Array(100);
  const begin = performance.now();
  const error = assertThrows(
    () => pipe.reader.readSync(p, { timeout: 30 }),
    Deno.errors.TimedOut,
  );
  assert(performance.now() - begin >= 29);
  assertEquals((error as Error & { code: string }).code, "ETIMEDOUT");
  assertThrows(
    () => pipe.reader.readSync(p, { timeout: 0 }),
    Deno.errors.TimedOut,
  );
  let sent = 0;
  assertThrows(
    () =>
      pipe.writer.writeAllSync(new Uint8Array(1_000_000), {
        timeout: 30,
        onProgress: (written) => sent = written,
      }),
    Deno.errors.TimedOut,
  );
  assertEquals(sent, pipe.reader.available);
});

Deno.test("closing an end rejects its pending waits with BadResource", async () => {
  const pipe = Pipe.open();
  const reads = [1, 2, 3].map(() => pipe.reader.read(new Uint8Array(1)));
  const write = pipe.writer.writeAll(new Uint8Array(1_000_000));
  const settled = Promise.allSettled([...reads, write]);
  pipe.close();
  for (const result of await settled) {
    assertEquals(result.status, "rejected");
    const { reason } = result as PromiseRejectedResult;
    assertInstanceOf(reason, Error);
    // The writer may learn first that its reader has gone.
    assert(
      reason instanceof Deno.errors.BadResource ||
        reason instanceof Deno.errors.BrokenPipe,
    );
  }
});

Deno.test("a closed end throws BadResource whatever is asked of it", async () => {
  const pipe = Pipe.open();
  const { reader, writer } = pipe;
  pipe.close();
  pipe.close();
  reader[Symbol.dispose]();
  const p = new Uint8Array(1);
  const { BadResource } = Deno.errors;
  assertThrows(() => reader.fd, BadResource, "closed");
  assertThrows(() => reader.tryRead(p), BadResource);
  assertThrows(() => reader.readSync(p), BadResource);
  await assertRejects(() => reader.read(p), BadResource);
  assertThrows(() => reader.available, BadResource);
  assertThrows(() => writer.fd, BadResource);
  assertThrows(() => writer.tryWrite(p), BadResource);
  assertThrows(() => writer.writeSync(p), BadResource);
  await assertRejects(() => writer.write(p), BadResource);
  await assertRejects(() => writer.writeAll(p), BadResource);
  const nothing = new Uint8Array(0);
  await assertRejects(() => writer.writeAll(nothing), BadResource);
  while (!sliceIsOver());
  await assertRejects(() => writer.writeAll(nothing), BadResource);
});

Deno.test("both ends are close-on-exec and do not block", {
  ignore: !LINUX,
}, () => {
  using pipe = Pipe.open();
  for (const { fd } of [pipe.reader, pipe.writer]) {
    const info = Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`);
    const flags = parseInt(info.match(/flags:\s*(\d+)/)![1], 8);
    assertEquals(flags & 0o2004000, 0o2004000, "O_CLOEXEC | O_NONBLOCK");
  }
});

Deno.test("Pipe keeps packets apart", { ignore: !LINUX }, async () => {
  using pipe = Pipe.open({ packets: true });
  pipe.writer.writeSync(encoder.encode("one"));
  pipe.writer.writeSync(encoder.encode("two"));
  const p = new Uint8Array(16);
  assertEquals(await pipe.reader.read(p), 3);
  // What does not fit is lost: that is what a packet means.
  assertEquals(pipe.reader.readSync(p.subarray(0, 1)), 1);
  assertEquals(pipe.reader.tryRead(p), undefined);
});

Deno.test("the capacity is read and set from both ends", {
  ignore: !LINUX,
}, () => {
  using pipe = Pipe.open({ capacity: 5000 });
  assertEquals(pipe.reader.capacity, 8192);
  pipe.writer.capacity = 1 << 20;
  assertEquals(pipe.reader.capacity, 1 << 20);
  pipe.writer.writeSync(new Uint8Array(100_000));
  assertThrows(
    () => pipe.reader.capacity = 4096,
    Deno.errors.Busy,
    "more than that is in the pipe",
  );
});

Deno.test("what Linux alone has says so elsewhere", { ignore: LINUX }, () => {
  const { NotSupported } = Deno.errors;
  assertThrows(() => Pipe.open({ packets: true }), NotSupported, "darwin");
  assertThrows(() => Pipe.open({ capacity: 4096 }), NotSupported, "darwin");
});

Deno.test("a capacity that this user may not have is refused, and says why", {
  ignore: !LINUX || Deno.uid() !== 0,
}, async () => {
  const output = await runDeno(`
    import { Pipe } from "@ipc/core/pipe";
    const most = Number(Deno.readTextFileSync("/proc/sys/fs/pipe-max-size"));
    ${BECOME_NOBODY}
    try {
      Pipe.open({ capacity: most + 1 });
    } catch (error) {
      console.log(error.name, error.message);
    }
  `);
  assertMatch(output, /^PermissionDenied EPERM: .*pipe-max-size and .*-soft$/);
});

Deno.test("Pipe.open() refuses a capacity that is no size", {
  ignore: !LINUX,
}, () => {
  for (const capacity of [0, -1, 1.5, NaN, Infinity, 2 ** 31 + 1]) {
    assertThrows(() => Pipe.open({ capacity }), RangeError, String(capacity));
  }
  assertThrows(
    () => Pipe.open({ capacity: "4096" as unknown as number }),
    TypeError,
  );
});

Deno.test("buffers and timeouts of the wrong kind are refused", async () => {
  using pipe = Pipe.open();
  const wrong = "text" as unknown as Uint8Array;
  assertThrows(() => pipe.reader.tryRead(wrong), TypeError, "Uint8Array");
  assertThrows(() => pipe.writer.writeSync(wrong), TypeError);
  await assertRejects(() => pipe.reader.read(wrong), TypeError);
  await assertRejects(() => pipe.writer.writeAll(wrong), TypeError);
  for (const timeout of [-1, NaN]) {
    assertThrows(
      () => pipe.reader.readSync(new Uint8Array(1), { timeout }),
      RangeError,
      "timeout",
    );
  }
  for (const timeout of [-1, NaN, "5", null] as number[]) {
    for (const verb of ["writeSync", "writeAllSync"] as const) {
      const write = () => pipe.writer[verb](new Uint8Array(1), { timeout });
      const Class = typeof timeout === "number" ? RangeError : TypeError;
      assertThrows(write, Class, "timeout");
    }
  }
  assertEquals(pipe.reader.available, 0);
});

Deno.test("fromFd() takes over a descriptor and closes it", async () => {
  using pipe = Pipe.open();
  assertThrows(
    () => PipeReader.fromFd(pipe.reader.fd),
    Deno.errors.Busy,
    "belongs to an open object",
  );
  const fd = openFile(`/dev/fd/${pipe.reader.fd}`, O_RDONLY);
  const reader = PipeReader.fromFd(fd);
  pipe.writer.writeSync(encoder.encode("ping"));
  assertEquals(await reader.read(new Uint8Array(8)), 4);
  pipe.reader.close();
  assertEquals(pipe.writer.writeSync(encoder.encode("ping")), 4);
  reader.close();
  await readersHaveGone(pipe.writer);
});

Deno.test("fromFd() refuses what it cannot use", () => {
  for (const fd of [-1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => PipeReader.fromFd(fd), RangeError, "descriptor");
    assertThrows(() => PipeWriter.fromFd(fd), RangeError);
  }
  assertThrows(
    () => PipeReader.fromFd(99_999),
    Deno.errors.BadResource,
    "EBADF",
  );
  const readOnly = openFile("/dev/null", O_RDONLY);
  assertThrows(
    () => PipeWriter.fromFd(readOnly),
    Deno.errors.BadResource,
    "not open to write",
  );
  PipeReader.fromFd(readOnly).close();
});

Deno.test("too many open files is an IpcError that says so", {
  ignore: !LINUX,
}, async () => {
  const script = `
    import { IpcError, Pipe } from "@ipc/core/pipe";
    const pipes = [];
    try {
      for (;;) pipes.push(Pipe.open());
    } catch (error) {
      for (const pipe of pipes) pipe.close();
      console.log(error instanceof IpcError, error.message, pipes.length > 10);
    }`;
  const args = denoArgs(script).map((arg) => `'${arg}'`).join(" ");
  const { stdout, stderr } = await run("sh", [
    "-c",
    `ulimit -n 200; exec ${Deno.execPath()} ${args}`,
  ]);
  assertEquals(
    [stdout, stderr],
    ["true EMFILE: too many open files, pipe2 true\n", ""],
  );
});

Deno.test("IpcError carries code, errno and syscall", () => {
  const error = new IpcError("ENOSTR: text, read", {
    code: "ENOSTR",
    errno: 60,
    syscall: "read",
  });
  assertEquals(error.name, "IpcError");
  assertEquals([error.code, error.errno, error.syscall], [
    "ENOSTR",
    60,
    "read",
  ]);
});
