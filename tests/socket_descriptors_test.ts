/** Descriptors that go with messages: SCM_RIGHTS of unix(7). */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Pipe, PipeReader, PipeWriter, spawn } from "@ipc/core/pipe";
import {
  type Received,
  type ReceivedFd,
  type UnixDatagram,
  UnixListener,
  type UnixSeqpacket,
  UnixStream,
} from "@ipc/core/socket";
import { Bare } from "./_util/descriptors.ts";
import { targetOf } from "./_util/held.ts";
import { Deadline } from "./_util/peer.ts";
import { denoArgs, EXPOSE_GC, missing, run, runDeno } from "./_util/peers.ts";
import {
  datagrams,
  type Ends,
  seqpackets,
  streams,
} from "./_util/socket_pairs.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const { BadResource, Busy } = Deno.errors;
const encoder = new TextEncoder();

type Socket = UnixStream | UnixSeqpacket | UnixDatagram;

/** Defines a test for all three types. */
function testAll(
  behaviour: string,
  fn: (pair: Ends<Socket>) => void | Promise<void>,
): void {
  const makers: [string, () => Ends<Socket>, boolean][] = [
    ["UnixStream", streams, false],
    ["UnixSeqpacket", seqpackets, !LINUX],
    ["UnixDatagram", datagrams, false],
  ];
  for (const [name, make, ignore] of makers) {
    Deno.test(`${name} ${behaviour}`, { ignore }, async () => {
      using pair = make();
      await fn(pair);
    });
  }
}

testAll("passes a pipe both ways", async ({ here, there }) => {
  for (const [from, to] of [[here, there], [there, here]]) {
    using pipe = Pipe.open();
    const fds = [pipe.reader, pipe.writer.fd];
    assertEquals(await from.send("a pipe", { fds }), 6);
    using message = (await to.receive())!;
    assertEquals(message.fds.length, 2);
    using reader = PipeReader.fromFd(message.fds[0].take());
    using writer = PipeWriter.fromFd(message.fds[1].take());
    pipe.close();
    await writer.writeAll(encoder.encode("ping"));
    assertEquals(await reader.read(new Uint8Array(8)), 4);
  }
});

testAll("passes in all three voices", async ({ here, there }) => {
  const options = { fds: [here] };
  here.trySend("try", options);
  here.sendSync("sync", options);
  await here.send("async", options);
  using one = there.tryReceive();
  using two = there.receiveSync();
  using three = await there.receive();
  for (const message of [one, two, three]) {
    assertEquals(message?.fds.length, 1);
  }
});

testAll("passes 253 at once, and refuses more", async ({ here, there }) => {
  const fds = Array<Socket>(253).fill(here);
  await here.send("many", { fds });
  using message = (await there.receive())!;
  assertEquals(message.fds.length, 253);
  const numbers = new Set(message.fds.map(({ fd }) => fd));
  assertEquals(numbers.size, 253);
  assertEquals([message.truncated, message.fdsTruncated], [false, false]);
  const more = { fds: [...fds, here] };
  await assertRejects(() => here.send("x", more), RangeError, "253");
  assertThrows(() => here.trySend("x", more), RangeError, "is 254");
});

testAll("closes what is too many and says so", async ({ here, there }) => {
  using deadline = new Deadline();
  using pipe = Pipe.open();
  const target = LINUX ? targetOf(pipe.writer.fd) : "";
  for (const maxFds of [0, 1, 2, 3]) {
    await here.send("x", { fds: [pipe.writer, pipe.writer] });
    using message = (await there.receive({ maxFds }))!;
    assertEquals(message.fds.length, Math.min(2, maxFds));
    const lost = maxFds < 2;
    assertEquals([message.truncated, message.fdsTruncated], [lost, lost]);
    for (const { fd } of message.fds) {
      if (LINUX) assertEquals(targetOf(fd), target);
    }
  }
  // No copy is left, or this end would never come.
  pipe.writer.close();
  assertEquals(await pipe.reader.read(new Uint8Array(1), deadline), null);
});

