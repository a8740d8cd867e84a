import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  IpcError,
  UnixDatagram,
  UnixListener,
  UnixStream,
} from "@ipc/core/socket";
import { denoArgs, missing, run } from "./_util/peers.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { datagrams } from "./_util/socket_pairs.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const { BadResource, Busy, ConnectionRefused, NotConnected, TimedOut } =
  Deno.errors;
const decoder = new TextDecoder();

Deno.test("UnixDatagram sends to a name and is answered by its own", async () => {
  using dir = new TempDir();
  using server = UnixDatagram.bind(dir.join("server"));
  using client = UnixDatagram.bind(dir.join("client"));
  assertEquals(server.localPath, dir.join("server"));
  assertEquals(await client.send("ping", { to: dir.join("server") }), 4);
  using request = await server.receive();
  assertEquals(request.from, dir.join("client"));
  assertEquals(server.sendSync("pong", { to: request.from }), 4);
  using answer = client.receiveSync();
  assertEquals(decoder.decode(answer.data), "pong");
  assertEquals(answer.from, dir.join("server"));
  assertEquals(client.trySend("again", { to: dir.join("server") }), 5);
});

Deno.test("UnixDatagram without a path can be answered", {
  ignore: !LINUX,
}, async () => {
  using server = UnixDatagram.bind();
  using client = UnixDatagram.bind();
  assert(/^\0[0-9a-f]{5}$/.test(client.localPath!));
  await client.send("ping", { to: server.localPath });
  using request = await server.receive();
  assertEquals(request.from, client.localPath);
  await server.send("pong", { to: request.from });
  assertEquals((await client.receive()).data.length, 4);
});

Deno.test("UnixDatagram that is connected sends without a name", async () => {
  using dir = new TempDir();
  using one = UnixDatagram.bind(dir.join("one"));
  using two = UnixDatagram.bind(dir.join("two"));
  using client = UnixDatagram.bind(dir.join("client"));
  assertThrows(() => client.remotePath, NotConnected);
  client.connect(dir.join("one"));
  assertEquals(client.remotePath, dir.join("one"));
  await client.send("to one");
  client.connect(dir.join("two"));
  await client.send("to two");
  assertEquals(decoder.decode((await one.receive()).data), "to one");
  assertEquals(decoder.decode((await two.receive()).data), "to two");
  // Who is connected hears nobody else.
  const error = assertThrows(() =>
    one.sendSync("hello", { to: dir.join("client") })
  ) as Error & { code: string };
  assertEquals(error.code, LINUX ? "EPERM" : "ECONNREFUSED");
});

Deno.test("sending to nobody is a clear error", async () => {
  using dir = new TempDir();
  using client = UnixDatagram.bind(dir.join("client"));
  await assertRejects(() => client.send("x"), NotConnected, "`to`");
  const to = dir.join("server");
  const missing = await assertRejects(
    () => client.send("x", { to }),
    Deno.errors.NotFound,
  );
  assertEquals(missing.message, `ENOENT: no such socket, send '${to}'`);
  const server = UnixDatagram.bind(to, { temporary: false });
  client.connect(to);
  server.close();
  await assertRejects(() => client.send("x"), ConnectionRefused);
  // Linux takes that for the end of the connection.
  assertThrows(() => client.sendSync("x"), LINUX ? NotConnected : Error);
  await assertRejects(() => client.send("x", { to }), ConnectionRefused);
  assertThrows(() => client.sendSync("x", { to }), ConnectionRefused);
  assertThrows(() => client.trySend("x", { to }), ConnectionRefused);
  assertThrows(() => client.connect(to), ConnectionRefused);
  using _listener = UnixListener.listen(dir.join("stream"));
  const wrong = assertThrows(
    () => client.sendSync("x", { to: dir.join("stream") }),
    IpcError,
  );
  assertEquals(wrong.code, "EPROTOTYPE");
  assertThrows(() => client.connect(dir.join("stream")), IpcError, "type");
});

