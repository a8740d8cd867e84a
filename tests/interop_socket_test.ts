/** Unix sockets with other programs on the other side. */

import { assert, assertEquals } from "@std/assert";
import { Pipe, PipeReader, spawn } from "@ipc/core/pipe";
import {
  MessageStream,
  UnixDatagram,
  UnixListener,
  UnixSeqpacket,
  UnixStream,
} from "@ipc/core/socket";
import { pattern, sha256 } from "./_util/pattern.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs, missing } from "./_util/peers.ts";
import { PYTHON_CLIENT, PYTHON_SERVER } from "./_util/socket_python.ts";
import { TempDir } from "./_util/temp.ts";
import { appears } from "./_util/until.ts";

const LINUX = Deno.build.os === "linux";
const noPython = missing("python3");
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ROUNDS = 100;
const COUNTED = { code: 0, signal: null, stdout: `${ROUNDS}\n`, stderr: "" };

/** A path for a socket, and programs that do not outlive the test. */
class Scene implements Disposable {
  readonly #directory = new TempDir();
  readonly #deadline = new Deadline();
  readonly signal: AbortSignal = this.#deadline.signal;
  readonly path: string = this.#directory.join("socket");

  python(program: string, ...args: string[]): Peer {
    return new Peer("python3", ["-c", program, this.path, ...args], this);
  }

  /** Connects to what another program listens on, as soon as it does. */
  async connect(): Promise<UnixStream> {
    await appears(this.path, this.signal);
    for (;;) {
      try {
        return await UnixStream.connect(this.path, this);
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await new Promise((done) => setTimeout(done, 1));
      }
    }
  }

  join(name: string): string {
    return this.#directory.join(name);
  }

  [Symbol.dispose](): void {
    this.#deadline[Symbol.dispose]();
    this.#directory[Symbol.dispose]();
  }
}

async function endsWell(peer: Peer): Promise<void> {
  const { code, stderr } = await peer.outcome;
  assertEquals([code, stderr], [0, ""]);
}

async function say(stream: UnixStream, text: string): Promise<void> {
  await stream.writeAll(encoder.encode(text));
}

async function hear(stream: UnixStream): Promise<string> {
  const p = new Uint8Array(16);
  const count = await stream.read(p);
  return decoder.decode(p.subarray(0, count ?? 0));
}

Deno.test("our client talks to the Python server of the tutorials", {
  ignore: noPython,
}, async () => {
  using scene = new Scene();
  await using server = scene.python(PYTHON_SERVER);
  using client = await scene.connect();
  for (let round = 0; round < ROUNDS; round++) {
    await say(client, "ping");
    assertEquals(await hear(client), "pong");
  }
  await say(client, "end");
  assertEquals(await server.outcome, COUNTED);
  assertEquals(await hear(client), "");
});

Deno.test("our server talks to the Python client of the tutorials", {
  ignore: noPython,
}, async () => {
  using scene = new Scene();
  using listener = UnixListener.listen(scene.path);
  await using client = scene.python(PYTHON_CLIENT);
  using server = await listener.accept(scene);
  for (let round = 0; round < ROUNDS; round++) {
    assertEquals(await hear(server), "ping");
    await say(server, "pong");
  }
  assertEquals(await hear(server), "end");
  assertEquals(await client.outcome, COUNTED);
  assertEquals(server.peer.pid, client.pid);
});

Deno.test("our client in the blocking voice talks to the Python server", {
  ignore: noPython,
}, async () => {
  using scene = new Scene();
  await using server = scene.python(PYTHON_SERVER);
  using client = await scene.connect();
  const limit = { timeout: 10_000 };
  const p = new Uint8Array(16);
  for (let round = 0; round < ROUNDS; round++) {
    client.writeAllSync(encoder.encode("ping"), limit);
    assertEquals(client.readSync(p, limit), 4);
  }
  client.sendSync("end", limit);
  assertEquals(await server.outcome, COUNTED);
});

Deno.test("Python's send_fds hands us a pipe, a memfd and a socket", {
  ignore: noPython || !LINUX,
}, async () => {
  using scene = new Scene();
  using listener = UnixListener.listen(scene.path);
  await using peer = scene.python(`
import os, socket, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
client.connect(sys.argv[1])
r, w = os.pipe()
memory = os.memfd_create("shared")
os.write(memory, b"in memory")
a, b = socket.socketpair()
socket.send_fds(client, [b"three"], [r, memory, a.fileno()])
os.write(w, b"through the pipe")
os.close(w)
a.close()
b.sendall(b"ping")
assert b.recv(16) == b"pong"
`);
  using connection = await listener.accept(scene);
  using message = (await connection.receive(scene))!;
  assertEquals(decoder.decode(message.data), "three");
  const [pipe, memory, socket] = message.fds;
  using reader = PipeReader.fromFd(pipe.take());
  const piped = await new Response(reader.readable).text();
  assertEquals(piped, "through the pipe");
  const shared = Deno.readTextFileSync(`/proc/self/fd/${memory.fd}`);
  assertEquals(shared, "in memory");
  using stream = UnixStream.fromFd(socket.take());
  assertEquals(await hear(stream), "ping");
  await say(stream, "pong");
  await endsWell(peer);
});

