/** Whatever is in the memory, nothing outside of it is read or written. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  Broadcast,
  IpcError,
  type MemoryRegion,
  RingBuffer,
  SharedMemory,
} from "@ipc/core/shm";
import { memoryName } from "./_util/memory_name.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs } from "./_util/peers.ts";

const ROUNDS = 1500;
const CAPACITY = 500;

/** What is around a ring, and nowhere in it. */
const OUTSIDE = 0xee;
const BEFORE = 4096;
const BEHIND = 4096;

/** Numbers in which mistakes like to be. */
const ODD = [
  0,
  1,
  7,
  8,
  9,
  15,
  16,
  255,
  256,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

function random(below: number): number {
  return Math.trunc(Math.random() * below);
}

/** Memory with something of `size` bytes in the middle of other things. */
class Surrounded implements Disposable {
  readonly #memory: SharedMemory;
  /** What is in the middle. */
  readonly region: MemoryRegion;

  constructor(size: number) {
    this.#memory = SharedMemory.anonymous(BEFORE + size + BEHIND);
    const bytes = this.#memory.bytes.fill(OUTSIDE);
    this.region = { bytes: bytes.subarray(BEFORE, BEFORE + size) };
  }

  get words(): DataView {
    const { buffer, byteOffset, length } = this.region.bytes;
    return new DataView(buffer, byteOffset, length);
  }

  /** Writes nonsense into some words, but never what is outside. */
  spoil(count: number): void {
    const { words } = this;
    for (let i = 0; i < count; i++) {
      // The header is where it matters most.
      const end = random(2) === 0 ? 256 : words.byteLength;
      const at = random(end / 4) * 4;
      const size = words.getUint32(8, true);
      const near = [size, 2 * size, size - 8, 2 * size - 8, CAPACITY];
      const choices = [...ODD, ...near, random(2 * size), random(2 ** 32)];
      const value = choices[random(choices.length)];
      words.setUint32(at, value & 0x6f6f6f6f, true);
    }
  }

  /** Whether what is outside is as it was. */
  isIntact(): boolean {
    const { bytes } = this.#memory;
    return bytes.subarray(0, BEFORE).every((byte) => byte === OUTSIDE) &&
      bytes.subarray(-BEHIND).every((byte) => byte === OUTSIDE);
  }

  [Symbol.dispose](): void {
    this.#memory.close();
  }
}

const CODES = ["EINVAL", "EBADMSG", "EMSGSIZE", "EPIPE", "EBUSY"];

/** Tries something; only errors that say what is wrong may come of it. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    const expected = error instanceof IpcError ||
      error instanceof Deno.errors.NotSupported ||
      error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.Busy ||
      // There was no room, so nothing was reserved.
      error instanceof TypeError && error.message.includes("is reserved");
    if (!expected) throw error;
    const code = (error as Partial<IpcError>).code;
    assert(code === undefined || CODES.includes(code), `${error}`);
    return undefined;
  }
}

function assertInside(message: Uint8Array | null | undefined): void {
  assert(!message?.includes(OUTSIDE), "something outside was read");
}

Deno.test("a ring of nonsense is an error, and nothing outside is touched", () => {
  using place = new Surrounded(RingBuffer.sizeOf(CAPACITY));
  const { region } = place;
  for (let round = 0; round < ROUNDS; round++) {
    region.bytes.fill(0);
    using ring = RingBuffer.create(region);
    for (let i = random(4); i > 0; i--) {
      ring.trySend(new Uint8Array(random(90)));
    }
    for (let i = random(3); i > 0; i--) ring.tryReceive();
    place.spoil(1 + random(4));
    use(ring);
    const other = attempt(() => RingBuffer.open(region));
    if (other !== undefined) use(other);
    other?.close();
    assert(place.isIntact());
  }

  function use(ring: RingBuffer): void {
    const p = new Uint8Array(2 ** 11);
    for (let i = 0; i < 4; i++) {
      assertInside(attempt(() => ring.tryReceive()));
      assertInside(attempt(() => ring.tryReceive({ into: p })));
      assertInside(attempt(() => ring.tryPeek())?.slice());
      attempt(() => ring.tryPeek() && ring.release());
      attempt(() => ring.trySend(new Uint8Array(random(CAPACITY))));
      attempt(() => {
        ring.tryReserve(random(CAPACITY))?.fill(1);
        ring.commit();
      });
    }
  }
});

Deno.test("a broadcast of nonsense is an error, and nothing outside is touched", () => {
  using place = new Surrounded(Broadcast.sizeOf(CAPACITY));
  const { region } = place;
  for (let round = 0; round < ROUNDS; round++) {
    region.bytes.fill(0);
    using broadcast = Broadcast.create(region);
    for (let i = random(9); i > 0; i--) {
      broadcast.send(new Uint8Array(random(90)));
    }
    using reader = broadcast.subscribe({ from: "oldest" });
    place.spoil(1 + random(4));
    const other = attempt(() => Broadcast.open(region));
    const readers = [
      reader,
      attempt(() => other?.subscribe({ from: "oldest" })),
      attempt(() => other?.subscribe()),
    ];
    for (let i = 0; i < 4; i++) {
      for (const each of readers) {
        assertInside(attempt(() => each?.tryReceive())?.data);
        const p = new Uint8Array(2 ** 11);
        assertInside(attempt(() => each?.tryReceive({ into: p }))?.data);
      }
      attempt(() => broadcast.send(new Uint8Array(random(CAPACITY))));
      attempt(() => other?.send(new Uint8Array(random(CAPACITY))));
    }
    other?.close();
    assert(place.isIntact());
  }
});

Deno.test("random bytes are no ring and no broadcast", () => {
  using memory = SharedMemory.anonymous(4096);
  for (let round = 0; round < 200; round++) {
    crypto.getRandomValues(memory.bytes);
    assertThrows(() => RingBuffer.open(memory), IpcError, "there is no ring");
    assertThrows(() => Broadcast.open(memory), IpcError, "no broadcast");
  }
  for (const size of [1, 100, 255]) {
    using small = SharedMemory.anonymous(size);
    assertThrows(() => RingBuffer.open(small), IpcError);
    assertThrows(() => RingBuffer.create(small), RangeError);
  }
});

for (
  const [what, at, value, message] of [
    ["version", 4, 2, "version 2 of a ring"],
    ["size", 8, 12, "it has 12 bytes"],
    ["size", 8, 1 << 20, "more than the memory"],
    ["capacity", 12, 0, "its capacity is 0"],
    ["capacity", 12, 505, "its capacity is 505"],
  ] as const
) {
  Deno.test(`a ring whose ${what} is ${value} is refused`, () => {
    using place = new Surrounded(RingBuffer.sizeOf(CAPACITY));
    const { region, words } = place;
    region.bytes.fill(0);
    RingBuffer.create(region).close();
    words.setUint32(at, value, true);
    assertThrows(() => RingBuffer.open(region), Error, message);
  });
}

Deno.test("a peer that scribbles over everything all the time does no harm", async () => {
  using deadline = new Deadline();
  const name = memoryName();
  const size = RingBuffer.sizeOf(CAPACITY);
  using memory = SharedMemory.create(name, { size, temporary: true });
  const source = `
    import { SharedMemory } from "@ipc/core/shm";
    using memory = SharedMemory.open(Deno.args[0]);
    const words = new Uint32Array(memory.buffer);
    let state = 1;
    for (;;) {
      state = state * 1664525 + 1013904223 >>> 0;
      const at = 16 + (state >>> 8) % (words.length - 16);
      words[at] = state >>> (state & 31);
      // So that now and then something is right.
      words[[16, 32, 48, 49][state & 3]] = state >>> 20 & 0xff8;
    }
  `;
  const args = [...denoArgs(source), name];
  await using _peer = new Peer(Deno.execPath(), args, deadline);
  while (memory.bytes.subarray(64).every((byte) => byte === 0)) {
    await new Promise((done) => setTimeout(done, 1));
  }
  const p = new Uint8Array(2 ** 11);
  let [sent, received] = [0, 0];
  for (let round = 0; round < 2000; round++) {
    new Uint32Array(memory.buffer)[0] = 0;
    using ring = RingBuffer.create(memory, { capacity: CAPACITY });
    for (let i = 0; i < 20; i++) {
      if (attempt(() => ring.trySend(p.subarray(0, i * 25)))) sent++;
      if (attempt(() => ring.tryReceive({ into: p }))) received++;
      if (attempt(() => ring.tryReceive())) received++;
      attempt(() => ring.tryPeek() && ring.release());
    }
  }
  assert(sent > 0 && received > 0, `${sent} ${received}`);
  assertEquals(memory.size, size);
});
