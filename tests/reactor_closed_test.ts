/** Numbers that are closed behind the reactor's back while somebody waits. */

import { assertEquals, assertRejects } from "@std/assert";
import { READ, WRITE } from "../mux/_backend.ts";
import { BarePair } from "./_util/descriptors.ts";
import { epolls, reactors } from "./_util/reactors.ts";
import {
  isOver,
  settled,
  testReactor,
  type Wait,
  wait,
} from "./_util/waits.ts";

function refused({ done }: Wait): Promise<unknown> {
  return assertRejects(() => done, Deno.errors.BadResource, "it is closed");
}

for (const each of reactors) {
  testReactor(
    each,
    "rejects those who wait for a number that is closed",
    async (reactor) => {
      using pipe = BarePair.pipe();
      using full = BarePair.pipe();
      full.writer.fill();
      const reading = refused(wait(reactor, pipe.reader.fd, READ));
      const writing = refused(wait(reactor, full.writer.fd, WRITE));
      pipe.reader.close();
      full.writer.close();
      await reading;
      await writing;
    },
  );

  testReactor(
    each,
    "rejects those who wait for a number that is another's now",
    async (reactor) => {
      using old = BarePair.pipe();
      using next = BarePair.pipe();
      const reading = wait(reactor, old.reader.fd, READ);
      assertEquals(await isOver(reading, reactor), false);
      using reused = old.reader.replaceBy(next.reader);
      // What comes to the other is nothing to them.
      next.writer.write();
      await refused(reading);
      await wait(reactor, reused.fd, READ).done;
    },
  );

  testReactor(
    each,
    "rejects them although the open file has a copy",
    async (reactor) => {
      using pipe = BarePair.pipe();
      using _copy = pipe.reader.duplicate();
      const reading = refused(wait(reactor, pipe.reader.fd, READ));
      await settled(reactor);
      pipe.reader.close();
      await reading;
    },
  );

  testReactor(
    each,
    "goes on waiting for all that stays open",
    async (reactor) => {
      using closed = BarePair.pipe();
      using sockets = BarePair.sockets();
      const { reader: here, writer: there } = sockets;
      here.fill();
      const closing = refused(wait(reactor, closed.reader.fd, READ));
      const reading = wait(reactor, here.fd, READ);
      const writing = wait(reactor, here.fd, WRITE);
      closed.reader.close();
      await closing;
      assertEquals(await isOver(reading, reactor), false);
      assertEquals(await isOver(writing, reactor), false);
      there.write();
      await reading.done;
      there.drain();
      await writing.done;
    },
  );
}

for (const epoll of epolls) {
  // kqueue cannot say whether a filter that is gone has fired or was closed, so
  // there the first is woken together with the second.
  testReactor(
    epoll,
    "tells those who wait for a number's old and new file apart",
    async (reactor) => {
      using old = BarePair.pipe();
      using next = BarePair.pipe();
      const before = wait(reactor, old.reader.fd, READ);
      await settled(reactor);
      using reused = old.reader.replaceBy(next.reader);
      const after = wait(reactor, reused.fd, READ);
      await refused(before);
      assertEquals(await isOver(after, reactor), false);
      next.writer.write();
      await after.done;
    },
  );

  testReactor(
    epoll,
    "wakes nobody for what comes to a copy of a number's old file",
    async (reactor) => {
      using old = BarePair.pipe();
      using next = BarePair.pipe();
      using _copy = old.reader.duplicate();
      const before = wait(reactor, old.reader.fd, READ);
      await settled(reactor);
      using reused = old.reader.replaceBy(next.reader);
      const after = wait(reactor, reused.fd, READ);
      old.writer.write();
      await refused(before);
      assertEquals(await isOver(after, reactor), false);
      next.writer.write();
      await after.done;
    },
  );
}