Deno.test("Python's recv_fds takes what we send, with the bytes", {
  ignore: noPython,
}, async () => {
  using scene = new Scene();
  using listener = UnixListener.listen(scene.path);
  await using peer = scene.python(`
import os, socket, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
client.connect(sys.argv[1])
data, fds, flags, addr = socket.recv_fds(client, 100, 4)
assert data == b"two ends", data
assert len(fds) == 2, fds
r, w = fds
os.set_blocking(r, True)
assert os.read(r, 16) == b"ping"
os.write(w, b"pong")
`);
  using there = Pipe.open();
  using back = Pipe.open();
  using connection = await listener.accept(scene);
  await connection.send("two ends", { fds: [there.reader, back.writer] });
  await there.writer.writeAll(encoder.encode("ping"));
  const p = new Uint8Array(16);
  assertEquals(await back.reader.read(p, scene), 4);
  await endsWell(peer);
});

Deno.test("Python's SO_PEERCRED sees us, and peer sees Python", {
  ignore: noPython || !LINUX,
}, async () => {
  using scene = new Scene();
  using listener = UnixListener.listen(scene.path);
  await using peer = scene.python(`
import os, socket, struct, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
client.connect(sys.argv[1])
cred = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
pid, uid, gid = struct.unpack("3i", cred)
client.sendall(("%d %d %d" % (pid, uid, gid)).encode())
`);
  using connection = await listener.accept(scene);
  const me = `${Deno.pid} ${Deno.uid()} ${Deno.gid()}`;
  using message = (await connection.receive(scene))!;
  assertEquals(decoder.decode(message.data), me);
  const { pid } = peer;
  const expected = { pid, uid: Deno.uid(), gid: Deno.gid() };
  assertEquals<unknown>(connection.peer, expected);
});

Deno.test("credentials go with messages to Python and back", {
  ignore: noPython || !LINUX,
}, async () => {
  using scene = new Scene();
  using listener = UnixListener.listen(scene.path, { type: "seqpacket" });
  await using peer = scene.python(
    `
import os, socket, struct, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
client.connect(sys.argv[1])
mine = struct.pack("3i", os.getpid(), os.getuid(), os.getgid())
client.sendmsg([b"me"], [(socket.SOL_SOCKET, 2, mine)])
data, ancillary, flags, addr = client.recvmsg(100, 100)
[(level, kind, theirs)] = ancillary
pid, uid, gid = struct.unpack("3i", theirs)
print(data.decode(), kind == 2, pid == int(sys.argv[2]), uid == os.getuid())
`,
    `${Deno.pid}`,
  );
  using connection = await listener.accept(scene);
  assert(connection instanceof UnixSeqpacket);
  using message = (await connection.receive(scene))!;
  const { pid } = peer;
  const expected = { pid, uid: Deno.uid(), gid: Deno.gid() };
  assertEquals<unknown>(message.credentials, expected);
  await connection.send("you", { credentials: true });
  const { stdout, stderr } = await peer.outcome;
  assertEquals([stdout, stderr], ["you True True True\n", ""]);
});

Deno.test("Python's datagrams come with their sender, who is answered", {
  ignore: noPython,
}, async () => {
  using scene = new Scene();
  using server = UnixDatagram.bind(scene.path);
  await using peer = scene.python(`
import socket, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
client.bind(sys.argv[1] + "-client")
for i in range(100):
    client.sendto(b"ping", sys.argv[1])
    data, address = client.recvfrom(100)
    assert data == b"pong" and address == sys.argv[1], (data, address)
client.sendto(b"end", sys.argv[1])
`);
  let count = 0;
  for await (const { data, from } of server) {
    if (decoder.decode(data) === "end") break;
    assertEquals(from, `${scene.path}-client`);
    await server.send("pong", { to: from });
    count++;
  }
  assertEquals(count, 100);
  await endsWell(peer);
});

Deno.test("a Python program speaks MessageStream with struct alone", {
  ignore: noPython,
}, async () => {
  using scene = new Scene();
  using listener = UnixListener.listen(scene.path);
  await using peer = scene.python(`
import socket, struct, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
client.connect(sys.argv[1])
stream = client.makefile("rwb")
while True:
    header = stream.read(4)
    if not header:
        break
    (length,) = struct.unpack(">I", header)
    data = stream.read(length)
    stream.write(struct.pack(">I", length) + data[::-1])
    stream.flush()
`);
  using messages = new MessageStream(await listener.accept(scene));
  for (const text of ["ping", "", "x".repeat(100_000) + "y"]) {
    await messages.send(text);
    const answer = decoder.decode((await messages.receive(scene))!);
    assertEquals(answer, [...text].reverse().join(""));
  }
  messages.close();
  await endsWell(peer);
});

