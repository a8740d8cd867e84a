/** Shared memory and rings in it; run as a program, this is the rings' server. */

import { setImmediate } from "node:timers";
import { RingBuffer, SharedMemory, Struct } from "../../shm/mod.ts";
import type { Case } from "../_demo/case.ts";
import { playClient, playServer, type Talk } from "../_demo/ping_pong.ts";

/** The descriptor of the memory: without a name, nothing is left behind. */
const MEMORY = 3;
/** Both rings are in the same memory. */
const SIZE = 4096;

const ringWithDeno: Case = {
  mechanism: "shm, ring",
  peer: "deno",
  async play(stage) {
    using memory = SharedMemory.anonymous(2 * SIZE);
    const capacity = 1024;
    using requests = RingBuffer.create(memory, { capacity });
    using answers = RingBuffer.create(memory, { capacity, offset: SIZE });
    stage.startModule(import.meta.url, [], { [MEMORY]: memory });
    const talk = overRings(answers, requests, stage.signal);
    return await playClient(talk, stage.rounds);
  },
};

/** What is shared with Python: whose turn it is, and what was said. */
const Table = new Struct({
  turn: "u32",
  text: { type: "text", length: 4 },
});

const PYTHON = `
import mmap, sys, time

table = mmap.mmap(${MEMORY}, 0)
turn = 1
while True:
    while int.from_bytes(table[0:4], sys.byteorder) < turn:
        time.sleep(0)
    if table[4:8].rstrip(b"\\0") == b"end":
        break
    table[4:8] = b"pong"
    table[0:4] = (turn + 1).to_bytes(4, sys.byteorder)
    turn += 2
`;

const memoryWithPython: Case = {
  mechanism: "shm, memory",
  peer: "python3",
  needs: "python3",
  async play(stage) {
    using memory = SharedMemory.anonymous(Table.size);
    stage.start("python3", ["-c", PYTHON], { [MEMORY]: memory });
    const talk = overTable(memory, stage.signal);
    const played = await playClient(talk, stage.rounds);
    await stage.ended();
    return played;
  },
};

/** The cases of shared memory. */
export const shmCases: readonly Case[] = [ringWithDeno, memoryWithPython];

function overRings(
  incoming: RingBuffer,
  outgoing: RingBuffer,
  signal?: AbortSignal,
): Talk {
  const decoder = new TextDecoder();
  return {
    send: (text) => outgoing.send(text, { signal }),
    async receive() {
      const message = await incoming.receive({ signal });
      if (message === null) throw new Error("the peer hung up");
      return decoder.decode(message);
    },
  };
}

/** Both sides look whose turn it is, as bare memory does not wake anybody. */
function overTable(memory: SharedMemory, signal: AbortSignal): Talk {
  const table = Table.view(memory);
  const { turn } = Table.atomics(memory);
  return {
    send(text) {
      table.text = text;
      turn.add(1);
      return Promise.resolve();
    },
    async receive() {
      while (turn.load() % 2 === 1) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => setImmediate(() => resolve()));
      }
      return table.text;
    },
  };
}

if (import.meta.main) {
  using memory = SharedMemory.fromFd(MEMORY);
  using requests = RingBuffer.open(memory);
  using answers = RingBuffer.open(memory, { offset: SIZE });
  await playServer(overRings(requests, answers));
}
