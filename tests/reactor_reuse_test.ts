/** Descriptors that are closed behind the reactor's back, as anyone may do. */

import { assertEquals, assertLessOrEqual } from "@std/assert";
import { readable } from "@ipc/core/mux";
import { PipeReader } from "@ipc/core/pipe";
import { READ } from "../mux/_backend.ts";
import { BarePair } from "./_util/descriptors.ts";
import { denoArgs, run } from "./_util/peers.ts";
import { epolls } from "./_util/reactors.ts";
import { testReactor, wait } from "./_util/waits.ts";

const LINUX = Deno.build.os === "linux";

Deno.test("a pipe is waited for although its number was a stranger's before", async () => {
  using stranger = BarePair.pipe();
  using pipe = BarePair.pipe();
  stranger.writer.write();
  await readable(stranger.reader);
  const reused = stranger.reader.replaceBy(pipe.reader);
  using reader = PipeReader.fromFd(reused.release());
  const reading = reader.read(new Uint8Array(8), {
    signal: AbortSignal.timeout(10_000),
  });
  pipe.writer.write();
  assertEquals(await reading, 1);
});

Deno.test(
  "a pipe is waited for although its number was that of one never closed",
  {
    ignore: !LINUX,
  },
  async () => {
    const [command, ...args] = denoArgs(`
    import { Pipe } from "@ipc/core/pipe";
    async function lose() {
      const { reader, writer } = Pipe.open();
      setTimeout(() => writer.writeSync(new Uint8Array(1)), 1);
      await reader.read(new Uint8Array(1));
      return reader.fd;
    }
    const lost = await lose();
    let found;
    const others = [];
    while (found === undefined) {
      gc(); // and so the kernel gets the number back
      await new Promise((done) => setTimeout(done, 1));
      const pipe = Pipe.open();
      others.push(pipe);
      if (pipe.reader.fd === lost) found = pipe;
    }
    setTimeout(() => found.writer.writeSync(new Uint8Array(3)), 1);
    const signal = AbortSignal.timeout(10_000);
    console.log(await found.reader.read(new Uint8Array(8), { signal }));
  `);
    const { stdout, stderr } = await run(Deno.execPath(), [
      command,
      "--v8-flags=--expose-gc",
      ...args,
    ]);
    assertEquals(stdout.trim(), "3", stderr);
  },
);

for (const epoll of epolls) {
  testReactor(
    epoll,
    "rests although a closed descriptor has a copy",
    async (reactor) => {
      using idle = BarePair.pipe();
      using pipe = BarePair.pipe();
      // A child that inherited it has such a copy.
      using _copy = pipe.reader.duplicate();
      pipe.writer.write();
      await wait(reactor, pipe.reader.fd, READ).done;
      pipe.reader.close();
      const idling = wait(reactor, idle.reader.fd, READ);
      const before = epoll.waits();
      // Not for anything to come: for waits to be begun in vain, should they be.
      await new Promise((done) => setTimeout(done, 50));
      assertLessOrEqual(epoll.waits() - before, 1);
      idle.writer.write();
      await idling.done;
    },
  );
}
