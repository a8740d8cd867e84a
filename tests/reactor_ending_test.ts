/** Waits that end otherwise than by being woken, with every backend. */

import { assertEquals, assertRejects } from "@std/assert";
import { READ, WRITE } from "../mux/_backend.ts";
import { BarePair } from "./_util/descriptors.ts";
import { runDeno } from "./_util/peers.ts";
import { reactors } from "./_util/reactors.ts";
import { isOver, testReactor, wait } from "./_util/waits.ts";

for (const each of reactors) {
  testReactor(each, "wakes nobody who has called off", async (reactor) => {
    using pipe = BarePair.pipe();
    const first = wait(reactor, pipe.reader.fd, READ);
    const second = wait(reactor, pipe.reader.fd, READ);
    first.cancel();
    pipe.writer.write();
    await second.done;
    assertEquals(await isOver(first, reactor), false);
  });

  testReactor(
    each,
    "goes on with the writer when the reader calls off",
    async (reactor) => {
      using sockets = BarePair.sockets();
      const { reader: here, writer: there } = sockets;
      here.fill();
      const reading = wait(reactor, here.fd, READ);
      const writing = wait(reactor, here.fd, WRITE);
      reading.cancel();
      there.write();
      assertEquals(await isOver(writing, reactor), false);
      there.drain();
      await writing.done;
      assertEquals(await isOver(reading, reactor), false);
    },
  );

  testReactor(
    each,
    "lets go at once who calls off when another was just woken",
    async (reactor) => {
      using pipe = BarePair.pipe();
      using other = BarePair.pipe();
      const cancel = reactor.watch(other.reader.fd, READ, () => {});
      let gone = false;
      const first = wait(reactor, pipe.reader.fd, READ);
      const second = first.done.then(() => cancel(() => gone = true));
      pipe.writer.write();
      await second;
      // Less than it waits for a thread that does not come back.
      await new Promise((resolve) => setTimeout(resolve, 20));
      assertEquals(gone, true);
    },
  );

  testReactor(
    each,
    "takes it calmly to be called off too late or twice",
    async (reactor) => {
      using pipe = BarePair.pipe();
      pipe.writer.write();
      const first = wait(reactor, pipe.reader.fd, READ);
      await first.done;
      const second = wait(reactor, pipe.reader.fd, READ);
      first.cancel();
      await second.done;
      pipe.reader.drain();
      const third = wait(reactor, pipe.reader.fd, READ);
      const fourth = wait(reactor, pipe.reader.fd, READ);
      third.cancel();
      third.cancel();
      assertEquals(await isOver(fourth, reactor), false);
      pipe.writer.write();
      await fourth.done;
    },
  );

  testReactor(
    each,
    "takes a new wait just after the last was called off",
    async (reactor) => {
      using pipe = BarePair.pipe();
      for (let i = 0; i < 100; i++) {
        wait(reactor, pipe.reader.fd, READ).cancel();
      }
      const reading = wait(reactor, pipe.reader.fd, READ);
      assertEquals(await isOver(reading, reactor), false);
      pipe.writer.write();
      await reading.done;
    },
  );

  testReactor(
    each,
    "rejects those who wait for what it has to forget",
    async (reactor) => {
      using sockets = BarePair.sockets();
      using pipe = BarePair.pipe();
      const { reader: here } = sockets;
      here.fill();
      const reading = wait(reactor, here.fd, READ);
      const writing = wait(reactor, here.fd, WRITE);
      const other = wait(reactor, pipe.reader.fd, READ);
      reactor.forget(here.fd, () => new RangeError("closed"));
      await assertRejects(() => reading.done, RangeError, "closed");
      await assertRejects(
        () => writing.done,
        RangeError,
        "closed",
      );
      assertEquals(await isOver(other, reactor), false);
      pipe.writer.write();
      await other.done;
    },
  );

  testReactor(
    each,
    "can wait again for what it was told to forget",
    async (reactor) => {
      using pipe = BarePair.pipe();
      const { fd } = pipe.reader;
      const forgotten = wait(reactor, fd, READ);
      reactor.forget(fd, () => new RangeError("closed"));
      await assertRejects(() => forgotten.done, RangeError, "closed");
      const reading = wait(reactor, fd, READ);
      assertEquals(await isOver(reading, reactor), false);
      pipe.writer.write();
      await reading.done;
    },
  );

  testReactor(
    each,
    "watches what a closed descriptor's number has become",
    async (reactor) => {
      using old = BarePair.pipe();
      using next = BarePair.pipe();
      old.writer.write();
      await wait(reactor, old.reader.fd, READ).done;
      using reused = old.reader.replaceBy(next.reader);
      const reading = wait(reactor, reused.fd, READ);
      assertEquals(await isOver(reading, reactor), false);
      next.writer.write();
      await reading.done;
    },
  );

  Deno.test(
    `the ${each.name} reactor keeps no program alive when all have called off`,
    {
      ignore: each.ignore,
    },
    async () => {
      const output = await runDeno(`
      import { ${each.name} } from "tests/_util/reactors.ts";
      import { BarePair } from "tests/_util/descriptors.ts";
      import { settled, wait } from "tests/_util/waits.ts";
      const { reactor } = ${each.name};
      const pipe = BarePair.pipe();
      const first = wait(reactor, pipe.reader.fd, 1);
      const second = wait(reactor, pipe.reader.fd, 1);
      await settled(reactor); // and so it is parked
      first.cancel();
      second.cancel();
      console.log("end");
    `);
      assertEquals(output, "end");
    },
  );
}