Deno.test("UnixDatagram waits for a receiver that is full, and passes others by", async () => {
  using dir = new TempDir();
  using full = UnixDatagram.bind(dir.join("full"));
  using free = UnixDatagram.bind(dir.join("free"));
  using client = UnixDatagram.bind(dir.join("client"));
  const to = dir.join("full");
  let count = 0;
  while (client.trySend(`${count}`, { to }) !== undefined) count++;
  assertThrows(() => client.sendSync("x", { to, timeout: 10 }), TimedOut);
  const controller = new AbortController();
  const aborted = client.send("x", { to, signal: controller.signal });
  const waiting = [count, count + 1].map((i) => client.send(`${i}`, { to }));
  assertEquals(client.trySend("x", { to }), undefined);
  assertThrows(() => client.sendSync("x", { to }), Busy);

  await client.send("quick", { to: dir.join("free") });
  assertEquals((await free.receive()).data.length, 5);

  controller.abort();
  await assertRejects(() => aborted, DOMException);
  for (let i = 0; i < count + 2; i++) {
    using message = await full.receive();
    assertEquals(decoder.decode(message.data), `${i}`);
  }
  await Promise.all(waiting);
  assertEquals(full.tryReceive(), undefined);
  assertEquals(client.trySend("again", { to }), 5);
});

Deno.test("an abstract name is readable when its receiver was full", {
  ignore: !LINUX,
}, () => {
  const name = crypto.randomUUID();
  using _full = UnixDatagram.bind(`\0${name}`);
  using client = UnixDatagram.bind();
  const to = `\0${name}`;
  while (client.trySend("x", { to }) !== undefined);
  assertThrows(
    () => client.sendSync("x", { to, timeout: 10 }),
    TimedOut,
    `'@${name}'`,
  );
});

Deno.test("messages that never wait leave timers their turn", async () => {
  using dir = new TempDir();
  const to = dir.join("socket");
  using socket = UnixDatagram.bind(to);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const end = performance.now() + 200;
  while (performance.now() < end) {
    await socket.send("x", { to });
    socket.tryReceive();
  }
  clearInterval(timer);
  assert(ticks > 10, `${ticks} ticks of 200 possible`);
});

Deno.test("closing rejects those who wait for a receiver that is full", async () => {
  using dir = new TempDir();
  using _full = UnixDatagram.bind(dir.join("full"));
  const client = UnixDatagram.bind(dir.join("client"));
  const to = dir.join("full");
  while (client.trySend("x", { to }) !== undefined);
  const rejections = [1, 2].map(() =>
    assertRejects(() => client.send("y", { to }), BadResource)
  );
  const iteration = Array.fromAsync(client);
  client.close();
  await Promise.all(rejections);
  assertEquals(await iteration, []);
});

Deno.test("a receiver that dies while a sender waits refuses", async () => {
  using dir = new TempDir();
  const full = UnixDatagram.bind(dir.join("full"), { temporary: false });
  using client = UnixDatagram.bind(dir.join("client"));
  using connected = UnixDatagram.bind(dir.join("connected"));
  const to = dir.join("full");
  connected.connect(to);
  while (client.trySend("x", { to }) !== undefined);
  const waits = [
    assertRejects(() => client.send("y", { to }), ConnectionRefused),
    assertRejects(() => connected.send("y"), ConnectionRefused),
  ];
  full.close();
  await Promise.all(waits);
});

