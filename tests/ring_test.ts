import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  IpcError,
  MappedFile,
  type MappedMemory,
  RingBuffer,
  SharedMemory,
  SysvSharedMemory,
} from "@ipc/core/shm";
import { setSpinning } from "@ipc/core/mux";
import { memoryName } from "./_util/memory_name.ts";
import { isNumbered, numbered } from "./_util/numbered.ts";
import { TempDir } from "./_util/temp.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Both sides of a ring, in one process. */
class Sides implements Disposable {
  readonly memory: SharedMemory;
  readonly producer: RingBuffer;
  readonly consumer: RingBuffer;

  constructor(capacity: number) {
    this.memory = SharedMemory.anonymous(RingBuffer.sizeOf(capacity));
    this.producer = RingBuffer.create(this.memory, { capacity });
    this.consumer = RingBuffer.open(this.memory);
  }

  [Symbol.dispose](): void {
    this.producer.close();
    this.consumer.close();
    this.memory.close();
  }
}

Deno.test("messages come out of a ring as they went in, in order", async () => {
  using sides = new Sides(1000);
  const { producer, consumer } = sides;
  assertEquals([producer.capacity, consumer.capacity], [1000, 1000]);
  assertEquals(consumer.tryReceive(), undefined);
  await producer.send("grüß");
  producer.sendSync(new Uint8Array(0));
  assert(producer.trySend(new Uint8Array([1, 2, 3]).subarray(1)));
  assertEquals(decoder.decode((await consumer.receive())!), "grüß");
  assertEquals(consumer.receiveSync(), new Uint8Array(0));
  assertEquals(consumer.tryReceive(), new Uint8Array([2, 3]));
  assertEquals(consumer.tryReceive(), undefined);
});

Deno.test("messages of every length go through a ring of every capacity", () => {
  for (const capacity of [1, 7, 8, 9, 64, 100, 1001]) {
    using sides = new Sides(capacity);
    const { producer, consumer } = sides;
    for (let i = 0; i < 3000; i++) {
      const message = numbered(i, capacity);
      assert(producer.trySend(message), `${capacity} ${message.length}`);
      assert(isNumbered(consumer.tryReceive()!, i, capacity));
    }
    const most = new Uint8Array(capacity).fill(9);
    assert(producer.trySend(most));
    assertEquals(producer.trySend(new Uint8Array(0)), false, "it is full");
    assertEquals(consumer.tryReceive(), most);
  }
});

Deno.test("a full ring takes more when something was taken out", () => {
  using sides = new Sides(100);
  const { producer, consumer } = sides;
  let [sent, received] = [0, 0];
  for (let i = 0; i < 500; i++) {
    while (producer.trySend(numbered(sent, 40))) sent++;
    for (let j = 0; j <= i % 3; j++) {
      const message = consumer.tryReceive();
      if (message == null) break;
      assert(isNumbered(message, received++, 40));
    }
  }
  assert(received > 500);
});

