import {
  Broadcast,
  type BroadcastReader,
  SharedMemory,
} from "../../shm/mod.ts";
import type { Case, Link, Role } from "../case.ts";
import { denoUnix } from "../peers/deno_unix.ts";
import { denoWorker } from "../peers/deno_worker.ts";

const CAPACITY = 65_536;
const MEMORY = 3;
/** How many readers each side has. */
const READERS = 4;

/**
 * Two broadcasts, of which each side reads one four times. What a reader has
 * missed counts as received: it knows of it.
 */
export const broadcast: Case = {
  name: "broadcast, 4 readers",
  voices: ["sync", "async"],
  sizes: [64, 4096],
  peers: [denoUnix, denoWorker],
  link: twoBroadcasts,
  open(_place, role) {
    const { incoming, outgoing } = openBroadcasts(role);
    const readers = Array.from(
      { length: READERS },
      () => new Listener(incoming.subscribe({ from: "oldest" })),
    );
    return {
      sync: {
        send: (p) => outgoing.send(p),
        receive: (p) => readers.forEach((reader) => reader.receiveSync(p)),
      },
      async: {
        send: (p) => Promise.resolve(outgoing.send(p)),
        async receive(p) {
          for (const reader of readers) await reader.receive(p);
        },
      },
    };
  },
};

/** Counts what has been received and missed. */
class Listener {
  readonly #reader: BroadcastReader;
  #missed = 0;

  constructor(reader: BroadcastReader) {
    this.#reader = reader;
  }

  receiveSync(into: Uint8Array): void {
    if (this.#missed > 0) this.#missed--;
    else this.#missed = present(this.#reader.receiveSync({ into }));
  }

  async receive(into: Uint8Array): Promise<void> {
    if (this.#missed > 0) this.#missed--;
    else this.#missed = present(await this.#reader.receive({ into }));
  }
}

function present(message: { readonly missed: number } | null): number {
  if (message === null) throw new Error("The other side has gone");
  return message.missed;
}

function twoBroadcasts(): Link {
  const size = Math.ceil(Broadcast.sizeOf(CAPACITY) / 4096) * 4096;
  const memory = SharedMemory.anonymous(2 * size);
  for (const offset of [0, size]) {
    Broadcast.create(memory, { capacity: CAPACITY, offset }).close();
  }
  const fds = { [MEMORY]: memory };
  return {
    fds: { a: fds, b: fds },
    [Symbol.dispose]: () => memory.close(),
  };
}

function openBroadcasts(
  role: Role,
): { readonly incoming: Broadcast; readonly outgoing: Broadcast } {
  const memory = SharedMemory.fromFd(MEMORY);
  const there = Broadcast.open(memory);
  const back = Broadcast.open(memory, { offset: memory.size / 2 });
  return role === "a"
    ? { incoming: back, outgoing: there }
    : { incoming: there, outgoing: back };
}
