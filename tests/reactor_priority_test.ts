/** What is out of the ordinary: data out of band, and whatever comes unasked. */

import { assertEquals } from "@std/assert";
import { PRIORITY, READ, WRITE } from "../mux/_backend.ts";
import { BarePair } from "./_util/descriptors.ts";
import { epolls } from "./_util/reactors.ts";
import { sendUrgent, tcpPair } from "./_util/tcp.ts";
import { isOver, testReactor, wait } from "./_util/waits.ts";

for (const epoll of epolls) {
  testReactor(
    epoll,
    "wakes who waits for data out of band, and only then",
    async (reactor) => {
      const [here, there] = tcpPair();
      using _here = here;
      using _there = there;
      const urgent = wait(reactor, here.fd, PRIORITY);
      const reading = wait(reactor, here.fd, READ);
      await wait(reactor, here.fd, WRITE).done;
      there.write();
      await reading.done;
      assertEquals(await isOver(urgent, reactor), false);
      sendUrgent(there);
      await urgent.done;
      // It is there until it is read.
      await wait(reactor, here.fd, PRIORITY).done;
    },
  );

  testReactor(
    epoll,
    "wakes who waits for data out of band when the other side is gone",
    async (reactor) => {
      using ending = BarePair.pipe();
      using breaking = BarePair.pipe();
      const ended = wait(reactor, ending.reader.fd, PRIORITY);
      const broken = wait(reactor, breaking.writer.fd, PRIORITY);
      // Data is nothing out of the ordinary.
      ending.writer.write();
      assertEquals(await isOver(ended, reactor), false);
      ending.writer.close();
      await ended.done;
      assertEquals(await isOver(broken, reactor), false);
      breaking.reader.close();
      await broken.done;
    },
  );
}
