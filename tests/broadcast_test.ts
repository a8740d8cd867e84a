import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Broadcast,
  type BroadcastReader,
  IpcError,
  SharedMemory,
} from "@ipc/core/shm";
import { memoryName } from "./_util/memory_name.ts";
import { isNumbered, numbered } from "./_util/numbered.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";
const LONGEST = 100;
const decoder = new TextDecoder();

/** A broadcast in memory of its own. */
class Station implements Disposable {
  readonly memory: SharedMemory;
  readonly broadcast: Broadcast;

  constructor(capacity: number) {
    this.memory = SharedMemory.anonymous(Broadcast.sizeOf(capacity));
    this.broadcast = Broadcast.create(this.memory, { capacity });
  }

  [Symbol.dispose](): void {
    this.broadcast.close();
    this.memory.close();
  }
}

/** Everything a reader gets now: its messages' numbers, each missed one as -1. */
function drain(reader: BroadcastReader): number[] {
  const numbers: number[] = [];
  for (;;) {
    const message = reader.tryReceive();
    if (message == null) return numbers;
    for (let i = 0; i < message.missed; i++) numbers.push(-1);
    const number = numbers.length;
    numbers.push(isNumbered(message.data, number, LONGEST) ? number : NaN);
  }
}

Deno.test("every reader gets every message, at its own pace", async () => {
  using station = new Station(1000);
  const { broadcast, memory } = station;
  using other = Broadcast.open(memory);
  using first = broadcast.subscribe();
  using second = other.subscribe();
  broadcast.send("grüß");
  broadcast.send(new Uint8Array(0));
  assertEquals(decoder.decode((await first.receive())!.data), "grüß");
  assertEquals(first.tryReceive(), { data: new Uint8Array(0), missed: 0 });
  assertEquals(first.tryReceive(), undefined);
  assertEquals(second.receiveSync()?.data.length, 6);
  const into = new Uint8Array(10);
  assertEquals(second.tryReceive({ into })?.data.length, 0);
  assertEquals(second.tryReceive(), undefined);
});

Deno.test("messages of every length go through broadcasts of every capacity", () => {
  for (const capacity of [1, 15, 16, 17, 100, 1001]) {
    using station = new Station(capacity);
    const { broadcast } = station;
    using reader = broadcast.subscribe();
    for (let i = 0; i < 2000; i++) {
      broadcast.send(numbered(i, capacity));
      const message = reader.tryReceive()!;
      assert(isNumbered(message.data, i, capacity), `${capacity} ${i}`);
      assertEquals(message.missed, 0);
    }
  }
});

Deno.test("a reader that was too slow knows how many it has missed", () => {
  using station = new Station(1000);
  const { broadcast } = station;
  using reader = broadcast.subscribe();
  let seen: number[] = [];
  let sent = 0;
  for (const burst of [1, 5, 100, 3, 10_000, 0, 40, 1000]) {
    for (let i = 0; i < burst; i++) broadcast.send(numbered(sent++, LONGEST));
    seen = seen.concat(readNumbers(reader, seen.length));
    assertEquals(seen.length, sent);
  }
  const missed = seen.filter((number) => number < 0).length;
  assertEquals(reader.missed, missed);
  assert(missed > 10_000 && seen.at(-1) === sent - 1);
});

/** What comes, as `drain` does, when `before` have come already. */
function readNumbers(reader: BroadcastReader, before: number): number[] {
  const numbers: number[] = [];
  for (;;) {
    const message = reader.tryReceive();
    if (message == null) return numbers;
    for (let i = 0; i < message.missed; i++) numbers.push(-1);
    const number = before + numbers.length;
    assert(isNumbered(message.data, number, LONGEST), `${number}`);
    numbers.push(number);
  }
}

Deno.test("a reader begins with what is sent next, or with the oldest", () => {
  using station = new Station(10_000);
  const { broadcast } = station;
  using early = broadcast.subscribe({ from: "oldest" });
  for (let i = 0; i < 10; i++) broadcast.send(numbered(i, LONGEST));
  using late = broadcast.subscribe();
  using all = broadcast.subscribe({ from: "oldest" });
  assertEquals(late.tryReceive(), undefined);
  const numbers = Array.from({ length: 10 }, (_, i) => i);
  assertEquals([drain(early), drain(all)], [numbers, numbers]);
  broadcast.send("next");
  assertEquals(late.tryReceive()?.data.length, 4);
  assertThrows(
    () => broadcast.subscribe({ from: "soon" as "now" }),
    TypeError,
    'must be "now" or "oldest"',
  );
});

