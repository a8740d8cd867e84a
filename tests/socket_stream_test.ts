import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  IpcError,
  UnixDatagram,
  UnixListener,
  UnixStream,
} from "@ipc/core/socket";
import { pathToFileURL } from "node:url";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { Bare, BarePair } from "./_util/descriptors.ts";
import { pattern } from "./_util/pattern.ts";
import { Deadline } from "./_util/peer.ts";
import { streams } from "./_util/socket_pairs.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const { BadResource, BrokenPipe, Busy, TimedOut } = Deno.errors;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

Deno.test("UnixStream carries bytes both ways in all three voices", async () => {
  using dir = new TempDir();
  using listener = UnixListener.listen(dir.join("socket"));
  using client = await UnixStream.connect(dir.join("socket"));
  using server = await listener.accept();
  for (const [from, to] of [[client, server], [server, client]]) {
    const p = new Uint8Array(16);
    assertEquals(from.tryWrite(encoder.encode("try ")), 4);
    assertEquals(from.writeSync(encoder.encode("sync ")), 5);
    assertEquals(await from.write(encoder.encode("async")), 5);
    assertEquals(to.tryRead(p.subarray(0, 4)), 4);
    assertEquals(to.readSync(p.subarray(4, 9)), 5);
    assertEquals(await to.read(p.subarray(9)), 5);
    assertEquals(decoder.decode(p.subarray(0, 14)), "try sync async");
  }
});

Deno.test("UnixStream connects in all three voices, by path and by URL", async () => {
  using dir = new TempDir();
  const path = dir.join("a b%20ü€\n");
  using listener = UnixListener.listen(path);
  using one = await UnixStream.connect(pathToFileURL(path));
  using two = UnixStream.connectSync(path);
  using three = UnixStream.tryConnect(path);
  for (const client of [one, two, three!]) {
    using server = listener.acceptSync();
    assertEquals(client.remotePath, path);
    assertEquals(client.localPath, undefined);
    assertEquals(server.localPath, path);
    assertEquals(server.remotePath, undefined);
  }
});

Deno.test("UnixStream answers null at the end, again and again, in all voices", async () => {
  using pair = streams();
  pair.here.writeSync(encoder.encode("last"));
  pair.here.close();
  const p = new Uint8Array(16);
  assertEquals(await pair.there.read(p), 4);
  assertEquals(await pair.there.read(p), null);
  assertEquals(pair.there.readSync(p), null);
  assertEquals(pair.there.tryRead(p), null);
  assertEquals(await pair.there.receive(), null);
  assertEquals(pair.there.receiveSync(), null);
  assertEquals(pair.there.tryReceive(), null);
});

Deno.test("a stream whose peer has gone is BrokenPipe in all voices", async () => {
  using pair = streams();
  pair.there.close();
  const p = new Uint8Array(1);
  // A child that is being started may have a copy of the peer for a moment.
  await assertRejects(async () => {
    for (;;) await pair.here.write(p);
  }, BrokenPipe);
  assertThrows(() => pair.here.tryWrite(p), BrokenPipe, "EPIPE");
  assertThrows(() => pair.here.writeSync(p), BrokenPipe);
  await assertRejects(() => pair.here.writeAll(p), BrokenPipe);
  assertThrows(() => pair.here.trySend("x"), BrokenPipe);
  assertThrows(() => pair.here.sendSync("x"), BrokenPipe);
  await assertRejects(() => pair.here.send("x"), BrokenPipe);
});

Deno.test("a peer that closes without reading resets the connection", {
  ignore: !LINUX,
}, async () => {
  using pair = streams();
  pair.here.writeSync(new Uint8Array(3));
  pair.there.close();
  const error = await assertRejects(
    () => pair.here.read(new Uint8Array(1)),
    Deno.errors.ConnectionReset,
  );
  assertEquals((error as Error & { code: string }).code, "ECONNRESET");
});

Deno.test("tryRead(), tryWrite(), tryReceive() and trySend() say when they would block", () => {
  using pair = streams();
  assertEquals(pair.here.tryRead(new Uint8Array(1)), undefined);
  assertEquals(pair.here.tryReceive(), undefined);
  const block = new Uint8Array(4096);
  while (pair.here.tryWrite(block) !== undefined);
  assertEquals(pair.here.trySend("x"), undefined);
});