Deno.test("40,000 datagrams of several senders arrive, each one's in order", async () => {
  using dir = new TempDir();
  using deadline = new Deadline(30_000);
  const path = dir.join("server");
  using server = UnixDatagram.bind(path);
  const script = `
    import { UnixDatagram } from "@ipc/core/socket";
    const [path, name] = Deno.args;
    using client = UnixDatagram.bind();
    if (name === "0") client.connect(path);
    const to = name === "0" ? undefined : path;
    for (let i = 0; i < 10_000; i++) {
      if (i % 2) await client.send(name + " " + i, { to });
      else client.sendSync(name + " " + i, { to });
    }`;
  const senders = [0, 1, 2, 3].map((name) =>
    run(Deno.execPath(), [...denoArgs(script), path, `${name}`], deadline)
  );
  const next = [0, 0, 0, 0];
  while (next.some((count) => count < 10_000)) {
    using message = await server.receive(deadline);
    const [name, i] = decoder.decode(message.data).split(" ").map(Number);
    assertEquals(i, next[name]++);
  }
  for (const { stderr, code } of await Promise.all(senders)) {
    assertEquals([code, stderr], [0, ""]);
  }
});

Deno.test("a datagram socket whose peer is killed can be asked again", {
  ignore: missing("python3"),
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  using server = UnixDatagram.bind(dir.join("server"));
  await using peer = new Peer("python3", [
    "-c",
    `
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.sendto(b"hello", sys.argv[2])
time.sleep(1000)`,
    dir.join("peer"),
    dir.join("server"),
  ], deadline);
  using message = await server.receive(deadline);
  assertEquals(message.from, dir.join("peer"));
  assertEquals(message.credentials?.pid, LINUX ? peer.pid : undefined);
  Deno.kill(peer.pid, "SIGKILL");
  await peer.outcome;
  await assertRejects(
    () => server.send("x", { to: message.from }),
    ConnectionRefused,
  );
  await server.send("to itself", { to: dir.join("server") });
  assertEquals((await server.receive(deadline)).data.length, 9);
});

Deno.test("a sender whose name is not UTF-8 is reported, not garbled", {
  ignore: missing("python3") || !LINUX,
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  using server = UnixDatagram.bind(dir.join("server"));
  await using peer = new Peer("python3", [
    "-c",
    `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(b"\\x00\\xff\\xfe")
s.sendto(b"hello", sys.argv[1])
c = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
c.bind(b"\\x00\\xfe\\xff")
c.connect(sys.argv[2])
c.recv(1)`,
    dir.join("server"),
    dir.join("listener"),
  ], deadline);
  using listener = UnixListener.listen(dir.join("listener"));
  using message = await server.receive(deadline);
  assertEquals(decoder.decode(message.data), "hello");
  assertThrows(() => message.from, Deno.errors.InvalidData, "00 ff fe");
  using connection = await listener.accept(deadline);
  assertThrows(() => connection.remotePath, Deno.errors.InvalidData);
  connection.writeSync(new Uint8Array(1));
  assertEquals((await peer.outcome).code, 0);
});

Deno.test("UnixDatagram refuses wrong arguments before any call", async () => {
  using pair = datagrams();
  const { here } = pair;
  const wrong = 5 as unknown as string;
  assertThrows(() => here.trySend(wrong), TypeError, "Uint8Array");
  assertThrows(() => here.trySend("x", { to: wrong }), TypeError);
  assertThrows(() => here.trySend("x", { to: "" }), TypeError);
  assertThrows(() => here.trySend("x", { to: "x".repeat(200) }), RangeError);
  assertThrows(() => here.connect("x".repeat(200)), RangeError);
  await assertRejects(() => here.send("x", { to: "\0" }), Error);
  const reason = new Error("no");
  const signal = AbortSignal.abort(reason);
  const results = [
    here.send("x", { signal }),
    here.send("x", { signal, to: "/tmp/x" }),
    here.receive({ signal }),
  ];
  for (const result of results) {
    assertEquals(await result.catch((error) => error), reason);
  }
  assertEquals(pair.there.tryReceive(), undefined);
});

Deno.test("a stream cannot be connected to a datagram socket", () => {
  using dir = new TempDir();
  using _server = UnixDatagram.bind(dir.join("server"));
  const error = assertThrows(
    () => UnixStream.connectSync(dir.join("server")),
    IpcError,
    "another type",
  );
  assertEquals(error.code, "EPROTOTYPE");
});
