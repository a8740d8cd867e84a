/** Many connections: nothing lost, nothing left behind, memory flat. */

import { assert, assertEquals, assertLess } from "@std/assert";
import { UnixListener, UnixStream } from "@ipc/core/socket";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs, EXPOSE_GC, missing } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";

/** What an echo server of many clients says when the last has gone. */
interface Report {
  readonly connections: number;
  readonly bytes: number;
  /** Descriptors that are open now and were not before the first came. */
  readonly leaked: number;
  /** Growth of the heap since before the first came, in bytes. */
  readonly heap: number;
  /** Growth of all memory since half of it was done, in bytes. */
  readonly memory: number;
}

const SERVER = `
  import { UnixListener } from "@ipc/core/socket";
  import { openSockets } from "tests/_util/counts.ts";

  const [path, total] = [Deno.args[0], Number(Deno.args[1])];
  using listener = UnixListener.listen(path);
  const before = openSockets().length;
  const heapBefore = heap();
  console.log("ready");

  let connections = 0, closed = 0, bytes = 0, half = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers();

  async function echo(client) {
    using _client = client;
    const p = new Uint8Array(16_384);
    for (let n; (n = await client.read(p)) !== null;) {
      bytes += n;
      await client.writeAll(p.subarray(0, n));
    }
  }

  async function serve(client) {
    await echo(client);
    if (++closed === total / 2) half = Deno.memoryUsage().rss;
    if (closed === total) end();
  }

  function heap() {
    globalThis.gc();
    return Deno.memoryUsage().heapUsed;
  }

  // Collected buffers are given back by another thread, a moment later.
  async function settledMemory() {
    let least = Infinity;
    for (let i = 0; i < 10; i++) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done, 20));
      least = Math.min(least, Deno.memoryUsage().rss);
    }
    return least;
  }

  for await (const client of listener) {
    serve(client);
    if (++connections === total) break;
  }
  await ended;
  console.log(JSON.stringify({
    connections,
    bytes,
    leaked: openSockets().length - before,
    heap: heap() - heapBefore,
    memory: await settledMemory() - half,
  }));
`;

const CLIENTS = `
  import { UnixStream } from "@ipc/core/socket";

  const [path, ...numbers] = Deno.args;
  const [total, atOnce, size] = numbers.map(Number);
  let begun = 0, whole = 0;

  async function talk(number) {
    using stream = await UnixStream.connect(path);
    const data = new Uint8Array(size).fill(number);
    const writing = stream.writeAll(data);
    const p = new Uint8Array(65_536);
    let count = 0;
    while (count < size) {
      const n = await stream.read(p);
      if (n === null) throw new Error("the end after " + count + " bytes");
      for (let i = 0; i < n; i += 997) {
        if (p[i] !== data[0]) throw new Error("somebody else's data");
      }
      count += n;
    }
    await writing;
    whole++;
  }

  async function client() {
    while (begun < total) await talk(begun++);
  }

  await Promise.all(Array.from({ length: atOnce }, client));
  console.log(whole);
`;

async function serveMany(
  how: { total: number; atOnce: number; size: number },
): Promise<Report> {
  using dir = new TempDir();
  using deadline = new Deadline(60_000);
  const path = dir.join("socket");
  const { total, atOnce, size } = how;
  await using server = new Deno.Command(Deno.execPath(), {
    args: [...denoArgs(SERVER, [EXPOSE_GC]), path, `${total}`],
    stdin: "null",
    stdout: "piped",
    signal: deadline.signal,
  }).spawn();
  const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await lines.read()).value, "ready\n");

  const numbers = [total, atOnce, size].map(String);
  const args = [...denoArgs(CLIENTS), path, ...numbers];
  await using clients = new Peer(Deno.execPath(), args, deadline);
  const { stdout, stderr } = await clients.outcome;
  assertEquals([stdout, stderr], [`${total}\n`, ""]);
  return JSON.parse((await lines.read()).value!);
}

const LOADS = [
  {
    name: "10,000 short connections, 500 at once, lose and leak nothing",
    how: { total: 10_000, atOnce: 500, size: 100 },
  },
  {
    name: "1,000 clients at once echo 1 MiB each",
    how: { total: 1000, atOnce: 1000, size: 1 << 20 },
  },
];

for (const { name, how } of LOADS) {
  Deno.test(name, { ignore: !LINUX }, async () => {
    const report = await serveMany(how);
    assertEquals(report.connections, how.total);
    assertEquals(report.bytes, how.total * how.size);
    assertEquals(report.leaked, 0);
    assertLess(report.heap, 4 << 20);
    // What is not on the heap is given back when V8 sees fit.
    assertLess(report.memory, 64 << 20);
  });
}

Deno.test("clients killed at any moment do not take the server down", {
  ignore: missing("socat"),
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline(30_000);
  const path = dir.join("socket");
  using listener = UnixListener.listen(path);
  let failures = 0;

  async function echo(client: UnixStream): Promise<void> {
    using _client = client;
    const p = new Uint8Array(65_536);
    for (let n; (n = await client.read(p)) !== null;) {
      await client.writeAll(p.subarray(0, n));
    }
  }
  const echoes: Promise<void>[] = [];
  async function serve(): Promise<void> {
    for await (const client of listener) {
      echoes.push(
        echo(client).catch((error) => {
          const { BrokenPipe, ConnectionReset } = Deno.errors;
          assert(
            error instanceof BrokenPipe || error instanceof ConnectionReset,
          );
          failures++;
        }),
      );
    }
  }
  const serving = serve();

  // They write without end, and read nothing: most die with the server
  // waiting to write.
  for (let i = 0; i < 40; i++) {
    const args = ["-u", "/dev/zero", `UNIX-CONNECT:${path}`];
    await using client = new Peer("socat", args, deadline);
    // Somewhere between its start and when all buffers are full.
    await new Promise((done) => setTimeout(done, i / 4));
    Deno.kill(client.pid, "SIGKILL");
    await client.outcome;
    using survivor = await UnixStream.connect(path, deadline);
    await survivor.send("alive");
    assertEquals(await survivor.read(new Uint8Array(8), deadline), 5);
  }
  listener.close();
  await serving;
  await Promise.all(echoes);
  assert(failures > 0 && failures < 40);
});