Deno.test("a mebibyte goes through whole, read while it is written", async () => {
  using pair = streams();
  const data = pattern(1 << 20);
  const progress: number[] = [];
  const writing = pair.here.writeAll(data, {
    onProgress: (written) => progress.push(written),
  }).then(() => pair.here.closeWrite());
  const read = await new Response(pair.there.readable).bytes();
  await writing;
  assertEquals(read, data);
  assertEquals(progress.at(-1), data.length);
});

Deno.test("send() sends all, and nothing of another write comes in between", async () => {
  using pair = streams();
  const size = 500_000;
  const sends = [
    pair.here.send(new Uint8Array(size).fill(1), { fds: [pair.here] }),
    pair.here.writeAll(new Uint8Array(size).fill(2)),
    pair.here.send(new Uint8Array(size).fill(3)),
  ];
  Promise.all(sends).then(() => pair.here.close());
  const all = await new Response(pair.there.readable).bytes();
  assertEquals(all.length, 3 * size);
  for (const byte of [1, 2, 3]) {
    const part = all.subarray((byte - 1) * size, byte * size);
    assert(part.every((b) => b === byte));
  }
  assertEquals(await sends[0], size);
});

Deno.test("sendSync() tells how much went out when its time is up", () => {
  using pair = streams();
  let sent = 0;
  const data = new Uint8Array(1 << 21);
  const onProgress = (written: number) => sent = written;
  assertThrows(
    () => pair.here.sendSync(data, { timeout: 20, onProgress }),
    TimedOut,
  );
  let there = 0;
  for (let n; (n = pair.there.tryRead(data));) there += n;
  assert(sent > 0 && sent === there);
});

Deno.test("text is sent as UTF-8", async () => {
  using pair = streams();
  assertEquals(await pair.here.send("zwölf €"), 10);
  using message = await pair.there.receive();
  assertEquals(decoder.decode(message!.data), "zwölf €");
  assertEquals(message!.from, undefined);
  assertEquals([message!.truncated, message!.fdsTruncated], [false, false]);
});

Deno.test("receive() takes no more of a stream than it is told to", async () => {
  using pair = streams();
  pair.here.writeSync(encoder.encode("abcdef"));
  using first = await pair.there.receive({ maxBytes: 2 });
  assertEquals(decoder.decode(first!.data), "ab");
  assertEquals(first!.truncated, false);
  const into = new Uint8Array(8);
  using second = pair.there.receiveSync({ into });
  assertEquals(decoder.decode(second!.data), "cdef");
  assertEquals(second!.data.buffer, into.buffer);
});

Deno.test("what was received before stays as it is", async () => {
  using pair = streams();
  await pair.here.send("one");
  using one = await pair.there.receive();
  await pair.here.send("two");
  using two = await pair.there.receive();
  assertEquals(decoder.decode(one!.data) + decoder.decode(two!.data), "onetwo");
});

Deno.test("closeWrite() is the end for the peer, which can still answer", async () => {
  using pair = streams();
  pair.here.closeWrite();
  const p = new Uint8Array(8);
  assertEquals(await pair.there.read(p), null);
  assertEquals(await pair.there.write(p), 8);
  assertEquals(await pair.here.read(p), 8);
  await assertRejects(() => pair.here.write(p), BrokenPipe);
  await pair.here.closeWrite();
});

Deno.test("closeWrite() waits for what is being written", async () => {
  using pair = streams();
  const size = 1 << 20;
  const writing = pair.here.writeAll(new Uint8Array(size));
  const ending = pair.here.closeWrite();
  assertEquals((await new Response(pair.there.readable).bytes()).length, size);
  await writing;
  await ending;
});

Deno.test("the Web Streams of an echo close its socket when both have ended", async () => {
  using pair = streams();
  const { here, there } = pair;
  const echo = there.readable.pipeTo(there.writable);
  await here.writeAll(pattern(300_000).subarray(0, 100_000));
  await here.closeWrite();
  assertEquals((await new Response(here.readable).bytes()).length, 100_000);
  await echo;
  assertThrows(() => there.fd, BadResource);
  assert(here.fd >= 0, "its writable was not used, so it may still be");
});

Deno.test("whichever of the Web Streams ends last closes the socket", async () => {
  using pair = streams();
  const { here, there } = pair;
  await here.writable.close();
  assertEquals(await there.read(new Uint8Array(1)), null);
  await there.send("an answer");
  there.close();
  assertEquals(await new Response(here.readable).text(), "an answer");
  assertThrows(() => here.fd, BadResource);
});

