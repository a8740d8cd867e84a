/** Sockets that keep messages apart: seqpacket and datagram. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  IpcError,
  type Received,
  UnixDatagram,
  UnixSeqpacket,
} from "@ipc/core/socket";
import {
  datagrams,
  type Ends,
  seqpackets,
  streams,
} from "./_util/socket_pairs.ts";

const LINUX = Deno.build.os === "linux";
const { BadResource, Busy, TimedOut } = Deno.errors;
const decoder = new TextDecoder();

function text(message: Received | null | undefined): string | undefined {
  return message?.data && decoder.decode(message.data);
}

/** Defines a test for both types. */
function testBoth(
  behaviour: string,
  fn: (pair: Ends<UnixSeqpacket> | Ends<UnixDatagram>) => void | Promise<void>,
): void {
  const makers = [
    { name: "UnixSeqpacket", make: seqpackets, ignore: !LINUX },
    { name: "UnixDatagram", make: datagrams, ignore: false },
  ];
  for (const { name, make, ignore } of makers) {
    Deno.test(`${name} ${behaviour}`, { ignore }, async () => {
      using pair = make();
      await fn(pair);
    });
  }
}

testBoth(
  "keeps messages apart in all three voices",
  async ({ here, there }) => {
    assertEquals(here.trySend("try"), 3);
    assertEquals(here.sendSync("sync"), 4);
    assertEquals(await here.send(new TextEncoder().encode("async")), 5);
    assertEquals(text(there.tryReceive()), "try");
    assertEquals(text(there.receiveSync()), "sync");
    assertEquals(text(await there.receive()), "async");
    assertEquals(there.tryReceive(), undefined);
  },
);

testBoth("carries empty messages", async ({ here, there }) => {
  await here.send("");
  await here.send("full");
  await here.send(new Uint8Array(0));
  for (const expected of ["", "full", ""]) {
    using message = await there.receive();
    assertEquals(text(message), expected);
    assertEquals(message!.truncated, false);
  }
});

testBoth("says when a message was longer than wanted", async (pair) => {
  const { here, there } = pair;
  for (let i = 0; i < 4; i++) await here.send("too long");
  using cut = await there.receive({ maxBytes: 3 });
  assertEquals([text(cut), cut!.truncated], ["too", true]);
  assertEquals(cut!.fdsTruncated, false, "no descriptor was lost");
  const into = new Uint8Array(5);
  using filled = await there.receive({ into });
  assertEquals([text(filled), filled!.truncated], ["too l", true]);
  using part = await there.receive({ into, maxBytes: 2 });
  assertEquals([text(part), part!.truncated], ["to", true]);
  using whole = await there.receive({ into: new Uint8Array(100) });
  assertEquals([text(whole), whole!.truncated], ["too long", false]);
});

testBoth(
  "carries a message as long as the buffer, and no longer",
  async (pair) => {
    const { here, there } = pair;
    const most = LINUX ? 212_960 : 2_048;
    const data = crypto.getRandomValues(new Uint8Array(60_000));
    const long = new Uint8Array(most);
    long.set(data.subarray(0, most));
    await here.send(long);
    using message = await there.receive();
    assertEquals(message!.data, long);
    const error = await assertRejects(
      () => here.send(new Uint8Array(most + 1)),
      IpcError,
      "sendBufferSize",
    );
    assertEquals(error.code, "EMSGSIZE");
    here.sendBufferSize = 400_000;
    if (!LINUX) return;
    await here.send(new Uint8Array(400_000));
    using longer = await there.receive();
    assertEquals([longer!.data.length, longer!.truncated], [400_000, false]);
  },
);

testBoth("waits while its peer is full, and loses nothing", async (pair) => {
  const { here, there } = pair;
  let count = 0;
  while (here.trySend(`${count}`) !== undefined) count++;
  assert(count > 1);
  assertThrows(() => here.sendSync("late", { timeout: 10 }), TimedOut);
  const controller = new AbortController();
  const aborted = here.send("aborted", { signal: controller.signal });
  const sends = [1, 2, 3].map((i) => here.send(`${count + i - 1}`));
  assertEquals(here.trySend("overtaking"), undefined);
  assertThrows(() => here.sendSync("overtaking"), Busy);
  controller.abort();
  await assertRejects(() => aborted, DOMException);
  for (let i = 0; i < count + 3; i++) {
    assertEquals(text(await there.receive()), `${i}`);
  }
  assertEquals(
    await Promise.all(sends),
    sends.map((_, i) => `${count + i}`.length),
  );
  assertEquals(there.tryReceive(), undefined);
});

