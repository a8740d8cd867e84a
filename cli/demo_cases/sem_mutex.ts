/** A mutex and a condition in memory; run as a program, this is the server. */

import { Condition, Mutex } from "../../sem/mod.ts";
import { SharedMemory, Struct } from "../../shm/mod.ts";
import type { Case } from "../_demo/case.ts";
import { playClient, playServer, type Talk } from "../_demo/ping_pong.ts";

/** What a mutex guards: a word, once somebody has said it. */
const Word = new Struct({
  said: "u32",
  text: { type: "text", length: 4 },
});

/** The descriptor of the memory: without a name, nothing is left behind. */
const MEMORY = 3;

/** Where the words are, and behind each its mutex and its condition. */
const REQUESTS = 0;
const ANSWERS = 256;
const MUTEX = 64;
const CONDITION = 128;

const withDeno: Case = {
  mechanism: "sem, Mutex",
  peer: "deno",
  async play(stage) {
    using memory = SharedMemory.anonymous(4096);
    for (const place of [REQUESTS, ANSWERS]) {
      Mutex.init(memory, place + MUTEX);
      Condition.init(memory, place + CONDITION);
    }
    stage.startModule(import.meta.url, [], { [MEMORY]: memory });
    const talk = overMemory(memory, ANSWERS, REQUESTS, stage.signal);
    return await playClient(talk, stage.rounds);
  },
};

/** The cases of what waits in shared memory. */
export const semMutexCases: readonly Case[] = [withDeno];

function overMemory(
  memory: SharedMemory,
  from: number,
  to: number,
  signal?: AbortSignal,
): Talk {
  const [incoming, outgoing] = [from, to].map((place) => ({
    mutex: Mutex.at(memory, place + MUTEX),
    changed: Condition.at(memory, place + CONDITION),
    word: Word.view(memory, place),
  }));
  return {
    async send(text) {
      const { mutex, changed, word } = outgoing;
      using _lock = await mutex.acquire({ signal });
      word.text = text;
      word.said = 1;
      changed.notify();
    },
    async receive() {
      const { mutex, changed, word } = incoming;
      using lock = await mutex.acquire({ signal });
      while (word.said === 0) await changed.wait(lock, { signal });
      word.said = 0;
      return word.text;
    },
  };
}

if (import.meta.main) {
  using memory = SharedMemory.fromFd(MEMORY);
  await playServer(overMemory(memory, REQUESTS, ANSWERS));
}
