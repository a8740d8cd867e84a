import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Pipe } from "@ipc/core/pipe";
import {
  type ByteConnection,
  MessageStream,
  UnixStream,
} from "@ipc/core/socket";
import { encodeFrame, FrameReader } from "../socket/_frames.ts";
import { pattern } from "./_util/pattern.ts";
import { missing, run } from "./_util/peers.ts";
import { Random } from "./_util/random.ts";
import { Ends } from "./_util/socket_pairs.ts";
import { TempDir } from "./_util/temp.ts";

const { BadResource, BrokenPipe, InvalidData, UnexpectedEof } = Deno.errors;
const decoder = new TextDecoder();

/** Two streams of messages over a connection. */
class Conversation extends Ends<MessageStream> {
  /** What is beneath `there`. */
  readonly raw: UnixStream;

  constructor(options?: { maxLength?: number }) {
    const [one, two] = UnixStream.pair();
    super([new MessageStream(one, options), new MessageStream(two, options)]);
    this.raw = two;
  }
}

Deno.test("MessageStream keeps messages apart, empty ones too", async () => {
  using talk = new Conversation();
  const messages = ["", "a", "ping", "", "zwölf €"];
  for (const message of messages) await talk.here.send(message);
  await talk.here.send(new Uint8Array([0, 255]));
  for (const message of messages) {
    assertEquals(decoder.decode((await talk.there.receive())!), message);
  }
  assertEquals(await talk.there.receive(), new Uint8Array([0, 255]));
  talk.here.close();
  assertEquals(await talk.there.receive(), null);
  assertEquals(await talk.there.receive(), null);
});

Deno.test("MessageStream writes the length in four bytes, the greatest first", async () => {
  using talk = new Conversation();
  await talk.here.send(new Uint8Array(258));
  const p = new Uint8Array(300);
  assertEquals(await talk.raw.read(p), 262);
  assertEquals([...p.subarray(0, 4)], [0, 0, 1, 2]);
  await talk.raw.writeAll(new Uint8Array([0, 0, 0, 2, 104, 105]));
  assertEquals(decoder.decode((await talk.here.receive())!), "hi");
});

Deno.test("for await gives the messages up to the end", async () => {
  using talk = new Conversation();
  for (const text of ["one", "two"]) await talk.here.send(text);
  talk.here.close();
  const all = await Array.fromAsync(talk.there, (m) => decoder.decode(m));
  assertEquals(all, ["one", "two"]);
});

Deno.test("messages of any size arrive whole, sent at the same time", async () => {
  using talk = new Conversation();
  const data = pattern(3_000_000);
  const sizes = [0, 1, 16_380, 16_381, 16_384, 100_000, 3_000_000, 7];
  const sends = sizes.map((size) => talk.here.send(data.subarray(0, size)));
  for (const size of sizes) {
    assertEquals(await talk.there.receive(), data.subarray(0, size));
  }
  await Promise.all(sends);
});

Deno.test("a sender waits for a receiver that does not read", async () => {
  using talk = new Conversation();
  const message = new Uint8Array(100_000);
  let sent = 0;
  const sends = Array.from(
    { length: 20 },
    () => talk.here.send(message).then(() => sent++),
  );
  await new Promise((done) => setTimeout(done, 5));
  assert(sent < 20, "the socket does not hold so much");
  for (let i = 0; i < 20; i++) {
    assertEquals((await talk.there.receive())!.length, 100_000);
  }
  await Promise.all(sends);
});

Deno.test("memory that was sent can be used again at once", async () => {
  using talk = new Conversation();
  const message = new Uint8Array(8);
  for (let i = 0; i < 3; i++) await talk.here.send(message.fill(i));
  for (let i = 0; i < 3; i++) {
    assertEquals(await talk.there.receive(), new Uint8Array(8).fill(i));
  }
});

Deno.test("a message longer than maxLength is refused on both sides", async () => {
  using talk = new Conversation({ maxLength: 10 });
  await talk.here.send(new Uint8Array(10));
  assertEquals((await talk.there.receive())!.length, 10);
  await assertRejects(
    () => talk.here.send(new Uint8Array(11)),
    RangeError,
    "at most 10 bytes",
  );
  await assertRejects(() => talk.here.send("elf Bytes €"), RangeError);
  await talk.raw.writeAll(new Uint8Array([255, 255, 255, 255, 1]));
  for (let i = 0; i < 2; i++) {
    await assertRejects(
      () => talk.here.receive(),
      InvalidData,
      "4294967295 bytes: maxLength is 10",
    );
  }
});