testBoth("receives for those who wait, in order", async ({ here, there }) => {
  const controller = new AbortController();
  const first = there.receive();
  const second = there.receive({ signal: controller.signal });
  const third = there.receive();
  assertEquals(there.tryReceive(), undefined);
  assertThrows(() => there.receiveSync(), Busy);
  controller.abort();
  await assertRejects(() => second, DOMException);
  await here.send("one");
  await here.send("two");
  assertEquals([text(await first), text(await third)], ["one", "two"]);
  assertThrows(() => there.receiveSync({ timeout: 10 }), TimedOut);
});

testBoth("rejects what is pending when it is closed", async (pair) => {
  const { here, there } = pair;
  while (here.trySend("x") !== undefined);
  const waits = Promise.allSettled([
    here.receive(),
    here.receive(),
    here.send("y"),
    here.send("z"),
  ]);
  here.close();
  here.close();
  for (const result of await waits) {
    assertInstanceOf((result as PromiseRejectedResult).reason, BadResource);
  }
  assertThrows(() => here.trySend("x"), BadResource);
  assertThrows(() => here.sendSync("x"), BadResource);
  await assertRejects(() => here.send("x"), BadResource);
  assertThrows(() => here.tryReceive(), BadResource);
  assertThrows(() => here.receiveSync(), BadResource);
  assertThrows(() => here.localPath, BadResource);
  there.close();
});

testBoth("tells who sent what, on Linux", async ({ here, there }) => {
  const me = { pid: Deno.pid, uid: Deno.uid()!, gid: Deno.gid()! };
  if (!LINUX) return;
  await here.send("without");
  await here.send("with", { credentials: true });
  await here.send("given", { credentials: me });
  for (let i = 0; i < 3; i++) {
    assertEquals((await there.receive())!.credentials, me);
  }
});

Deno.test("a stream tells who sent what from the first receive on", {
  ignore: !LINUX,
}, async () => {
  using pair = streams();
  const { here, there } = pair;
  const me = { pid: Deno.pid, uid: Deno.uid()!, gid: Deno.gid()! };
  await here.send("without");
  await here.send("with", { credentials: true });
  assertEquals((await there.receive())!.credentials, undefined);
  assertEquals((await there.receive())!.credentials, me);
  await here.send("from now on");
  assertEquals((await there.receive())!.credentials, me);
});

Deno.test("UnixSeqpacket gives its messages up to the end", {
  ignore: !LINUX,
}, async () => {
  using pair = seqpackets();
  for (const word of ["one", "", "three"]) await pair.here.send(word);
  pair.here.close();
  const texts = await Array.fromAsync(pair.there, text);
  assertEquals(texts, ["one", "", "three"]);
  assertEquals(await pair.there.receive(), null);
  assertEquals(pair.there.tryReceive(), null);
  assertEquals(pair.there.receiveSync(), null);
});

Deno.test("an empty message before the end is a message", {
  ignore: !LINUX,
}, async () => {
  using pair = seqpackets();
  await pair.here.send("");
  await pair.here.closeWrite();
  assertEquals(text(await pair.there.receive()), "");
  assertEquals(await pair.there.receive(), null);
  await pair.there.send("an answer");
  assertEquals(text(await pair.here.receive()), "an answer");
  await assertRejects(() => pair.here.send("x"), Deno.errors.BrokenPipe);
});

Deno.test("a UnixSeqpacket whose peer has gone is BrokenPipe", {
  ignore: !LINUX,
}, async () => {
  using pair = seqpackets();
  pair.there.close();
  await assertRejects(async () => {
    for (;;) await pair.here.send("x");
  }, Deno.errors.BrokenPipe);
  assertEquals(pair.here.peer.pid, Deno.pid);
});

Deno.test("UnixSeqpacket.fromFd() takes over its own type only", {
  ignore: !LINUX,
}, async () => {
  using pair = seqpackets();
  using carriers = datagrams();
  await carriers.here.send("", { fds: [pair.there, carriers.here] });
  using message = await carriers.there.receive();
  const [socket, other] = message.fds;
  assertThrows(() => UnixSeqpacket.fromFd(other.fd), TypeError, "datagram");
  assertThrows(() => UnixDatagram.fromFd(socket.fd), TypeError, "seqpacket");
  using taken = UnixSeqpacket.fromFd(socket.take());
  await pair.here.send("ping");
  assertEquals(text(await taken.receive()), "ping");
});