Deno.test("what is missed is counted from the subscription on", () => {
  using station = new Station(100);
  const { broadcast } = station;
  broadcast.send("before");
  using reader = broadcast.subscribe();
  for (let i = 0; i < 50; i++) broadcast.send(new Uint8Array(30));
  let total = 0;
  for (;;) {
    const message = reader.tryReceive();
    if (message == null) break;
    total += 1 + message.missed;
  }
  assertEquals(total, 50);
});

Deno.test("a message is received into memory that is there", async () => {
  using station = new Station(100);
  const { broadcast } = station;
  using reader = broadcast.subscribe();
  const into = new Uint8Array(10);
  for (let i = 0; i < 100; i++) {
    broadcast.send(new Uint8Array(1 + i % 10).fill(i));
    const { data } = reader.receiveSync({ into })!;
    assertEquals([data.length, data.buffer], [1 + i % 10, into.buffer]);
    assertEquals(into[i % 10], i);
  }
  broadcast.send(new Uint8Array(11));
  const tooShort = "the message has 11 bytes and there is room for 10";
  assertThrows(() => reader.tryReceive({ into }), RangeError, tooShort);
  await assertRejects(() => reader.receive({ into }), RangeError, tooShort);
  assertEquals(reader.tryReceive()?.data.length, 11);
  const receiving = reader.receive({ into });
  broadcast.send("x");
  assertEquals((await receiving)?.data, new Uint8Array([120]));
});

Deno.test("positions go on beyond 32 bits", () => {
  using station = new Station(1000);
  const { memory, broadcast } = station;
  // As a producer leaves it that has dropped all to make room, and then died.
  const longs = new BigUint64Array(memory.buffer);
  const size = new Uint32Array(memory.buffer)[2];
  const begin = 2 ** 32 - 2 ** 32 % size;
  [longs[8], longs[16], longs[17]] = [16n, BigInt(begin), 5n];
  using reader = broadcast.subscribe();
  for (let i = 0; i < 200; i++) {
    broadcast.send(numbered(i, LONGEST));
    assert(isNumbered(reader.tryReceive()!.data, i, LONGEST));
  }
  assert(longs[8] > 2n ** 32n);
  using late = broadcast.subscribe({ from: "oldest" });
  assert(late.tryReceive()!.data.length <= LONGEST);
});

Deno.test("the next producer goes on where the last has stopped", () => {
  using station = new Station(500);
  const { broadcast, memory } = station;
  using reader = broadcast.subscribe();
  for (let i = 0; i < 20; i++) broadcast.send(numbered(i, LONGEST));
  using next = Broadcast.open(memory);
  assertThrows(() => next.send("x"), Deno.errors.Busy, "is the producer");
  using own = next.subscribe({ from: "oldest" });
  broadcast.close();
  assertThrows(() => reader.tryReceive(), Deno.errors.BadResource);
  let end = own.tryReceive();
  while (end) end = own.tryReceive();
  assertEquals(end, null, "it has been closed");
  for (let i = 20; i < 40; i++) {
    next.send(numbered(i, LONGEST));
    const message = own.tryReceive()!;
    assert(isNumbered(message.data, i, LONGEST));
    assertEquals(message.missed, 0);
  }
});

Deno.test("readers come to the end when the producer has closed", async () => {
  using station = new Station(1000);
  const { broadcast, memory } = station;
  using other = Broadcast.open(memory);
  using reader = other.subscribe();
  using waiting = other.subscribe();
  const texts: string[] = [];
  const reading = (async () => {
    for await (const { data } of waiting) texts.push(decoder.decode(data));
  })();
  for (let i = 0; i < 10; i++) broadcast.send(`${i}`);
  broadcast.close();
  await reading;
  assertEquals(texts.join(""), "0123456789");
  for (let i = 0; i < 10; i++) assert(await reader.receive());
  assertEquals(await reader.receive(), null);
  assertEquals(reader.receiveSync(), null);
  assertEquals(reader.tryReceive({ into: new Uint8Array(1) }), null);
});

