/** Shared memory and rings in it; run as a program, this is the rings' server. */

import { setImmediate } from "node:timers";
import { RingBuffer, SharedMemory, Struct } from "../../shm/mod.ts";
import type { Case } from "../_demo/case.ts";
import { playClient, playServer, type Talk } from "../_demo/ping_pong.ts";

const CAPACITY = 4096;

const ringWithDeno: Case = {
  mechanism: "shm, ring",
  peer: "deno",
  async play(stage) {
    const options = { capacity: CAPACITY, temporary: true };
    const names = [newName(), newName()];
    using requests = RingBuffer.create(names[0], options);
    using answers = RingBuffer.create(names[1], options);
    stage.startModule(import.meta.url, names);
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
import sys, time
from multiprocessing import resource_tracker, shared_memory

memory = shared_memory.SharedMemory(sys.argv[1].lstrip("/"))
# Who has not made it must not remove it at the end: bpo-39959.
resource_tracker.unregister(memory._name, "shared_memory")
table = memory.buf
turn = 1
while True:
    while int.from_bytes(table[0:4], sys.byteorder) < turn:
        time.sleep(0)
    if bytes(table[4:8]).rstrip(b"\\0") == b"end":
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
    const options = { size: Table.size, temporary: true };
    using memory = SharedMemory.create(newName(), options);
    stage.start("python3", ["-c", PYTHON, memory.name!]);
    const talk = overTable(memory, stage.signal);
    const played = await playClient(talk, stage.rounds);
    await stage.ended();
    return played;
  },
};

/** The cases of shared memory. */
export const shmCases: readonly Case[] = [ringWithDeno, memoryWithPython];

function newName(): string {
  return `/ipc-demo-${crypto.randomUUID().slice(0, 18)}`;
}

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
  const [requests, answers] = Deno.args.map((name) => RingBuffer.open(name));
  await playServer(overRings(requests, answers));
}
