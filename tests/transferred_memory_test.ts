/** Memory that was transferred to somebody else looks as if it were empty. */

import {
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import type { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
import { Pipe } from "@ipc/core/pipe";
import { MessageStream, UnixStream } from "@ipc/core/socket";
import { Deadline } from "./_util/peer.ts";
import { tempQueue, tempSysvQueue } from "./_util/queues.ts";
import { datagrams, seqpackets, streams } from "./_util/socket_pairs.ts";

const LINUX = Deno.build.os === "linux";

function transferred(p = new Uint8Array(8)): Uint8Array<ArrayBuffer> {
  p.buffer.transfer();
  return p;
}

Deno.test("a pipe neither reads into such memory nor writes it", async () => {
  using pipe = Pipe.open();
  const { reader, writer } = pipe;
  writer.writeSync(new Uint8Array(3));
  const p = transferred();
  assertThrows(() => reader.tryRead(p), TypeError, "transferred");
  assertThrows(() => reader.readSync(p), TypeError);
  await assertRejects(() => reader.read(p), TypeError);
  assertThrows(() => writer.tryWrite(p), TypeError);
  assertThrows(() => writer.writeAllSync(p), TypeError);
  await assertRejects(() => writer.writeAll(p), TypeError);
  assertEquals(reader.available, 3);
});

Deno.test("a read takes nothing when its memory goes while it waits", async () => {
  using pipe = Pipe.open();
  const p = new Uint8Array(8);
  const reading = assertRejects(() => pipe.reader.read(p), TypeError);
  transferred(p);
  pipe.writer.writeSync(new Uint8Array(3));
  await reading;
  assertEquals(pipe.reader.available, 3);
});

Deno.test("a write that has gone out in part says so", async () => {
  using deadline = new Deadline();
  using pipe = Pipe.open();
  const p = new Uint8Array(1_000_000);
  const writing = assertRejects(
    () => pipe.writer.writeAll(p, deadline),
    TypeError,
    "transferred",
  );
  transferred(p);
  await pipe.reader.read(new Uint8Array(65_536));
  await writing;
});

/** What sends messages, and how many its other side has. */
interface Sender extends Disposable {
  trySend(data: Uint8Array): unknown;
  send(data: Uint8Array, options: { signal: AbortSignal }): Promise<unknown>;
  /** Takes all that is there, and answers how many bytes the last had. */
  takeAll(): number | undefined;
}

const SENDERS: Record<string, () => Sender> = {
  stream: () => ofPair(streams()),
  datagram: () => ofPair(datagrams()),
};
if (LINUX) {
  SENDERS.seqpacket = () => ofPair(seqpackets());
  SENDERS.MessageQueue = () => ofQueue(tempQueue());
}
SENDERS.SysvMessageQueue = () => ofQueue(tempSysvQueue());

type Messages = {
  tryReceive(): { readonly data: Uint8Array } | null | undefined;
};

function takeAll(from: Messages): number | undefined {
  let last: number | undefined;
  for (let message; (message = from.tryReceive());) last = message.data.length;
  return last;
}

function ofPair(
  pair: Disposable & {
    here: Pick<Sender, "trySend" | "send">;
    there: Messages;
  },
): Sender {
  return {
    trySend: (data) => pair.here.trySend(data),
    send: (data, options) => pair.here.send(data, options),
    takeAll: () => takeAll(pair.there),
    [Symbol.dispose]: () => pair[Symbol.dispose](),
  };
}

function ofQueue(queue: MessageQueue | SysvMessageQueue): Sender {
  return {
    trySend: (data) => queue.trySend(data) || undefined,
    send: (data, options) => queue.send(data, options),
    takeAll: () => takeAll(queue),
    [Symbol.dispose]: () => queue.close(),
  };
}

for (const [name, open] of Object.entries(SENDERS)) {
  Deno.test(`${name} does not send such memory as an empty message`, async () => {
    using deadline = new Deadline();
    using sender = open();
    assertThrows(() => sender.trySend(transferred()), TypeError);
    await assertRejects(() => sender.send(transferred(), deadline), TypeError);
    assertEquals(sender.takeAll(), undefined);

    for (const size of [128, 1]) {
      while (sender.trySend(new Uint8Array(size)) !== undefined);
    }
    const p = new Uint8Array(8);
    const sending = assertRejects(
      () => sender.send(p, deadline),
      TypeError,
      "transferred",
    );
    transferred(p);
    assertNotEquals(sender.takeAll(), 0);
    await sending;
    assertEquals(sender.takeAll(), undefined);
  });
}

Deno.test("a MessageStream does not send such memory", async () => {
  const [here, there] = UnixStream.pair();
  using one = new MessageStream(here);
  using _two = new MessageStream(there);
  await assertRejects(() => one.send(transferred()), TypeError, "transferred");
});

Deno.test("a message is not cut to nothing when its memory goes", async () => {
  using deadline = new Deadline();
  using queue = tempSysvQueue();
  const into = new Uint8Array(8);
  const receiving = assertRejects(
    () => queue.receive({ into, truncate: true, ...deadline }),
    TypeError,
  );
  transferred(into);
  await queue.send("text");
  await receiving;
  assertEquals(queue.receiveSync().data.length, 4);
});