testAll("closes with the message what nobody has taken", async (pair) => {
  using deadline = new Deadline();
  const { here, there } = pair;
  using pipe = Pipe.open();
  await here.send("x", { fds: [pipe.writer, pipe.writer, pipe.writer] });
  let taken: Bare;
  let kept: readonly ReceivedFd[];
  {
    using message = (await there.receive())!;
    kept = message.fds;
    taken = new Bare(message.fds[1].take());
    message.fds[2].close();
    message.fds[2].close();
  }
  for (const fd of kept) {
    assertThrows(() => fd.fd, BadResource);
    assertThrows(() => fd.take(), BadResource);
    fd.close();
  }
  pipe.writer.close();
  assertEquals(pipe.reader.tryRead(new Uint8Array(1)), undefined);
  taken.close();
  assertEquals(await pipe.reader.read(new Uint8Array(1), deadline), null);
});

testAll("gives descriptors that are close-on-exec", async (pair) => {
  if (!LINUX) return;
  await pair.here.send("x", { fds: [0, pair.here] });
  using message = (await pair.there.receive())!;
  for (const { fd } of message.fds) {
    const info = Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`);
    const flags = parseInt(info.match(/flags:\s*(\d+)/)![1], 8);
    assertEquals(flags & 0o2000000, 0o2000000, "O_CLOEXEC");
  }
});

Deno.test("fromFd() takes a descriptor over from its message, once", async () => {
  using pair = streams();
  using pipe = Pipe.open();
  await pair.here.send("x", { fds: [pipe.reader] });
  const message = (await pair.there.receive())!;
  const [received] = message.fds;
  const { fd } = received;
  assertThrows(() => PipeWriter.fromFd(fd), BadResource, "not open to write");
  assertEquals(received.fd, fd, "who was refused has not taken it");
  using reader = PipeReader.fromFd(fd);
  assertThrows(() => received.fd, BadResource);
  assertThrows(() => PipeReader.fromFd(fd), Busy);
  message.close();
  pipe.writer.writeSync(new Uint8Array(3));
  assertEquals(await reader.read(new Uint8Array(8)), 3);
});

Deno.test("what was received can be sent on", async () => {
  using pair = streams();
  using pipe = Pipe.open();
  await pair.here.send("x", { fds: [pipe.writer] });
  using first = (await pair.there.receive())!;
  await pair.there.send("y", { fds: first.fds });
  using second = (await pair.here.receive())!;
  first.close();
  pipe.writer.close();
  using writer = PipeWriter.fromFd(second.fds[0].take());
  writer.writeSync(new Uint8Array(3));
  assertEquals(pipe.reader.available, 3);
});

Deno.test("a stream's descriptors come with the bytes they were sent with", async () => {
  using pair = streams();
  using pipe = Pipe.open();
  await pair.here.send("before");
  await pair.here.send("one", { fds: [pipe.reader] });
  await pair.here.send("two", { fds: [pipe.reader, pipe.writer] });
  await pair.here.send("after");
  const seen: [string, number][] = [];
  while (seen.map(([text]) => text).join("").length < 17) {
    using message = (await pair.there.receive())!;
    seen.push([new TextDecoder().decode(message.data), message.fds.length]);
  }
  const withFds = seen.filter(([, count]) => count > 0);
  assertEquals(withFds.map(([, count]) => count), [1, 2]);
  assert(withFds[0][0].endsWith("one"), "no byte of the next comes with it");
  assert(withFds[1][0].startsWith("two"));
  assertEquals(seen.map(([text]) => text).join(""), "beforeonetwoafter");
});

Deno.test("descriptors of a long message come with its first byte", async () => {
  using pair = streams();
  const data = new Uint8Array(1 << 20);
  const sending = pair.here.send(data, { fds: [pair.here] });
  let bytes = 0;
  const counts: number[] = [];
  while (bytes < data.length) {
    using message = (await pair.there.receive())!;
    bytes += message.data.length;
    counts.push(message.fds.length);
  }
  assertEquals(await sending, data.length);
  assertEquals(counts[0], 1);
  assertEquals(counts.slice(1).filter((count) => count > 0), []);
});

Deno.test("read() closes the descriptors that come with the bytes", async () => {
  using deadline = new Deadline();
  using pair = streams();
  using pipe = Pipe.open();
  await pair.here.send("x", { fds: [pipe.writer] });
  pipe.writer.close();
  assertEquals(await pair.there.read(new Uint8Array(8)), 1);
  assertEquals(await pipe.reader.read(new Uint8Array(8), deadline), null);
});

Deno.test("a stream refuses descriptors without a byte", async () => {
  using pair = streams();
  const options = { fds: [pair.here] };
  await assertRejects(() => pair.here.send("", options), TypeError, "byte");
  assertThrows(() => pair.here.trySend("", options), TypeError);
  assertThrows(() => pair.here.sendSync("", options), TypeError);
  assertEquals(await pair.here.send(""), 0);
});

Deno.test("an empty message carries descriptors", async () => {
  using pair = datagrams();
  await pair.here.send("", { fds: [pair.here] });
  using message = await pair.there.receive();
  assertEquals([message.data.length, message.fds.length], [0, 1]);
});

testAll("refuses what is no descriptor, and sends nothing", async (pair) => {
  const { here, there } = pair;
  const closed = Pipe.open();
  closed.close();
  await assertRejects(
    () => here.send("x", { fds: [closed.reader] }),
    BadResource,
  );
  await assertRejects(
    () => here.send("x", { fds: [99_999] }),
    BadResource,
    "a descriptor of `fds` is not open",
  );
  await assertRejects(() => here.send("x", { fds: [-1] }), RangeError);
  const nothing = {} as unknown as number;
  assertThrows(() => here.trySend("x", { fds: [nothing] }), TypeError);
  assertEquals(there.tryReceive(), undefined);
});

testAll("does not send what was closed while it waited", async (pair) => {
  const { here, there } = pair;
  const block = new Uint8Array(1000);
  while (here.trySend(block) !== undefined);
  using pipe = Pipe.open();
  const sending = here.send("x", { fds: [pipe.writer] });
  const rejection = assertRejects(() => sending, BadResource);
  pipe.close();
  using _another = Pipe.open(); // which has its number now
  while (there.tryReceive());
  await rejection;
  assertEquals(there.tryReceive(), undefined);
});

Deno.test("the messages of a loop close what was not taken, one by one", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  using pair = seqpackets();
  using pipe = Pipe.open();
  for (let i = 0; i < 3; i++) await pair.here.send("", { fds: [pipe.writer] });
  await pair.here.closeWrite();
  const all: Received[] = [];
  for await (const message of pair.there) {
    assert(message.fds[0].fd >= 0);
    all.push(message);
  }
  for (const { fds: [received] } of all) {
    assertThrows(() => received.fd, BadResource);
  }
  pipe.writer.close();
  assertEquals(await pipe.reader.read(new Uint8Array(1), deadline), null);
});

Deno.test("an accept loop is shared with a process that was sent the listener", async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  using listener = UnixListener.listen(path);
  const [ours, theirs] = UnixStream.pair();
  const child = spawn(Deno.execPath(), {
    args: denoArgs(`
      import { UnixListener, UnixStream } from "@ipc/core/socket";
      using control = UnixStream.fromFd(3);
      using message = await control.receive();
      using listener = UnixListener.fromFd(message.fds[0].take());
      await control.send("ready");
      for await (using client of listener) {
        const p = new Uint8Array(1);
        if (await client.read(p) === 1 && p[0] === 0) break;
        await client.send(String(Deno.pid));
      }`),
    fds: { 3: theirs },
  });
  theirs.close();
  using control = ours;
  await control.send("a listener", { fds: [listener] });
  await control.receive();

  async function serve(count: number) {
    for (let i = 0; i < count; i++) {
      using client = await listener.accept();
      await client.read(new Uint8Array(1));
      await client.send(String(Deno.pid));
    }
  }
  async function ask(): Promise<number> {
    using client = await UnixStream.connect(path);
    client.writeSync(new Uint8Array([1]));
    using message = await client.receive();
    return Number(new TextDecoder().decode(message!.data));
  }
  // While nobody serves here, the other one does.
  for (let i = 0; i < 3; i++) assertEquals(await ask(), child.pid);
  // Both may, and who gets a connection is left to chance.
  const serving = serve(3);
  const pids = new Set<number>();
  let own = 0;
  while (own < 3) {
    const pid = await ask();
    pids.add(pid);
    if (pid === Deno.pid) own++;
  }
  await serving;
  assert([...pids].every((pid) => [Deno.pid, child.pid].includes(pid)));
  using last = await UnixStream.connect(path);
  last.writeSync(new Uint8Array([0]));
  assertEquals((await child.status).code, 0);
});

Deno.test("too many open files lose descriptors, which is told", {
  ignore: !LINUX,
}, async () => {
  const script = `
    import { IpcError, UnixSeqpacket } from "@ipc/core/socket";
    import { openDescriptors } from "tests/_util/counts.ts";
    const [here, there] = UnixSeqpacket.pair();
    const before = openDescriptors().size;
    here.sendSync("", { fds: Array(253).fill(here) });
    const message = there.receiveSync();
    const some = message.fds.length;
    console.log(some > 100 && some < 200, message.truncated, message.fdsTruncated);
    message.close();
    console.log(openDescriptors().size - before);
    here.sendSync("", { fds: Array(50).fill(here) });
    using next = there.receiveSync();
    console.log(next.fds.length, next.truncated);`;
  const args = denoArgs(script).map((arg) => `'${arg}'`).join(" ");
  const { stdout, stderr } = await run("sh", [
    "-c",
    `ulimit -n 200; exec ${Deno.execPath()} ${args}`,
  ]);
  assertEquals([stdout, stderr], ["true true true\n0\n50 false\n", ""]);
});

Deno.test("more descriptors on their way than allowed are a clear error", {
  ignore: !LINUX || missing("setpriv"),
}, async () => {
  const script = `
    import { IpcError, UnixStream } from "@ipc/core/socket";
    const [here] = UnixStream.pair();
    try {
      for (;;) here.sendSync("x", { fds: Array(50).fill(here), timeout: 5000 });
    } catch (error) {
      console.log(error instanceof IpcError, error.code, error.message);
    }`;
  const args = denoArgs(script).map((arg) => `'${arg}'`).join(" ");
  // The limit does not hold for the privileged.
  const { stdout, stderr } = await run("setpriv", [
    "--bounding-set=-all",
    "--inh-caps=-all",
    "sh",
    "-c",
    `ulimit -n 200; exec ${Deno.execPath()} ${args}`,
  ]);
  assertEquals(stderr, "");
  assert(
    /^true ETOOMANYREFS ETOOMANYREFS: .*on their way/.test(stdout),
    stdout,
  );
});

Deno.test("10,000 messages with descriptors leave none behind", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(`
    import { UnixDatagram, UnixSeqpacket, UnixStream } from "@ipc/core/socket";
    import { openDescriptors, openSockets } from "tests/_util/counts.ts";
    const pairs = [UnixStream.pair(), UnixSeqpacket.pair(), UnixDatagram.pair()];
    const before = openDescriptors();
    const socketsBefore = openSockets().length;
    for (let i = 0; i < 10_000; i++) {
      const [here, there] = pairs[i % 3];
      const fds = Array(1 + i % 7).fill(here);
      if (i % 2) here.sendSync("x", { fds });
      else await here.send("x", { fds });
      const maxFds = i % 4;
      using message = i % 5 ? there.receiveSync({ maxFds }) : await there.receive({ maxFds });
      if (message.fds.length !== Math.min(fds.length, maxFds)) throw new Error();
      if (i % 11 === 0 && maxFds) {
        // Sent on, and left for whoever closes the socket.
        there.sendSync("y", { fds: message.fds });
      }
      if (i % 100 === 0) for (const end of pairs[i % 3]) {
        while (end.tryReceive({ maxFds: 0 }));
      }
    }
    const after = [...openDescriptors()].filter(([fd, what]) =>
      before.get(fd) !== what && !what.startsWith("socket:")
    );
    console.log(after.length, openSockets().length - socketsBefore);
  `);
  assertEquals(output, "0 0");
});

Deno.test("a message that was forgotten is closed when it is collected", {
  ignore: !LINUX,
}, async () => {
  const source = `
    import { Pipe } from "@ipc/core/pipe";
    import { UnixStream } from "@ipc/core/socket";
    import { openPipes } from "tests/_util/counts.ts";
    const [here, there] = UnixStream.pair();
    const pipe = Pipe.open();
    const before = openPipes().length;
    (function forget() {
      for (let i = 0; i < 20; i++) {
        here.sendSync("x", { fds: [pipe.reader] });
        there.receiveSync();
      }
    })();
    while (openPipes().length > before) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done));
    }
    console.log("closed");
  `;
  assertEquals(await runDeno(source, [], [EXPOSE_GC]), "closed");
});