Deno.test("waits for a message end with it, by abort, in time, and by closing", async () => {
  using station = new Station(1000);
  const { broadcast } = station;
  const readers = Array.from({ length: 10 }, () => broadcast.subscribe());
  const receiving = readers.map((reader) => reader.receive());
  await new Promise((done) => setTimeout(done, 2));
  broadcast.send("to all");
  for (const message of await Promise.all(receiving)) {
    assertEquals(message?.data.length, 6);
  }
  const [reader] = readers;
  const options = { timeout: 10 };
  assertThrows(() => reader.receiveSync(options), Deno.errors.TimedOut);
  const signal = AbortSignal.timeout(5);
  await assertRejects(() => reader.receive({ signal }), DOMException);
  broadcast.send("next");
  assertThrows(() => reader.receiveSync({ timeout: -1 }), RangeError);
  assertEquals(reader.tryReceive()?.data.length, 4);

  const closing = assertRejects(
    () => reader.receive(),
    Deno.errors.BadResource,
  );
  await new Promise((done) => setTimeout(done, 2));
  reader.close();
  reader.close();
  await closing;
  assertThrows(() => reader.tryReceive(), Deno.errors.BadResource);

  const all = readers.slice(1).map((each) => {
    each.tryReceive();
    return assertRejects(() => each.receive(), Deno.errors.BadResource);
  });
  broadcast.close();
  await Promise.all(all);
  assertThrows(() => broadcast.subscribe(), Deno.errors.BadResource);
  assertThrows(() => broadcast.send("x"), Deno.errors.BadResource);
});

Deno.test("who may only read the memory reads, and leaves no trace in it", async () => {
  const name = memoryName();
  const options = { capacity: 1000, mode: 0o644, temporary: true };
  using producer = Broadcast.create(name, options);
  using open = Broadcast.open(name, { readOnly: true });
  using reader = open.subscribe();
  using blocked = open.subscribe();
  using memory = SharedMemory.open(name);
  const receiving = reader.receive();
  await new Promise((done) => setTimeout(done, 5));
  assertThrows(
    () => blocked.receiveSync({ timeout: 10 }),
    Deno.errors.TimedOut,
  );
  assertEquals(new Int32Array(memory.buffer)[49], 0);
  producer.send("hello");
  assertEquals((await receiving)?.data.length, 5);
  assertEquals(blocked.receiveSync()?.data.length, 5);
  assertThrows(
    () => open.send("x"),
    Deno.errors.PermissionDenied,
    "has to be written to",
  );
  producer.close();
  assertEquals(await reader.receive(), null);
});

Deno.test("what is too long, and what is no broadcast", () => {
  using station = new Station(10);
  const { broadcast, memory } = station;
  const long = assertThrows(
    () => broadcast.send(new Uint8Array(11)),
    IpcError,
    "more than its capacity of 10",
  );
  assertEquals(long.code, "EMSGSIZE");
  assertThrows(() => broadcast.send(5 as unknown as string), TypeError);
  assertThrows(
    () => Broadcast.create(memory),
    Deno.errors.AlreadyExists,
    "broadcast already exists",
  );
  const name = memoryName();
  assertThrows(() => Broadcast.open(name), Deno.errors.NotFound);
  assertThrows(() => Broadcast.create(name), TypeError, "the capacity");
  for (const capacity of [0, -1, 1.5, NaN, 2 ** 30]) {
    assertThrows(() => Broadcast.create(name, { capacity }), RangeError);
  }
  using made = Broadcast.ensure(name, { capacity: 10 });
  using found = Broadcast.ensure(name, { capacity: 20 });
  assertEquals([made.capacity, found.capacity], [10, 10]);
  Broadcast.unlink(name);
});

/** A Deno that does something with the broadcast that its argument names. */
function start(source: string, name: string, deadline: Deadline): Peer {
  const module = `
    import { Broadcast, SharedMemory } from "@ipc/core/shm";
    import { isNumbered, numbered } from "tests/_util/numbered.ts";
    const broadcast = Broadcast.open(Deno.args[0]);
    ${source}
  `;
  const args = [...denoArgs(module), name];
  return new Peer(Deno.execPath(), args, deadline);
}