Deno.test("the Web Streams of an echo close its socket when the peer is gone", async () => {
  using pair = streams();
  const { here, there } = pair;
  await here.writeAll(new Uint8Array(3));
  here.close();
  const echo = there.readable.pipeTo(there.writable);
  await assertRejects(() => echo, BrokenPipe);
  assertThrows(() => there.fd, BadResource);
});

Deno.test("a write that fails leaves what has arrived to be read", async () => {
  using pair = streams();
  const { here, there } = pair;
  await there.send("last words");
  there.close();
  const source = ReadableStream.from([new Uint8Array(3)]);
  await assertRejects(() => source.pipeTo(here.writable), BrokenPipe);
  assertEquals(await new Response(here.readable).text(), "last words");
  assertThrows(() => here.fd, BadResource);
});

Deno.test("readable that is cancelled refuses what the peer writes", async () => {
  using pair = streams();
  await pair.there.readable.cancel();
  await assertRejects(
    () => pair.here.writeAll(new Uint8Array(1 << 20)),
    BrokenPipe,
  );
  pair.there.writeSync(encoder.encode("still"));
  assertEquals(await pair.here.read(new Uint8Array(8)), 5);
});

Deno.test("writable that is aborted closes the socket", async () => {
  using pair = streams();
  await pair.here.writable.abort();
  assertThrows(() => pair.here.fd, BadResource);
  assertEquals(await pair.there.read(new Uint8Array(1)), null);
});

Deno.test("for await gives the chunks up to the end", async () => {
  using pair = streams();
  await pair.here.writeAll(encoder.encode("ping"));
  pair.here.close();
  const chunks = await Array.fromAsync(pair.there);
  assertEquals(chunks, [encoder.encode("ping")]);
});

Deno.test("an aborted read or receive takes nothing", async () => {
  using pair = streams();
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  const { signal } = controller;
  const waits = Promise.allSettled([
    pair.here.read(new Uint8Array(8), { signal }),
    pair.here.receive({ signal }),
  ]);
  pair.there.writeSync(encoder.encode("ping"));
  controller.abort(reason);
  for (const result of await waits) {
    assertEquals((result as PromiseRejectedResult).reason, reason);
  }
  assertEquals(await pair.here.read(new Uint8Array(8)), 4);
  await assertRejects(() => pair.here.receive({ signal }));
});

Deno.test("reads and receives that are pending are served in order", async () => {
  using pair = streams();
  const p = new Uint8Array(1);
  const waits = [
    pair.here.read(p),
    pair.here.receive({ maxBytes: 1 }),
    pair.here.read(new Uint8Array(1)),
  ] as const;
  assertEquals(pair.here.tryReceive(), undefined);
  assertThrows(() => pair.here.receiveSync(), Busy);
  pair.there.writeSync(new Uint8Array([1, 2, 3]));
  await Promise.all(waits);
  assertEquals([p[0], (await waits[1])!.data[0]], [1, 2]);
});

Deno.test("closing rejects all pending waits with BadResource, promptly", async () => {
  using pair = streams();
  const { here } = pair;
  const waits = Promise.allSettled([
    here.read(new Uint8Array(1)),
    here.receive(),
    here.writeAll(new Uint8Array(1 << 21)),
    here.send(new Uint8Array(1 << 21)),
    here.closeWrite(),
  ]);
  here.close();
  for (const result of await waits) {
    const { reason } = result as PromiseRejectedResult;
    assertInstanceOf(reason, BadResource);
  }
});

Deno.test("a closed stream throws BadResource whatever is asked of it", async () => {
  using pair = streams();
  const { here } = pair;
  here.close();
  here.close();
  here[Symbol.dispose]();
  const p = new Uint8Array(1);
  for (
    const use of [
      () => here.fd,
      () => here.peer,
      () => here.localPath,
      () => here.remotePath,
      () => here.sendBufferSize,
      () => here.tryRead(p),
      () => here.readSync(p),
      () => here.tryWrite(p),
      () => here.writeAllSync(p),
      () => here.trySend("x"),
      () => here.sendSync("x"),
      () => here.tryReceive(),
      () => here.receiveSync(),
    ]
  ) assertThrows(use, BadResource);
  await assertRejects(() => here.read(p), BadResource);
  await assertRejects(() => here.write(p), BadResource);
  await assertRejects(() => here.send("x"), BadResource);
  await assertRejects(() => here.receive(), BadResource);
  await assertRejects(() => here.closeWrite(), BadResource);
});

