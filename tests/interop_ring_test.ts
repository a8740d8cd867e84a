/** Rings and broadcasts with C and Python on the other side. */

import { assert, assertEquals } from "@std/assert";
import { Broadcast, RingBuffer } from "@ipc/core/shm";
import { compiled } from "./_util/compiled.ts";
import { memoryName } from "./_util/memory_name.ts";
import { isNumbered, numbered } from "./_util/numbered.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { missing } from "./_util/peers.ts";

// futex(2) is the test program's, and is Linux's alone.
const ignore = missing("cc") || Deno.build.os !== "linux";
const program = await compiled("ring.c");
const python = new URL("./testdata/ring.py", import.meta.url).pathname;

const PEERS = [
  { name: "C", program, before: [], ignore, count: 20_000 },
  {
    name: "Python",
    program: "python3",
    before: [python],
    ignore: missing("python3") || Deno.build.os !== "linux",
    count: 2_000,
  },
] as const;

/** Short and long, and now and then as long as possible. */
const LONGEST = 300;
const CAPACITY = 1000;

for (const peer of PEERS) {
  const { name: language, ignore, count } = peer;
  const start = (deadline: Deadline, ...args: (string | number)[]) =>
    new Peer(peer.program, [...peer.before, ...args.map(String)], deadline);

  Deno.test(`messages of a ${language} producer arrive whole and in order`, {
    ignore,
  }, async () => {
    using deadline = new Deadline();
    using ring = temporaryRing();
    await using peer = start(deadline, "produce", ring.name, count, LONGEST);
    let right = 0;
    for (let i = 0;; i++) {
      const message = await ring.receive(deadline);
      if (message === null) break;
      if (isNumbered(message, i, LONGEST)) right++;
    }
    assertEquals(right, count);
    assertEquals((await peer.outcome).code, 0);
  });

  Deno.test(`a ${language} consumer gets our messages whole and in order`, {
    ignore,
  }, async () => {
    using deadline = new Deadline();
    using ring = temporaryRing();
    const { name } = ring;
    await using peer = start(deadline, "consume", name, count, LONGEST);
    for (let i = 0; i < count; i++) {
      if (i % 2 === 0) await ring.send(numbered(i, LONGEST), deadline);
      else {
        const message = numbered(i, LONGEST);
        (await ring.reserve(message.length, deadline)).set(message);
        ring.commit();
      }
    }
    ring.close();
    const { code, stdout, stderr } = await peer.outcome;
    assertEquals([code, stdout, stderr], [0, `${count}\n`, ""]);
  });

  Deno.test(`questions go to a ${language} program and answers come back`, {
    ignore,
  }, async () => {
    using deadline = new Deadline();
    using there = temporaryRing();
    using back = temporaryRing(`${there.name}.back`);
    await using peer = start(deadline, "echo", there.name);
    for (let i = 0; i < 1000; i++) {
      const question = numbered(i, LONGEST);
      // Now and then the other side is asleep, now and then it is not.
      if (i % 100 === 0) await new Promise((done) => setTimeout(done, 1));
      await there.send(question, deadline);
      assertEquals(await back.receive(deadline), question);
    }
    there.close();
    assertEquals(await back.receive(deadline), null);
    assertEquals((await peer.outcome).code, 0);
  });
}

Deno.test(
  "a ring that a C program has made is a ring",
  { ignore },
  async () => {
    using deadline = new Deadline();
    const name = memoryName();
    await using maker = new Peer(program, ["make", name, "999"], deadline);
    assertEquals((await maker.outcome).code, 0);
    using producer = RingBuffer.open(name);
    RingBuffer.unlink(name);
    assertEquals(producer.capacity, 999);
    assert(producer.trySend(new Uint8Array(999)));
  },
);

Deno.test("a C program reads our broadcast whole, or knows what it missed", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  const name = memoryName();
  const options = { capacity: CAPACITY, temporary: true };
  using broadcast = Broadcast.create(name, options);
  const args = ["read", name, "0", `${LONGEST}`];
  await using peer = new Peer(program, args, deadline);
  const count = 50_000;
  for (let i = 0; i < count; i++) {
    broadcast.send(numbered(i, LONGEST));
    if (i % 100 === 0) await new Promise((done) => setTimeout(done));
  }
  broadcast.close();
  const { code, stdout } = await peer.outcome;
  const [right, missed] = stdout.split(" ").map(Number);
  assertEquals([code, right + missed], [0, count]);
  assert(right > 0);
});

Deno.test("we read a broadcast of a C program, or know what we missed", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  const name = memoryName();
  const options = { capacity: CAPACITY, temporary: true };
  using broadcast = Broadcast.create(name, options);
  using reader = broadcast.subscribe();
  const count = 50_000;
  const args = ["publish", name, `${count}`, `${LONGEST}`];
  await using peer = new Peer(program, args, deadline);
  let next = 0;
  for (;;) {
    const message = await reader.receive(deadline);
    if (message === null) break;
    next += message.missed;
    assert(isNumbered(message.data, next++, LONGEST));
  }
  assert(next <= count && next > count / 2, `${next}`);
  assertEquals((await peer.outcome).code, 0);
});

interface NamedRing extends RingBuffer {
  readonly name: string;
}

function temporaryRing(name: string = memoryName()): NamedRing {
  const options = { capacity: CAPACITY, temporary: true };
  return Object.assign(RingBuffer.create(name, options), { name });
}
