import { setSpinning } from "../../mux/mod.ts";
import { RingBuffer, SharedMemory } from "../../shm/mod.ts";
import type { Case, Endpoint, Link, Place, Role } from "../case.ts";
import { denoUnix } from "../peers/deno_unix.ts";
import { denoWorker } from "../peers/deno_worker.ts";

/** A page of messages and more; both rings fit into a processor's cache. */
const CAPACITY = 65_536;
const SIZES = [64, 4096];
const MEMORY = 3;

/** Two rings in shared memory, through the copying voices. */
export const ring: Case = {
  name: "ring",
  voices: ["sync", "async", "async, no spin"],
  sizes: SIZES,
  c: { source: "ring.c", link: twoRings },
  peers: [denoUnix, denoWorker],
  link: twoRings,
  open(_place, role) {
    const { incoming, outgoing } = openRings(role);
    return {
      sync: {
        send: (p) => outgoing.sendSync(p),
        receive: (p) => requireAll(p, incoming.receiveSync({ into: p })),
      },
      async: {
        send: (p) => outgoing.send(p),
        receive: async (p) =>
          requireAll(p, await incoming.receive({ into: p })),
      },
    };
  },
};

/** The same where both sides sleep as soon as there is nothing to do. */
export const ringAsleep: Case = {
  ...ring,
  name: "ring asleep",
  voices: ["sync"],
  sizes: [64],
  measures: ["round trip"],
  c: { source: "ring_asleep.c", link: twoRings },
  open(place, role) {
    setSpinning(0);
    return ring.open(place, role);
  },
};

/** The same without copies: messages are written and read in place. */
export const ringInPlace: Case = {
  name: "ring in place",
  voices: ["sync"],
  sizes: SIZES,
  c: { source: "ring.c", link: twoRings },
  peers: [denoUnix, denoWorker],
  link: twoRings,
  open(_place, role) {
    const { incoming, outgoing } = openRings(role);
    return { sync: inPlace(incoming, outgoing) };
  },
};

/** Writes and reads the first and the last byte only: the rest is the user's. */
function inPlace(
  incoming: RingBuffer,
  outgoing: RingBuffer,
): Endpoint["sync"] {
  let sum = 0;
  return {
    send(p) {
      const room = outgoing.tryReserve(p.length) ??
        outgoing.reserveSync(p.length);
      room[0] = sum;
      room[room.length - 1] = sum;
      outgoing.commit();
    },
    receive(p) {
      const message = incoming.tryPeek() ?? incoming.peekSync();
      requireAll(p, message);
      sum = message![0] + message![p.length - 1] & 255;
      incoming.release();
    },
  };
}

function requireAll(p: Uint8Array, message: Uint8Array | null): void {
  if (message?.length === p.length) return;
  throw new Error("A message of another size");
}

function twoRings(_place: Place): Link {
  const size = Math.ceil(RingBuffer.sizeOf(CAPACITY) / 4096) * 4096;
  const memory = SharedMemory.anonymous(2 * size);
  for (const offset of [0, size]) {
    RingBuffer.create(memory, { capacity: CAPACITY, offset }).close();
  }
  const fds = { [MEMORY]: memory };
  return {
    fds: { a: fds, b: fds },
    [Symbol.dispose]: () => memory.close(),
  };
}

function openRings(
  role: Role,
): { readonly incoming: RingBuffer; readonly outgoing: RingBuffer } {
  const memory = SharedMemory.fromFd(MEMORY);
  const there = RingBuffer.open(memory);
  const back = RingBuffer.open(memory, { offset: memory.size / 2 });
  return role === "a"
    ? { incoming: back, outgoing: there }
    : { incoming: there, outgoing: back };
}