Deno.test("sync waits throw TimedOut in time and take nothing", () => {
  using pair = streams();
  const limit = { timeout: 20 };
  const begin = performance.now();
  assertThrows(() => pair.here.readSync(new Uint8Array(1), limit), TimedOut);
  assertThrows(() => pair.here.receiveSync(limit), TimedOut);
  assert(performance.now() - begin >= 39);
  assertThrows(() => pair.here.receiveSync({ timeout: -1 }), RangeError);
});

Deno.test("connect() waits while the backlog is full, and can be aborted", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  const path = dir.join("socket");
  using listener = UnixListener.listen(path, { backlog: 0 });
  using first = await UnixStream.connect(path);
  assertEquals(UnixStream.tryConnect(path), undefined);
  assertThrows(() => UnixStream.connectSync(path, { timeout: 20 }), TimedOut);
  const signal = AbortSignal.timeout(20);
  await assertRejects(() => UnixStream.connect(path, { signal }), DOMException);

  const connecting = UnixStream.connect(path, deadline);
  using server = await listener.accept();
  using second = await connecting;
  assertEquals(server.localPath, second.remotePath);
  assert(first.fd !== second.fd);
});

Deno.test("connecting to what is not there, or not one, is a clear error", async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  const missing = await assertRejects(
    () => UnixStream.connect(path),
    Deno.errors.NotFound,
  );
  assertEquals(
    missing.message,
    `ENOENT: no such socket, connect '${path}'`,
  );
  Deno.writeTextFileSync(dir.join("file"), "");
  const refused = assertThrows(
    () => UnixStream.connectSync(dir.join("file")),
    Error,
  );
  assert(["ECONNREFUSED", "ENOTSOCK"].includes(
    (refused as Error & { code: string }).code,
  ));
  const dead = UnixListener.listen(path, { temporary: false });
  dead.close();
  await assertRejects(
    () => UnixStream.connect(path),
    Deno.errors.ConnectionRefused,
    "nobody listens there",
  );
  if (!LINUX) return;
  using _other = UnixListener.listen(dir.join("other"), { type: "seqpacket" });
  const error = await assertRejects(
    () => UnixStream.connect(dir.join("other")),
    IpcError,
    "of another type",
  );
  assertEquals(error.code, "EPROTOTYPE");
});

Deno.test("the peer is who the kernel says it is", async () => {
  using dir = new TempDir();
  using listener = UnixListener.listen(dir.join("socket"));
  using client = await UnixStream.connect(dir.join("socket"));
  using server = await listener.accept();
  const me = { pid: Deno.pid, uid: Deno.uid()!, gid: Deno.gid()! };
  assertEquals(server.peer, me);
  assertEquals(client.peer, me);
});

Deno.test("the buffers' sizes are set when it is made and afterwards", async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  const sizes = { sendBufferSize: 20_000, receiveBufferSize: 30_000 };
  using listener = UnixListener.listen(path, sizes);
  using client = await UnixStream.connect(path, sizes);
  using server = await listener.accept();
  const [one, two] = UnixStream.pair(sizes);
  for (using socket of [client, server, one, two]) {
    // Linux doubles it.
    const factor = LINUX ? 2 : 1;
    assertEquals(socket.sendBufferSize, factor * 20_000);
    assertEquals(socket.receiveBufferSize, factor * 30_000);
    socket.sendBufferSize = 40_000;
    socket.receiveBufferSize = 50_000;
    assertEquals(socket.sendBufferSize, factor * 40_000);
    assertEquals(socket.receiveBufferSize, factor * 50_000);
    assertThrows(() => socket.sendBufferSize = 0, RangeError, "sendBufferSize");
    assertThrows(() => socket.receiveBufferSize = 1.5, RangeError);
  }
  for (const sendBufferSize of [0, -1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => UnixStream.pair({ sendBufferSize }), RangeError);
    await assertRejects(
      () => UnixStream.connect(path, { sendBufferSize }),
      RangeError,
    );
  }
});

