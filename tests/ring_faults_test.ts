/** Processes that are killed at any moment, and memory that holds nonsense. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { RingBuffer, SharedMemory } from "@ipc/core/shm";
import { memoryName } from "./_util/memory_name.ts";
import { isNumbered, numbered } from "./_util/numbered.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";

/** How often each side is killed. */
const KILLS = 15;
const LONGEST = 200;

/** A Deno that does something with the ring that its argument names. */
function start(source: string, name: string, deadline: Deadline): Peer {
  const module = `
    import { RingBuffer } from "@ipc/core/shm";
    import { isNumbered, numbered } from "tests/_util/numbered.ts";
    const ring = RingBuffer.open(Deno.args[0]);
    ${source}
  `;
  const args = [...denoArgs(module), name];
  return new Peer(Deno.execPath(), args, deadline);
}

function temporaryRing(capacity: number = 4000): [RingBuffer, string] {
  const name = memoryName();
  return [RingBuffer.create(name, { capacity, temporary: true }), name];
}

function kill(peer: Peer): Promise<unknown> {
  Deno.kill(peer.pid, "SIGKILL");
  return peer.outcome;
}

Deno.test("a producer that is killed loses nothing but what it had not sent", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline(60_000);
  const [ring, name] = temporaryRing();
  using _ring = ring;
  for (let round = 0; round < KILLS; round++) {
    await using producer = start(
      `
      for (let i = 0;; i++) {
        const message = numbered(i, ${LONGEST});
        if (i % 2 === 0) ring.sendSync(message);
        else {
          ring.reserveSync(message.length).set(message);
          ring.commit();
        }
      }
      `,
      name,
      deadline,
    );
    // Killed somewhere within its next messages.
    const last = 1 + Math.trunc(Math.random() * 3000);
    let killed: Promise<unknown> | undefined;
    let next = 0;
    const end = await assertRejects(async () => {
      for (;;) {
        const message = await ring.receive(deadline);
        assert(isNumbered(message!, next++, LONGEST), `${next - 1}`);
        if (next === last) killed = kill(producer);
      }
    }, Deno.errors.BrokenPipe);
    assertStringIncludes(
      end.message,
      `process ${producer.pid}, the producer, has ended without closing it`,
    );
    assert(next >= last);
    await killed;
    assertEquals(ring.tryReceive(), undefined, "it is told once");
  }
});

Deno.test("a consumer that is killed leaves what it had not taken", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline(60_000);
  const [ring, name] = temporaryRing();
  using _ring = ring;
  using memory = SharedMemory.open(name);
  let sent = 0;
  for (let round = 0; round < KILLS; round++) {
    await using consumer = start(
      `
      for (let i = 0;; i++) {
        if (i % 2 === 0) ring.receiveSync();
        else {
          ring.peekSync();
          ring.release();
        }
      }
      `,
      name,
      deadline,
    );
    const last = sent + 100 + Math.trunc(Math.random() * 3000);
    let killed: Promise<unknown> | undefined;
    const end = await assertRejects(async () => {
      for (;;) {
        await ring.send(numbered(sent, LONGEST), deadline);
        if (++sent === last) killed = kill(consumer);
      }
    }, Deno.errors.BrokenPipe);
    assertStringIncludes(end.message, `process ${consumer.pid}, the consumer`);
    await killed;
  }
  // What is there now are whole messages, and the last of all that were sent.
  using heir = RingBuffer.open(memory);
  const rest: Uint8Array[] = [];
  for (;;) {
    const message = heir.tryReceive();
    if (message == null) break;
    rest.push(message);
  }
  assert(rest.length > 0);
  rest.forEach((message, i) => {
    assert(isNumbered(message, sent - rest.length + i, LONGEST));
  });
});

for (const voice of ["receive", "receiveSync", "tryReceive"] as const) {
  Deno.test(`${voice}() notices that an idle producer was killed`, {
    ignore: !LINUX,
  }, async () => {
    using deadline = new Deadline();
    const [ring, name] = temporaryRing();
    using _ring = ring;
    await using producer = start(
      "ring.sendSync('hello'); setTimeout(() => {}, 1e6);",
      name,
      deadline,
    );
    assertEquals((await ring.receive(deadline))?.length, 5);
    const waiting = voice === "receive" ? ring.receive(deadline) : undefined;
    // Long enough for the wait to be parked.
    await new Promise((done) => setTimeout(done, 50));
    const killed = kill(producer);
    if (waiting !== undefined) {
      await assertRejects(() => waiting, Deno.errors.BrokenPipe);
    } else if (voice === "receiveSync") {
      const options = { timeout: 10_000 };
      assertThrows(() => ring.receiveSync(options), Deno.errors.BrokenPipe);
    } else {
      assertThrows(() => {
        while (!deadline.signal.aborted) ring.tryReceive();
      }, Deno.errors.BrokenPipe);
    }
    await killed;
  });
}

for (const voice of ["send", "sendSync", "trySend"] as const) {
  Deno.test(`${voice}() notices that an idle consumer was killed`, {
    ignore: !LINUX,
  }, async () => {
    using deadline = new Deadline();
    const [ring, name] = temporaryRing(100);
    using _ring = ring;
    await using consumer = start(
      "ring.receiveSync(); setTimeout(() => {}, 1e6);",
      name,
      deadline,
    );
    const message = new Uint8Array(100);
    await ring.send(message, deadline);
    await ring.send(message, deadline);
    const killed = kill(consumer);
    if (voice === "send") {
      await assertRejects(
        () => ring.send(message, deadline),
        Deno.errors.BrokenPipe,
      );
    } else if (voice === "sendSync") {
      const options = { timeout: 10_000 };
      assertThrows(
        () => ring.sendSync(message, options),
        Deno.errors.BrokenPipe,
      );
    } else {
      assertThrows(() => {
        while (!deadline.signal.aborted) ring.trySend(message);
      }, Deno.errors.BrokenPipe);
    }
    await killed;
  });
}

Deno.test("another takes the place of one that was killed", {
  ignore: !LINUX,
}, async () => {
  using deadline = new Deadline();
  const [ring, name] = temporaryRing();
  using _ring = ring;
  for (let round = 0; round < 3; round++) {
    await using producer = start(
      `ring.sendSync("${round}"); setTimeout(() => {}, 1e6);`,
      name,
      deadline,
    );
    const message = await ring.receive(deadline);
    assertEquals(new TextDecoder().decode(message!), `${round}`);
    const end = ring.receive(deadline);
    await Promise.all([
      kill(producer),
      assertRejects(() => end, Deno.errors.BrokenPipe),
    ]);
  }
});

Deno.test(
  "whoever is killed while it waits does not keep the other from going on",
  {
    ignore: !LINUX,
  },
  async () => {
    using deadline = new Deadline();
    const [ring, name] = temporaryRing(100);
    using _ring = ring;
    await using consumer = start("ring.receiveSync();", name, deadline);
    // It sleeps, as the memory says.
    using memory = SharedMemory.open(name);
    const words = new Int32Array(memory.buffer);
    while (Atomics.load(words, 49) !== 1) {
      deadline.signal.throwIfAborted();
      await new Promise((done) => setTimeout(done, 1));
    }
    await kill(consumer);
    assert(ring.trySend("nobody sleeps any more"));
    await using heir = start(
      "console.log(ring.receiveSync().length)",
      name,
      deadline,
    );
    assertEquals((await heir.outcome).stdout, "22\n");
  },
);