Deno.test("maxLength has to be a length that four bytes can say", () => {
  const connection = { read: never, write: never };
  for (const maxLength of [-1, 1.5, NaN, 2 ** 32]) {
    assertThrows(
      () => new MessageStream(connection, { maxLength }),
      RangeError,
      "maxLength",
    );
  }
  new MessageStream(connection, { maxLength: 2 ** 32 - 1 });
});

Deno.test("a connection has to read and to write", () => {
  for (const connection of [null, undefined, {}, "text", { read: never }]) {
    assertThrows(
      () => new MessageStream(connection as unknown as ByteConnection),
      TypeError,
      "the method",
    );
  }
});

function never(): Promise<never> {
  return new Promise(() => {});
}

Deno.test("a peer that stops in the middle is a clear error", async () => {
  const beginnings: [number[], string][] = [
    [[0], "1 of 4 bytes of the length"],
    [[0, 0, 0, 9], "0 of 9 bytes of the message"],
    [[0, 0, 0, 9, 1, 2], "2 of 9 bytes of the message"],
  ];
  for (const [bytes, what] of beginnings) {
    using talk = new Conversation();
    await talk.raw.writeAll(new Uint8Array([0, 0, 0, 1, 7, ...bytes]));
    await talk.raw.closeWrite();
    assertEquals(await talk.here.receive(), new Uint8Array([7]));
    for (let i = 0; i < 2; i++) {
      await assertRejects(() => talk.here.receive(), UnexpectedEof, what);
    }
    await talk.here.send("can still be sent");
  }
});

Deno.test("an aborted receive loses nothing of a message", async () => {
  using talk = new Conversation();
  const bytes = encodeFrame(new TextEncoder().encode("in pieces"));
  for (const byte of bytes) {
    const reason = new Error(`later than ${byte}`);
    const controller = new AbortController();
    const receiving = talk.here.receive({ signal: controller.signal });
    const outcome = receiving.catch((error) => error);
    await talk.raw.write(new Uint8Array([byte]));
    if (byte % 2) await new Promise((done) => setTimeout(done));
    controller.abort(reason);
    const result = await outcome;
    if (result instanceof Uint8Array) {
      assertEquals(decoder.decode(result), "in pieces");
      return;
    }
    assertEquals(result, reason);
  }
  assertEquals(decoder.decode((await talk.here.receive())!), "in pieces");
});

Deno.test("an aborted send sends nothing, or all of it", async () => {
  using talk = new Conversation();
  const long = new Uint8Array(1 << 20).fill(1);
  const begun = new AbortController();
  const waiting = new AbortController();
  const first = talk.here.send(long, { signal: begun.signal });
  const second = talk.here.send("never", { signal: waiting.signal });
  const third = talk.here.send("third");
  const outcomes = Promise.allSettled([first, second]);
  await new Promise((done) => setTimeout(done, 5));
  begun.abort(new Error("begun"));
  waiting.abort(new Error("waiting"));
  for (const result of await outcomes) assertEquals(result.status, "rejected");
  long.fill(2); // nobody waits for it any more
  assertEquals(await talk.there.receive(), new Uint8Array(1 << 20).fill(1));
  assertEquals(decoder.decode((await talk.there.receive())!), "third");
  await third;
  const signal = AbortSignal.abort();
  await assertRejects(() => talk.here.send("never", { signal }), DOMException);
  await talk.here.send("last");
  assertEquals(decoder.decode((await talk.there.receive())!), "last");
});

Deno.test("closing rejects what is pending, and closes the connection", async () => {
  using talk = new Conversation();
  const { here, there } = talk;
  const waits = Promise.allSettled([
    here.receive(),
    here.receive(),
    here.send(new Uint8Array(1 << 21)),
    here.send("x"),
  ]);
  here.close();
  here.close();
  here[Symbol.dispose]();
  for (const result of await waits) {
    assertInstanceOf((result as PromiseRejectedResult).reason, BadResource);
  }
  await assertRejects(() => here.send("x"), BadResource);
  await assertRejects(() => here.receive(), BadResource);
  assertEquals(await there.receive(), null);
  await assertRejects(async () => {
    for (;;) await there.send("x");
  }, BrokenPipe);
});

Deno.test("MessageStream works on two pipes", async () => {
  using there = Pipe.open();
  using back = Pipe.open();
  using a = new MessageStream({
    read: (p, options) => back.reader.read(p, options),
    write: (p, options) => there.writer.write(p, options),
  });
  using b = new MessageStream({
    read: (p, options) => there.reader.read(p, options),
    write: (p, options) => back.writer.write(p, options),
  });
  await a.send("ping");
  assertEquals(decoder.decode((await b.receive())!), "ping");
  const receiving = assertRejects(() => a.receive(), BadResource);
  a.close();
  await receiving;
});