Deno.test("arguments of the wrong kind are refused", async () => {
  using pair = streams();
  const { here } = pair;
  assertThrows(() => here.sendSync("x", { timeout: -1 }), RangeError);
  const number = 5 as unknown as string;
  await assertRejects(() => here.send(number), TypeError, "Uint8Array");
  assertThrows(() => here.trySend(number), TypeError);
  for (const maxBytes of [0, -1, 1.5, NaN]) {
    assertThrows(() => here.tryReceive({ maxBytes }), RangeError, "maxBytes");
  }
  for (const maxFds of [-1, 254, 0.5]) {
    assertThrows(() => here.tryReceive({ maxFds }), RangeError, "maxFds");
  }
  const into = new Uint8Array(4);
  assertThrows(() => here.tryReceive({ into, maxBytes: 5 }), RangeError);
  assertThrows(() => here.tryReceive({ into: new Uint8Array(0) }), RangeError);
  const text = "text" as unknown as Uint8Array;
  assertThrows(() => here.tryReceive({ into: text }), TypeError);
  if (!LINUX) return;
  const me = { pid: Deno.pid, uid: 0, gid: 0 };
  for (const wrong of [{ pid: 0 }, { pid: 1.5 }, { uid: -1 }, { gid: NaN }]) {
    const credentials = { ...me, ...wrong };
    assertThrows(() => here.trySend("x", { credentials }), RangeError);
  }
});

Deno.test("memory that was taken away meanwhile is not received into", async () => {
  using pair = streams();
  const into = new Uint8Array(1000);
  await pair.there.send("first");
  assertEquals((await pair.here.receive({ into }))!.data.length, 5);
  const receiving = pair.here.receive({ into });
  const rejection = assertRejects(() => receiving, TypeError, "taken away");
  structuredClone(into.buffer, { transfer: [into.buffer] });
  await pair.there.send("second");
  await rejection;
  assertEquals((await pair.here.receive())!.data.length, 6);
});

Deno.test("fromFd() takes over a connected stream, and closes it", async () => {
  using bare = BarePair.sockets();
  using one = UnixStream.fromFd(bare.reader.release());
  using two = UnixStream.fromFd(bare.writer.release());
  await one.send("ping");
  assertEquals((await two.receive())!.data.length, 4);
  assertThrows(() => UnixStream.fromFd(one.fd), Busy, "belongs to an open");
  one.close();
  assertEquals(await two.read(new Uint8Array(1)), null);
});

Deno.test("fromFd() refuses what is no connected stream", () => {
  using dir = new TempDir();
  for (const fd of [-1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => UnixStream.fromFd(fd), RangeError, "descriptor");
  }
  assertThrows(() => UnixStream.fromFd(99_999), BadResource, "EBADF");
  using file = new Bare(openFile("/dev/null", O_RDONLY));
  const error = assertThrows(() => UnixStream.fromFd(file.fd), IpcError);
  assertEquals(error.code, "ENOTSOCK");
  using listener = UnixListener.listen(dir.join("socket"));
  assertThrows(
    () => UnixStream.fromFd(listener.fd),
    TypeError,
    "a socket that listens",
  );
  using datagram = UnixDatagram.bind();
  assertThrows(
    () => UnixStream.fromFd(datagram.fd),
    TypeError,
    "not a stream socket but a datagram socket",
  );
});

Deno.test("a socket is close-on-exec and does not block", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  using pair = streams();
  using listener = UnixListener.listen(dir.join("socket"));
  using client = await UnixStream.connect(dir.join("socket"));
  using server = await listener.accept();
  for (const { fd } of [pair.here, listener, client, server]) {
    const info = Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`);
    const flags = parseInt(info.match(/flags:\s*(\d+)/)![1], 8);
    assertEquals(flags & 0o2004000, 0o2004000, "O_CLOEXEC | O_NONBLOCK");
  }
});

Deno.test("who waits to write is told so when the end is closed", async () => {
  const [here, there] = UnixStream.pair();
  using _there = there;
  while (here.tryWrite(new Uint8Array(65_536)) !== undefined);
  const reading = here.read(new Uint8Array(1));
  const writing = here.write(new Uint8Array(1));
  here.close();
  for (const [wait, syscall] of [[reading, "read"], [writing, "write"]]) {
    const error = await assertRejects(
      () => wait as Promise<unknown>,
      Deno.errors.BadResource,
    );
    assertEquals((error as Error & { syscall: string }).syscall, syscall);
  }
});