const SIZE = 1 << 20;

Deno.test("socat talks to our listener, both ways at once", {
  ignore: missing("socat"),
}, async () => {
  using scene = new Scene();
  using listener = UnixListener.listen(scene.path);
  const [input, output] = [scene.join("input"), scene.join("output")];
  const data = pattern(SIZE);
  await Deno.writeFile(input, data);
  const script = 'socat -t 10 - "UNIX-CONNECT:$0" < "$1" > "$2"';
  const args = ["-c", script, scene.path, input, output];
  await using socat = new Peer("sh", args, scene);
  using connection = await listener.accept(scene);
  const echo = connection.readable.pipeTo(connection.writable);
  await endsWell(socat);
  await echo;
  const echoed = await Deno.readFile(output);
  assertEquals(await sha256(echoed), await sha256(data));
});

Deno.test("our client talks to a socat that listens", {
  ignore: missing("socat"),
}, async () => {
  using scene = new Scene();
  const args = [`UNIX-LISTEN:${scene.path}`, "EXEC:cat"];
  await using socat = new Peer("socat", args, scene);
  using client = await scene.connect();
  const data = pattern(SIZE);
  const writing = client.writeAll(data).then(() => client.closeWrite());
  assertEquals(await new Response(client.readable).bytes(), data);
  await writing;
  assertEquals((await socat.outcome).code, 0);
});

Deno.test(
  "nc -U talks to our listener",
  { ignore: missing("nc") },
  async () => {
    using scene = new Scene();
    using listener = UnixListener.listen(scene.path);
    const script = 'printf ping | nc -N -U "$0"';
    await using nc = new Peer("sh", ["-c", script, scene.path], scene);
    using connection = await listener.accept(scene);
    assertEquals(await new Response(connection.readable).text(), "ping");
    await connection.writeAll(encoder.encode("pong"));
    connection.close();
    const { code, stdout, stderr } = await nc.outcome;
    assertEquals([code, stdout, stderr], [0, "pong", ""]);
  },
);

Deno.test("our client talks to an nc -U that listens", {
  ignore: missing("nc"),
}, async () => {
  using scene = new Scene();
  const script = 'printf pong | nc -l -N -U "$0"';
  await using nc = new Peer("sh", ["-c", script, scene.path], scene);
  using client = await scene.connect();
  await client.send("ping");
  assertEquals(await hear(client), "pong");
  await client.closeWrite();
  const { code, stdout } = await nc.outcome;
  assertEquals([code, stdout], [0, "ping"]);
});

Deno.test("Deno's own sockets talk to ours, both ways", async () => {
  using scene = new Scene();
  using ours = UnixListener.listen(scene.path);
  using theirs = Deno.listen({ transport: "unix", path: scene.join("deno") });
  const pairs = [
    [
      await Deno.connect({ transport: "unix", path: scene.path }),
      await ours.accept(scene),
    ],
    [await UnixStream.connect(scene.join("deno")), await theirs.accept()],
  ] as const;
  for (const [one, two] of pairs) {
    for (const [from, to] of [[one, two], [two, one]] as const) {
      assertEquals(await from.write(encoder.encode("ping")), 4);
      assertEquals(await to.read(new Uint8Array(8)), 4);
    }
    one.close();
    assertEquals(await two.read(new Uint8Array(8)), null);
    two.close();
  }
});

Deno.test("a child talks through a socket in place of its standard streams", {
  ignore: missing("tr"),
}, async () => {
  const [ours, theirs] = UnixStream.pair();
  await using child = spawn("tr", {
    args: ["a-z", "A-Z"],
    fds: { 0: theirs, 1: theirs },
  });
  theirs.close();
  using stream = ours;
  await stream.send("quiet");
  await stream.closeWrite();
  assertEquals(await new Response(stream.readable).text(), "QUIET");
  assertEquals((await child.status).code, 0);
});

Deno.test("a socket that was handed to a child does not block this side", {
  ignore: missing("sleep"),
}, async () => {
  // Which it could, because the child's copy is blocking, and shares the flag.
  using scene = new Scene();
  const script = `
    import { spawn } from "@ipc/core/pipe";
    import { UnixStream } from "@ipc/core/socket";
    const [stream, peer] = UnixStream.pair();
    await using child = spawn("sleep", { args: ["100"], fds: { 3: stream } });
    console.log(stream.tryRead(new Uint8Array(1)));
    const reading = stream.read(new Uint8Array(1));
    while (stream.tryWrite(new Uint8Array(1 << 16)) !== undefined);
    peer.writeSync(new Uint8Array(1));
    console.log(await reading, stream.tryReceive());`;
  await using peer = new Peer(Deno.execPath(), denoArgs(script), scene);
  const { stdout, stderr } = await peer.outcome;
  assertEquals([stdout, stderr], ["undefined\n1 undefined\n", ""]);
});