Deno.test("a message that is too long is refused, and the ring goes on", async () => {
  using sides = new Sides(10);
  const { producer, consumer } = sides;
  const long = new Uint8Array(11);
  const attempts = [
    () => producer.trySend(long),
    () => producer.sendSync(long),
    () => producer.tryReserve(11),
    () => producer.reserveSync(11),
  ];
  for (const attempt of attempts) {
    const error = assertThrows(
      attempt,
      IpcError,
      "more than its capacity of 10",
    );
    assertEquals(error.code, "EMSGSIZE");
  }
  await assertRejects(() => producer.send(long), IpcError, "EMSGSIZE");
  for (const length of [2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    assertThrows(() => producer.tryReserve(length), IpcError, "EMSGSIZE");
  }
  assert(producer.trySend("ok"));
  assertEquals(decoder.decode(consumer.tryReceive()!), "ok");
});

Deno.test("a message is received into memory that is there", async () => {
  using sides = new Sides(1000);
  const { producer, consumer } = sides;
  for (const length of [0, 1, 3, 4, 5, 63, 64, 257, 1000]) {
    for (const begin of [0, 1, 4]) {
      const data = numbered(7, 1000).subarray(0, length);
      const into = new Uint8Array(1100).subarray(begin);
      // The second one goes where the first did.
      for (let i = 0; i < 2; i++) {
        producer.trySend(data);
        const message = consumer.tryReceive({ into })!;
        assertEquals(message, data);
        assertEquals(message.buffer, into.buffer);
        assertEquals(message.byteOffset, begin);
        assertEquals(into[length], 0, "nothing is written behind it");
        into.fill(0);
      }
    }
  }
  const into = new Uint8Array(4);
  producer.trySend("12345");
  const tooShort = "has 5 bytes and there is room for 4; it is still there";
  const options = { into };
  assertThrows(() => consumer.tryReceive(options), RangeError, tooShort);
  assertThrows(() => consumer.receiveSync(options), RangeError, tooShort);
  await assertRejects(() => consumer.receive(options), RangeError, tooShort);
  assertEquals(decoder.decode((await consumer.receive())!), "12345");
  const waiting = consumer.receive(options);
  producer.trySend("1234");
  assertEquals(await waiting, into);
  producer.trySend("2");
  assertEquals(consumer.receiveSync(options)?.length, 1);
});

Deno.test("bytes that are used again may have another length or be gone", () => {
  using sides = new Sides(300);
  const { producer, consumer } = sides;
  const buffer = new ArrayBuffer(16, { maxByteLength: 256 });
  const bytes = new Uint8Array(buffer);
  for (const length of [16, 16, 16, 200, 200, 50, 256, 8]) {
    buffer.resize(length);
    const data = new Uint8Array(length).map((_, i) => length + i);
    bytes.set(data);
    producer.sendSync(bytes);
    bytes.fill(0);
    assertEquals(consumer.receiveSync({ into: bytes }), data);
  }
  buffer.transfer();
  assertThrows(() => producer.trySend(bytes), TypeError, "transferred");
  assertEquals(consumer.tryReceive(), undefined);
});

Deno.test("what is reserved is written in place, and sent by commit()", async () => {
  using sides = new Sides(100);
  const { producer, consumer } = sides;
  for (let i = 0; i < 500; i++) {
    const message = numbered(i, 100);
    const room = i % 3 === 0
      ? producer.tryReserve(message.length)!
      : i % 3 === 1
      ? producer.reserveSync(message.length)
      : await producer.reserve(message.length);
    assertEquals(room.length, message.length);
    room.set(message);
    assertEquals(consumer.tryReceive(), undefined, "not before the commit");
    producer.commit();
    assert(isNumbered(consumer.tryReceive()!, i, 100));
  }
  const room = producer.tryReserve(100)!;
  const { written } = encoder.encodeInto("hello", room);
  producer.commit(written);
  assertEquals(decoder.decode(consumer.tryReceive()!), "hello");
});

Deno.test("reserving and committing in the wrong order is refused", () => {
  using sides = new Sides(100);
  const { producer, consumer } = sides;
  assertThrows(() => producer.commit(), TypeError, "nothing is reserved");
  const room = producer.tryReserve(10)!;
  assertThrows(() => producer.trySend("x"), TypeError, "has to be committed");
  for (const length of [-1, 11, 1.5, NaN]) {
    assertThrows(() => producer.commit(length), RangeError, "from 0 to 10");
  }
  room[0] = 7;
  const again = producer.tryReserve(5)!;
  assertEquals(again[0], 7, "the first was given up");
  producer.commit();
  assertThrows(() => producer.commit(), TypeError);
  assertEquals(consumer.tryReceive()?.length, 5);
  for (const length of [-1, 1.5, NaN]) {
    assertThrows(() => producer.tryReserve(length), RangeError, "length");
  }
});

Deno.test("a message is looked at in place, and taken by release()", async () => {
  using sides = new Sides(100);
  const { producer, consumer } = sides;
  for (let i = 0; i < 500; i++) {
    producer.trySend(numbered(i, 100));
    const message = i % 3 === 0
      ? consumer.tryPeek()!
      : i % 3 === 1
      ? consumer.peekSync()!
      : (await consumer.peek())!;
    assert(isNumbered(message, i, 100));
    assert(isNumbered(consumer.tryPeek()!, i, 100), "it is still there");
    assertThrows(() => consumer.tryReceive(), TypeError, "has to be released");
    consumer.release();
    assertThrows(() => consumer.release(), TypeError, "no message");
  }
  assertEquals(consumer.tryPeek(), undefined);
});

Deno.test("the room of a message that is looked at is not written over", () => {
  using sides = new Sides(100);
  const { producer, consumer } = sides;
  const first = new Uint8Array(40).fill(1);
  producer.trySend(first);
  const message = consumer.tryPeek()!;
  while (producer.trySend(new Uint8Array(9).fill(2)));
  assertEquals(message, first);
  consumer.release();
  assert(producer.trySend(new Uint8Array(9)));
});

Deno.test("a ring lives in memory of every kind, at any offset", () => {
  using dir = new TempDir();
  const size = 1 << 17;
  const kinds: MappedMemory[] = [
    SharedMemory.anonymous(size),
    SharedMemory.create(memoryName(), { size, temporary: true }),
    SysvSharedMemory.createPrivate({ size, temporary: true }),
    MappedFile.open(dir.join("file"), { create: true, size }),
  ];
  for (const memory of kinds) {
    using _memory = memory;
    const offsets = [0, 64, 4096, 65_536];
    for (const offset of offsets) {
      memory.bytes.fill(0);
      using producer = RingBuffer.create(memory, { offset });
      using consumer = RingBuffer.open(memory, { offset });
      assertEquals(RingBuffer.sizeOf(producer.capacity), size - offset);
      assert(producer.trySend("hello"));
      assertEquals(consumer.tryReceive()?.length, 5);
    }
  }
});

Deno.test("RingBuffer.create() refuses what is there, open() what is not", () => {
  const name = memoryName();
  assertThrows(() => RingBuffer.open(name), Deno.errors.NotFound);
  using ring = RingBuffer.create(name, { capacity: 10, temporary: true });
  assertThrows(
    () => RingBuffer.create(name, { capacity: 10 }),
    Deno.errors.AlreadyExists,
  );
  using found = RingBuffer.ensure(name, { capacity: 20 });
  assertEquals(found.capacity, 10);
  ring.close();
  assertThrows(() => RingBuffer.unlink(name), Deno.errors.NotFound);

  using memory = SharedMemory.anonymous(4096);
  const nothing = assertThrows(() => RingBuffer.open(memory), IpcError);
  assertEquals(nothing.code, "EINVAL");
  assertStringIncludes(nothing.message, "there is no ring in this memory");
  using _made = RingBuffer.create(memory);
  assertThrows(
    () => RingBuffer.create(memory),
    Deno.errors.AlreadyExists,
    "ring already exists",
  );
});

Deno.test("arguments that cannot be are refused", () => {
  using memory = SharedMemory.anonymous(4096);
  for (const capacity of [0, -1, 1.5, NaN, 2 ** 30, 4096 - 263]) {
    assertThrows(() => RingBuffer.create(memory, { capacity }), RangeError);
  }
  RingBuffer.create(memory, { capacity: 4096 - 264 });
  using tiny = SharedMemory.anonymous(271);
  const tooFew = "must have 272 bytes for a capacity of 1: there are 271";
  assertThrows(() => RingBuffer.create(tiny), RangeError, tooFew);
  for (const offset of [-64, 1, 63, 4097, NaN, 4096]) {
    assertThrows(() => RingBuffer.create(memory, { offset }), RangeError);
  }
  assertThrows(() => RingBuffer.create(memoryName()), TypeError, "capacity");
  const others = [new Uint8Array(4096), { bytes: new Uint8Array(4096) }, 5];
  for (const other of [undefined, null, ...others] as unknown[]) {
    assertThrows(
      () => RingBuffer.create(other as SharedMemory),
      TypeError,
      "must be a SharedMemory",
    );
    assertThrows(() => RingBuffer.open(other as SharedMemory), TypeError);
  }
  using sides = new Sides(10);
  const data = 5 as unknown as string;
  assertThrows(() => sides.producer.trySend(data), TypeError, "a Uint8Array");
  const p = [] as unknown as Uint8Array;
  assertThrows(() => sides.consumer.tryReceive({ into: p }), TypeError);
});

Deno.test("a ring needs memory that is written to", () => {
  const name = memoryName();
  using _ring = RingBuffer.create(name, { capacity: 10, temporary: true });
  using memory = SharedMemory.open(name, { readOnly: true });
  assertThrows(
    () => RingBuffer.open(memory),
    Deno.errors.PermissionDenied,
    "has to be written to",
  );
});

Deno.test("there is one producer and one consumer", () => {
  using sides = new Sides(100);
  const { producer, consumer, memory } = sides;
  using other = RingBuffer.open(memory);
  producer.trySend("one");
  assertThrows(
    () => other.trySend("two"),
    Deno.errors.Busy,
    `process ${Deno.pid} is the producer, and there is but one`,
  );
  assertEquals(consumer.tryReceive()?.length, 3);
  assertThrows(() => other.tryReceive(), Deno.errors.Busy, "the consumer");
  producer.close();
  other.trySend("three");
  assertEquals(consumer.tryReceive()?.length, 5);
  consumer.close();
  assertThrows(() => other.trySend("four"), Deno.errors.BrokenPipe);
});

Deno.test("a ring that the producer has closed ends after its last message", async () => {
  using sides = new Sides(100);
  const { producer, consumer } = sides;
  producer.trySend("last");
  producer.close();
  assertEquals((await consumer.receive())?.length, 4);
  for (let i = 0; i < 2; i++) {
    assertEquals(consumer.tryReceive(), null);
    assertEquals(consumer.receiveSync(), null);
    assertEquals(await consumer.receive(), null);
    assertEquals(consumer.tryReceive({ into: new Uint8Array(1) }), null);
    assertEquals(consumer.tryPeek(), null);
  }
});

Deno.test("a ring that the consumer has closed takes no more messages", async () => {
  using sides = new Sides(100);
  const { producer, consumer } = sides;
  producer.trySend("never read");
  consumer.tryPeek();
  consumer.close();
  const attempts = [
    () => producer.trySend("x"),
    () => producer.sendSync("x"),
    () => producer.tryReserve(1),
  ];
  for (const attempt of attempts) {
    assertThrows(
      attempt,
      Deno.errors.BrokenPipe,
      "the consumer has closed it",
    );
  }
  await assertRejects(() => producer.send("x"), Deno.errors.BrokenPipe);
});

Deno.test("the messages of a loop are those up to the end", async () => {
  using sides = new Sides(100);
  const { producer, consumer } = sides;
  const texts: string[] = [];
  const reading = (async () => {
    for await (const message of consumer) texts.push(decoder.decode(message));
  })();
  const sent = Array.from({ length: 100 }, (_, i) => `message ${i}`);
  for (const text of sent) await producer.send(text);
  producer.close();
  await reading;
  assertEquals(texts, sent);
});

Deno.test("a receive waits for a message, and a send for room", async () => {
  for (const microseconds of [40, 0]) {
    setSpinning(microseconds);
    using sides = new Sides(16);
    const { producer, consumer } = sides;
    const receiving = [1, 2, 3].map(() => consumer.receive());
    for (const text of ["a", "b", "c"]) await producer.send(text);
    const received = await Promise.all(receiving);
    assertEquals(received.map((each) => decoder.decode(each!)).join(""), "abc");

    const sending = ["d".repeat(16), "e", "f"].map((text) =>
      producer.send(text)
    );
    await sending[0];
    assertEquals(producer.trySend("g"), false, "others were first");
    const rest = [];
    for (let i = 0; i < 3; i++) rest.push((await consumer.receive())![0]);
    await Promise.all(sending);
    assertEquals(String.fromCharCode(...rest), "def");
  }
  setSpinning();
});

Deno.test("a blocked receive and send give up in time", () => {
  using sides = new Sides(8);
  const { producer, consumer } = sides;
  const options = { timeout: 20 };
  assertThrows(() => consumer.receiveSync(options), Deno.errors.TimedOut);
  assertThrows(() => consumer.peekSync(options), Deno.errors.TimedOut);
  producer.sendSync("12345678", options);
  assertThrows(() => producer.sendSync("9", options), Deno.errors.TimedOut);
  assertThrows(() => producer.reserveSync(1, options), Deno.errors.TimedOut);
  assertEquals(decoder.decode(consumer.receiveSync(options)!), "12345678");
});

Deno.test("a time-out that is none is refused, whether there is need to wait or not", () => {
  using sides = new Sides(8);
  const { producer, consumer } = sides;
  for (const timeout of [-1, NaN]) {
    assertThrows(() => producer.sendSync("1", { timeout }), RangeError);
    assertThrows(() => consumer.receiveSync({ timeout }), RangeError);
  }
  producer.sendSync("2");
  const options = { timeout: "1" as unknown as number };
  assertThrows(() => consumer.receiveSync(options), TypeError, "timeout");
  assertEquals(decoder.decode(consumer.tryReceive()!), "2");
});

Deno.test("an aborted receive or send has taken and lost nothing", async () => {
  using sides = new Sides(8);
  const { producer, consumer } = sides;
  const reason = new Error("changed my mind");
  for (let i = 0; i < 50; i++) {
    const controller = new AbortController();
    const { signal } = controller;
    const receiving = consumer.receive({ signal });
    if (i % 2 === 0) await new Promise((done) => setTimeout(done));
    controller.abort(reason);
    assertEquals(await receiving.catch((error) => error), reason);
    producer.trySend(new Uint8Array([i]));
    assertEquals(await consumer.receive(), new Uint8Array([i]));

    producer.trySend("12345678");
    const again = new AbortController();
    const sending = producer.send("lost", { signal: again.signal });
    if (i % 2 === 0) await new Promise((done) => setTimeout(done));
    again.abort(reason);
    assertEquals(await sending.catch((error) => error), reason);
    assertEquals(consumer.tryReceive()?.length, 8);
    assertEquals(consumer.tryReceive(), undefined);
  }
  const signal = AbortSignal.abort(reason);
  const aborted = consumer.receive({ signal });
  assertEquals(await aborted.catch((error) => error), reason);
});

Deno.test("closing a ring ends what waits for it", async () => {
  for (const wait of [0, 5]) {
    using sides = new Sides(8);
    const { producer, consumer } = sides;
    const receiving = [consumer.receive(), consumer.peek(), consumer.receive()]
      .map((each) => assertRejects(() => each, Deno.errors.BadResource));
    await new Promise((done) => setTimeout(done, wait));
    consumer.close();
    await Promise.all(receiving);

    using again = RingBuffer.open(sides.memory);
    assertEquals(again.tryReceive(), undefined);
    while (producer.trySend("12345678"));
    const sending = [producer.send("x"), producer.reserve(1)]
      .map((each) => assertRejects(() => each, Deno.errors.BadResource));
    await new Promise((done) => setTimeout(done, wait));
    producer.close();
    await Promise.all(sending);
    assertEquals(again.tryReceive()?.length, 8);
  }
});

Deno.test("closing or resizing a ring's memory ends what waits for it", async () => {
  for (const how of ["close", "resize"] as const) {
    const memory = SharedMemory.anonymous(4096);
    using ring = RingBuffer.create(memory);
    const room = ring.tryReserve(10)!;
    const waiting = assertRejects(
      () => ring.receive(),
      Deno.errors.BadResource,
    );
    await new Promise((done) => setTimeout(done, 2));
    if (how === "close") memory.close();
    else if (Deno.build.os === "linux") memory.resize(8192);
    else memory.close();
    await waiting;
    assertEquals(room.length, 0);
    const uses = [
      () => ring.trySend("x"),
      () => ring.tryReceive(),
      () => ring.tryReserve(1),
      () => ring.commit(),
      () => ring.tryPeek(),
      () => ring.release(),
      () => ring.sendSync("x"),
      () => ring.receiveSync(),
    ];
    for (const use of uses) {
      assertThrows(use, Deno.errors.BadResource, "closed");
    }
    memory.close();
  }
});

Deno.test("the other side's closing wakes who waits", async () => {
  using sides = new Sides(8);
  const { producer, consumer } = sides;
  producer.trySend("12345678");
  const sending = assertRejects(
    () => producer.send("x"),
    Deno.errors.BrokenPipe,
  );
  await new Promise((done) => setTimeout(done, 2));
  consumer.tryPeek();
  consumer.close();
  await sending;

  using other = new Sides(8);
  other.producer.trySend("x");
  other.consumer.tryReceive();
  const receiving = other.consumer.receive();
  await new Promise((done) => setTimeout(done, 2));
  other.producer.close();
  assertEquals(await receiving, null);
});

Deno.test("a closed ring says so, and closing twice does nothing", () => {
  const name = memoryName();
  const ring = RingBuffer.create(name, { capacity: 10, temporary: true });
  ring.trySend("x");
  ring.close();
  ring.close();
  assertThrows(() => ring.trySend("x"), Deno.errors.BadResource, name);
  assertThrows(() => ring.tryReceive(), Deno.errors.BadResource);
  assertThrows(() => SharedMemory.open(name), Deno.errors.NotFound);
});
