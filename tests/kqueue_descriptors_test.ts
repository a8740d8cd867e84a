/** What a kqueue reports of descriptors. */

import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  IpcError,
  type KqueueDescriptorEvent,
  type KqueueEvent,
} from "@ipc/core/mux";
import { constants } from "node:os";
import { EV_EOF } from "../_internal/platform.ts";
import { eventOf } from "../mux/_kqueue_events.ts";
import { BarePair } from "./_util/descriptors.ts";
import { testKqueue } from "./_util/kqueue.ts";

testKqueue("tells how much there is to read", (kqueue) => {
  using sockets = BarePair.sockets();
  const { reader: here, writer: there } = sockets;
  kqueue.change({ filter: "read", fd: here, data: "data" });
  assertEquals(kqueue.tryWait(), undefined);
  for (let i = 1; i <= 3; i++) {
    there.write();
    const [event] = kqueue.tryWait()!;
    assertEquals(event, {
      filter: "read",
      fd: here,
      data: "data",
      available: i,
      eof: false,
    });
    assertStrictEquals((event as KqueueDescriptorEvent).fd, here);
  }
  there.endWriting();
  const event = { filter: "read", fd: here, data: "data" };
  assertEquals(kqueue.tryWait(), [
    { ...event, available: 3, eof: true } as KqueueEvent,
  ]);
});

testKqueue("tells how much room there is", (kqueue) => {
  using pipe = BarePair.pipe();
  kqueue.change({ filter: "write", fd: pipe.writer });
  const [event] = kqueue.tryWait() as KqueueDescriptorEvent[];
  assert(!event.eof);
  pipe.writer.write();
  const [later] = kqueue.tryWait() as KqueueDescriptorEvent[];
  assertEquals(later.available, event.available - 1);
  pipe.writer.fill();
  assertEquals(kqueue.tryWait(), undefined);
  pipe.reader.drain();
  assertEquals(kqueue.tryWait()?.length, 1);
});

testKqueue("waits for as much as the low-water mark says", (kqueue) => {
  using sockets = BarePair.sockets();
  const { reader: here, writer: there } = sockets;
  kqueue.change({ filter: "read", fd: here, lowWater: 3 });
  for (let i = 1; i <= 3; i++) {
    assertEquals(kqueue.tryWait(), undefined);
    there.write();
  }
  assertEquals(kqueue.tryWait()?.length, 1);
  // Adding again replaces it.
  kqueue.change({ filter: "read", fd: here, lowWater: 4 });
  assertEquals(kqueue.tryWait(), undefined);
  // Disabling and enabling does not.
  kqueue.change({ filter: "read", fd: here, action: "disable" });
  kqueue.change({ filter: "read", fd: here, action: "enable" });
  assertEquals(kqueue.tryWait(), undefined);
  kqueue.change({ filter: "read", fd: here });
  assertEquals(kqueue.tryWait()?.length, 1);
});

testKqueue("waits for as much room as the low-water mark says", (kqueue) => {
  using pipe = BarePair.pipe();
  const { writer } = pipe;
  kqueue.change({ filter: "write", fd: writer });
  const [{ available }] = kqueue.tryWait() as KqueueDescriptorEvent[];
  kqueue.change({ filter: "write", fd: writer, lowWater: available });
  assertEquals(kqueue.tryWait()?.length, 1);
  writer.write();
  assertEquals(kqueue.tryWait(), undefined);
  pipe.reader.drain();
  assertEquals(kqueue.tryWait()?.length, 1);
});

testKqueue("tells the end of a socket as an exception", (kqueue) => {
  using sockets = BarePair.sockets();
  using pipe = BarePair.pipe();
  const { reader: here, writer: there } = sockets;
  kqueue.change({ filter: "except", fd: here });
  there.write();
  assertEquals(kqueue.tryWait(), undefined);
  there.endWriting();
  const [event] = kqueue.tryWait() as KqueueDescriptorEvent[];
  assertEquals([event.filter, event.eof], ["except", true]);
  const change = () => kqueue.change({ filter: "except", fd: pipe.reader });
  assertThrows(change, IpcError, "EINVAL");
});

Deno.test("a kqueue's event has the error that comes with the end", () => {
  const change = { filter: "read", fd: 3 } as const;
  const { ECONNRESET } = constants.errno;
  const happened = { ident: 3, fflags: ECONNRESET, data: 0 };
  const ended = eventOf(change, 0, { ...happened, flags: EV_EOF });
  const { error } = ended as KqueueDescriptorEvent;
  assert(error instanceof Deno.errors.ConnectionReset);
  const other = eventOf(change, 0, { ...happened, flags: 0 });
  assertEquals((other as KqueueDescriptorEvent).error, undefined);
});