Deno.test("MessageStream works on Deno's TCP, and aborts lose nothing there", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const accepting = listener.accept();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  using client = new MessageStream(connection);
  using server = new MessageStream(await accepting);
  await client.send("ping");
  assertEquals(decoder.decode((await server.receive())!), "ping");

  // A read of Deno's own cannot be aborted: what it gets comes next.
  for (let i = 0; i < 3; i++) {
    const signal = AbortSignal.timeout(2);
    await assertRejects(() => client.receive({ signal }), DOMException);
  }
  await server.send("one");
  await server.send("two");
  assertEquals(decoder.decode((await client.receive())!), "one");
  assertEquals(decoder.decode((await client.receive())!), "two");

  const data = pattern(5_000_000);
  const sending = server.send(data);
  assertEquals(await client.receive(), data);
  await sending;
  client.close();
  assertEquals(await server.receive(), null);
});

Deno.test("MessageStream works on Deno's TLS", {
  ignore: missing("openssl"),
}, async () => {
  const { cert, key } = await certificate();
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert,
    key,
  });
  const { port } = listener.addr as Deno.NetAddr;
  const accepting = listener.accept();
  const connection = await Deno.connectTls({
    hostname: "localhost",
    port,
    caCerts: [cert],
  });
  using client = new MessageStream(connection);
  using server = new MessageStream(await accepting);
  const data = pattern(200_000);
  const sending = client.send(data);
  assertEquals(await server.receive(), data);
  await sending;
  await server.send("pong");
  assertEquals(decoder.decode((await client.receive())!), "pong");
});

/** A certificate for localhost that nobody else believes. */
async function certificate(): Promise<{ cert: string; key: string }> {
  using dir = new TempDir();
  const [key, cert] = [dir.join("key"), dir.join("cert")];
  const { code, stderr } = await run("openssl", [
    ..."req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
      .split(" "),
    ..."-subj /CN=localhost -addext subjectAltName=DNS:localhost".split(" "),
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", key, "-out", cert],
  ]);
  assertEquals(code, 0, stderr);
  return {
    cert: Deno.readTextFileSync(cert),
    key: Deno.readTextFileSync(key),
  };
}

Deno.test("500,000 random frames come out as they went in, however they are split", () => {
  const random = new Random(2463534242);
  const source = pattern(1 << 20);
  const frames = new FrameReader(70_000);
  for (let done = 0; done < 500_000;) {
    const messages = Array.from({ length: 1 + random.upTo(60) }, () => {
      const length = randomLength(random);
      const at = random.upTo(source.length - length);
      return source.subarray(at, at + length);
    });
    const received = readInPieces(frames, messages, random);
    assertEquals(received.length, messages.length);
    assert(messages.every((message, i) => isSame(message, received[i])));
    done += messages.length;
  }
});

/** Mostly short, some empty, and now and then longer than a buffer. */
function randomLength(random: Random): number {
  const kind = random.upTo(500);
  if (kind === 0) return random.upTo(70_000);
  return random.upTo(kind < 20 ? 1000 : kind < 100 ? 3 : 60);
}

function readInPieces(
  frames: FrameReader,
  messages: readonly Uint8Array[],
  random: Random,
): Uint8Array[] {
  const bytes = concat(messages.map(encodeFrame));
  const received: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const { space } = frames;
    const short = random.upTo(3) === 0;
    const most = short ? 1 + random.upTo(5) : 1 + random.upTo(space.length);
    const end = Math.min(at + Math.min(most, space.length), bytes.length);
    space.set(bytes.subarray(at, end));
    frames.fill(end - at);
    at = end;
    for (let message; (message = frames.next()) !== undefined;) {
      received.push(message);
    }
  }
  frames.end();
  return received;
}

function isSame(one: Uint8Array, two: Uint8Array): boolean {
  return one.length === two.length && one.every((byte, i) => byte === two[i]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

Deno.test("500,000 random bytes are read as messages or refused", () => {
  const random = new Random(362436069);
  let refused = 0;
  let read = 0;
  let frames = new FrameReader(100);
  for (let round = 0; round < 500_000; round++) {
    const { space } = frames;
    const count = 1 + random.upTo(Math.min(7, space.length - 1));
    // Mostly small numbers, so that there are lengths that are allowed.
    for (let i = 0; i < count; i++) {
      const kind = random.upTo(300);
      space[i] = kind === 0 ? random.next() : kind < 30 ? random.upTo(1) : 0;
    }
    frames.fill(count);
    try {
      for (let message; (message = frames.next()) !== undefined;) {
        assert(message.length <= 100);
        read++;
      }
    } catch (error) {
      assertInstanceOf(error, InvalidData);
      refused++;
      frames = new FrameReader(100);
    }
  }
  assert(read > 1000 && refused > 1000);
});
