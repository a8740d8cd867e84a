/** What every reactor reports, whichever backend it has. */

import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { READ, WRITE } from "../mux/_backend.ts";
import { Bare, BarePair } from "./_util/descriptors.ts";
import { reactors } from "./_util/reactors.ts";
import { TempDir } from "./_util/temp.ts";
import { isOver, settled, testReactor, wait } from "./_util/waits.ts";

for (const each of reactors) {
  testReactor(
    each,
    "wakes who waits to read when something comes",
    async (reactor) => {
      using pipe = BarePair.pipe();
      const reading = wait(reactor, pipe.reader.fd, READ);
      assertEquals(await isOver(reading, reactor), false);
      pipe.writer.write();
      await reading.done;
    },
  );

  testReactor(
    each,
    "wakes who waits to write when there is room",
    async (reactor) => {
      using pipe = BarePair.pipe();
      pipe.writer.fill();
      const writing = wait(reactor, pipe.writer.fd, WRITE);
      assertEquals(await isOver(writing, reactor), false);
      pipe.reader.drain();
      await writing.done;
    },
  );

  testReactor(
    each,
    "reports what was there before the wait",
    async (reactor) => {
      using pipe = BarePair.pipe();
      await wait(reactor, pipe.writer.fd, WRITE).done;
      pipe.writer.write();
      await wait(reactor, pipe.reader.fd, READ).done;
    },
  );

  testReactor(
    each,
    "reports the same again as long as it is there",
    async (reactor) => {
      using pipe = BarePair.pipe();
      pipe.writer.write();
      for (let i = 0; i < 3; i++) {
        await wait(reactor, pipe.reader.fd, READ).done;
      }
      pipe.reader.drain();
      const reading = wait(reactor, pipe.reader.fd, READ);
      assertEquals(await isOver(reading, reactor), false);
      reading.cancel();
    },
  );

  testReactor(
    each,
    "never calls back before watch() has returned",
    async (reactor) => {
      using directory = new TempDir();
      using file = textFile(directory.join("file"));
      using pipe = BarePair.pipe();
      pipe.writer.write();
      for (const { fd } of [pipe.reader, file]) {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        let returned = false;
        reactor.watch(fd, READ, () => resolve(returned));
        returned = true;
        assertEquals(await promise, true);
      }
    },
  );

  testReactor(
    each,
    "wakes only who waits to write when there is room",
    async (reactor) => {
      using sockets = BarePair.sockets();
      const { reader: here, writer: there } = sockets;
      here.fill();
      const writing = wait(reactor, here.fd, WRITE);
      const reading = wait(reactor, here.fd, READ);
      there.drain();
      await writing.done;
      assertEquals(await isOver(reading, reactor), false);
      there.write();
      await reading.done;
    },
  );

  testReactor(
    each,
    "wakes only who waits to read when something comes",
    async (reactor) => {
      using sockets = BarePair.sockets();
      const { reader: here, writer: there } = sockets;
      here.fill();
      const reading = wait(reactor, here.fd, READ);
      const writing = wait(reactor, here.fd, WRITE);
      there.write();
      await reading.done;
      assertEquals(await isOver(writing, reactor), false);
      there.drain();
      await writing.done;
    },
  );

  testReactor(
    each,
    "wakes only who waits to read when no more will come",
    async (reactor) => {
      using sockets = BarePair.sockets();
      const { reader: here, writer: there } = sockets;
      here.fill();
      const reading = wait(reactor, here.fd, READ);
      const writing = wait(reactor, here.fd, WRITE);
      there.endWriting();
      await reading.done;
      assertEquals(await isOver(writing, reactor), false);
      there.drain();
      await writing.done;
    },
  );

  testReactor(each, "rests while nothing comes", async (reactor) => {
    using sockets = BarePair.sockets();
    const { reader: here, writer: there } = sockets;
    const reading = wait(reactor, here.fd, READ);
    await wait(reactor, here.fd, WRITE).done;
    wait(reactor, here.fd, WRITE).cancel();
    await settled(reactor);
    const before = each.waits();
    // Not for anything to come: for waits to be begun in vain, should they be.
    await new Promise((done) => setTimeout(done, 50));
    assertLessOrEqual(each.waits() - before, 1);
    there.write();
    await reading.done;
  });

  testReactor(each, "wakes all who wait for the same", async (reactor) => {
    using pipe = BarePair.pipe();
    const waits = [1, 2, 3].map(() => wait(reactor, pipe.reader.fd, READ));
    pipe.writer.write();
    await Promise.all(waits.map(({ done }) => done));
  });

  testReactor(
    each,
    "wakes 200 at once, each with a pipe of its own",
    async (reactor) => {
      using pipes = new DisposableStack();
      const all = Array.from({ length: 200 }, () => pipes.use(BarePair.pipe()));
      const waits = all.map(({ reader }) => wait(reactor, reader.fd, READ));
      for (const { writer } of all) writer.write();
      await Promise.all(waits.map(({ done }) => done));
    },
  );

  testReactor(each, "takes new waits while it calls back", async (reactor) => {
    using pipe = BarePair.pipe();
    pipe.writer.write();
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = 10;
    function again(): void {
      if (left-- === 0) resolve();
      else reactor.watch(pipe.reader.fd, READ, again);
    }
    again();
    await promise;
  });

  testReactor(
    each,
    "wakes who waits to read when the writer closes",
    async (reactor) => {
      using pipe = BarePair.pipe();
      const reading = wait(reactor, pipe.reader.fd, READ);
      assertEquals(await isOver(reading, reactor), false);
      pipe.writer.close();
      await reading.done;
    },
  );

  testReactor(
    each,
    "wakes who waits to write when the reader closes",
    async (reactor) => {
      using pipe = BarePair.pipe();
      pipe.writer.fill();
      const writing = wait(reactor, pipe.writer.fd, WRITE);
      assertEquals(await isOver(writing, reactor), false);
      pipe.reader.close();
      await writing.done;
    },
  );

  testReactor(
    each,
    "reports a hang-up that came before the wait",
    async (reactor) => {
      using ended = BarePair.pipe();
      ended.writer.close();
      await wait(reactor, ended.reader.fd, READ).done;
      using broken = BarePair.pipe();
      broken.writer.fill();
      broken.reader.close();
      await wait(reactor, broken.writer.fd, WRITE).done;
    },
  );

  testReactor(
    each,
    "wakes both sides when a socket's peer closes",
    async (reactor) => {
      using sockets = BarePair.sockets();
      const { reader: here, writer: there } = sockets;
      here.fill();
      const writing = wait(reactor, here.fd, WRITE);
      const reading = wait(reactor, here.fd, READ);
      there.close();
      await Promise.all([writing.done, reading.done]);
    },
  );

  testReactor(each, "finds a regular file ready", async (reactor) => {
    using directory = new TempDir();
    using file = textFile(directory.join("file"));
    await wait(reactor, file.fd, READ).done;
  });

  testReactor(each, "refuses a descriptor that is not open", (reactor) => {
    const never = 0x7fffffff;
    assertThrows(() => wait(reactor, never, READ), Deno.errors.BadResource);
  });
}

function textFile(path: string): Bare {
  Deno.writeTextFileSync(path, "text");
  return new Bare(openFile(path, O_RDONLY));
}
