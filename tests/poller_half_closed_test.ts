import { assertEquals } from "@std/assert";
import { Poller } from "@ipc/core/mux";
import { BarePair } from "./_util/descriptors.ts";
import { Deadline } from "./_util/peer.ts";

Deno.test("a poller asked for room is not kept busy by a half-closed peer", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  using deadline = new Deadline();
  using sockets = BarePair.sockets();
  const { reader: here, writer: there } = sockets;
  using poller = new Poller();
  here.fill();
  poller.add(here, { write: true });
  there.endWriting();
  assertEquals(poller.tryWait(), undefined);
  const waiting = poller.wait(deadline);
  there.drain();
  const [{ write, hangup }] = await waiting;
  assertEquals([write, hangup], [true, false]);
  // Asked for nothing, it tells just that.
  for (const interest of [{ read: true }, { read: false }]) {
    poller.modify(here, interest);
    assertEquals(poller.tryWait()?.map(({ hangup }) => hangup), [true]);
  }
});