Deno.test("no reader ever gets part of a message, however fast they are sent", async () => {
  using deadline = new Deadline(30_000);
  const name = memoryName();
  const options = { capacity: 3000, temporary: true };
  using broadcast = Broadcast.create(name, options);
  const more = { size: 4, temporary: true };
  using ready = SharedMemory.create(`${name}.ready`, more);
  const count = new Int32Array(ready.buffer);
  const source = (receive: string) => `
    const reader = broadcast.subscribe();
    let [first, next, wrong] = [undefined, 0, 0];
    using ready = SharedMemory.open(Deno.args[0] + ".ready");
    Atomics.add(new Int32Array(ready.buffer), 0, 1);
    for (;;) {
      ${receive}
      const number = new DataView(data.buffer).getUint32(0, true);
      next += reader.missed - before;
      first ??= number - next;
      if (number !== first + next) wrong++;
      if (!data.subarray(4).every((byte) => byte === (number & 255))) wrong++;
      next++;
    }
    console.log(wrong, first + next);
  `;
  const copying = source(`
    const before = reader.missed;
    const message = reader.receiveSync();
    if (message === null) break;
    const { data } = message;
  `);
  const into = "const p = new Uint8Array(3000);" + source(`
    const before = reader.missed;
    const message = await reader.receive({ into: p });
    if (message === null) break;
    const { data } = message;
  `);
  await using stack = new AsyncDisposableStack();
  const readers = [copying, into, copying].map((text) =>
    stack.use(start(text, name, deadline))
  );
  const messages = Array.from(
    { length: 37 },
    (_, i) => new Uint8Array(4 + i * 7),
  );
  let number = 0;
  // All read when it begins, and for long enough to be overtaken often.
  for (let rounds = 0; rounds < 1000; rounds += Atomics.load(count, 0) / 3) {
    deadline.signal.throwIfAborted();
    for (let i = 0; i < 200; i++) {
      const message = messages[number % messages.length];
      message.fill(number & 255);
      new DataView(message.buffer).setUint32(0, number, true);
      broadcast.send(message);
      number++;
    }
    await new Promise((done) => setTimeout(done));
  }
  broadcast.close();
  for (const reader of readers) {
    const { stdout, stderr } = await reader.outcome;
    assertEquals([stdout, stderr], [`0 ${number}\n`, ""]);
  }
});

Deno.test("readers that are killed are no concern of the others", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  const name = memoryName();
  const options = { capacity: 1000, temporary: true };
  using broadcast = Broadcast.create(name, options);
  using reader = broadcast.subscribe();
  const sleeping = `
    const reader = broadcast.subscribe();
    console.log("ready");
    reader.receiveSync();
  `;
  using memory = SharedMemory.open(name);
  const words = new Int32Array(memory.buffer);
  for (let round = 0; round < 5; round++) {
    await using peer = start(sleeping, name, deadline);
    while (Atomics.load(words, 49) !== 1) {
      deadline.signal.throwIfAborted();
      await new Promise((done) => setTimeout(done, 1));
    }
    Deno.kill(peer.pid, "SIGKILL");
    await peer.outcome;
    broadcast.send(`${round}`);
    assertEquals(reader.tryReceive()?.data.length, 1);
  }
});

Deno.test("readers learn that the producer was killed, once, and of its heir", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  const name = memoryName();
  const options = { capacity: 1000, temporary: true };
  using broadcast = Broadcast.create(name, options);
  using async = broadcast.subscribe();
  using sync = broadcast.subscribe();
  let expected = 0;
  for (let round = 0; round < 3; round++) {
    await using producer = start(
      "for (let i = 0; i < 3; i++) broadcast.send(`${i}`); setTimeout(() => {}, 1e6);",
      name,
      deadline,
    );
    for (let i = 0; i < 3; i++) {
      assertEquals((await async.receive(deadline))?.missed, 0);
      assertEquals(sync.receiveSync()?.data, new Uint8Array([48 + i]));
      expected++;
    }
    const waiting = assertRejects(
      () => async.receive(deadline),
      Deno.errors.BrokenPipe,
    );
    await new Promise((done) => setTimeout(done, 30));
    Deno.kill(producer.pid, "SIGKILL");
    const { message } = await waiting;
    assertStringIncludes(message, `process ${producer.pid}, the producer`);
    await producer.outcome;
    assertThrows(
      () => sync.receiveSync({ timeout: 5000 }),
      Deno.errors.BrokenPipe,
    );
    assertEquals([async.tryReceive(), sync.tryReceive()], [
      undefined,
      undefined,
    ]);
  }
  assertEquals(expected, 9);
});
