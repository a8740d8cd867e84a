/**
 * Two programs. "storm" receives numbers and sends some, and aborts most of
 * what it begins at a random moment; "feeder" does the opposite and aborts
 * nothing. Each says what it has seen of the other, so that a number which was
 * lost, doubled or sent in spite of its abort is noticed.
 *
 * Usage: abort_storm.ts ROLE KIND TO_STORM TO_FEEDER ABORTS
 */

import { setImmediate } from "node:timers";
import { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
import { Random } from "../_util/random.ts";

interface Options {
  readonly signal?: AbortSignal;
}

/** A queue whose messages are numbers. */
interface NumberQueue {
  send(n: number, options?: Options): Promise<void>;
  receive(options?: Options): Promise<number>;
}

const KINDS: Record<string, (name: string) => NumberQueue> = {
  posix(name) {
    const queue = MessageQueue.open(name);
    return {
      send: (n, options) => queue.send(`${n}`, options),
      receive: async (options) => toNumber((await queue.receive(options)).data),
    };
  },
  sysv(id) {
    const queue = SysvMessageQueue.fromId(Number(id));
    return {
      send: (n, options) => queue.send(`${n}`, { ...options, type: 1 + n % 3 }),
      receive: async (options) => toNumber((await queue.receive(options)).data),
    };
  },
  // Empty messages, which a wait may take: all they have is their type.
  empty(id) {
    const queue = SysvMessageQueue.fromId(Number(id));
    return {
      send: (n, options) => queue.send("", { ...options, type: n + 1 }),
      receive: async (options) => (await queue.receive(options)).type - 1,
    };
  },
};

function toNumber(data: Uint8Array): number {
  return Number(new TextDecoder().decode(data));
}

const STOP = 2 ** 30;
const random = new Random(Deno.pid);

/** A moment from now to some milliseconds. */
async function aMoment(): Promise<void> {
  const kind = random.upTo(9);
  if (kind < 3) return;
  if (kind < 6) return await undefined;
  if (kind < 8) return await new Promise((done) => setImmediate(() => done()));
  await new Promise((done) => setTimeout(done, random.upTo(1)));
}

class Storm {
  readonly received: number[] = [];
  readonly sent: number[] = [];
  aborted = 0;
  #next = 0;

  async receive(from: NumberQueue, options: Options): Promise<void> {
    const number = await this.#attempt(() => from.receive(options));
    if (number !== undefined) this.received.push(number);
  }

  async send(to: NumberQueue, options: Options): Promise<void> {
    const number = this.#next++;
    const result = await this.#attempt(async () => {
      await to.send(number, options);
      return number;
    });
    if (result !== undefined) this.sent.push(number);
  }

  async #attempt(
    action: () => Promise<number>,
  ): Promise<number | undefined> {
    try {
      return await action();
    } catch (error) {
      if (error !== "aborted") throw error;
      this.aborted++;
      return undefined;
    }
  }
}

async function storm(from: NumberQueue, to: NumberQueue, aborts: number) {
  const all = new Storm();
  while (all.aborted < aborts) {
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const actions = Array.from(
      { length: 1 + random.upTo(15) },
      () => random.upTo(1) ? all.receive(from, options) : all.send(to, options),
    );
    await aMoment();
    controller.abort("aborted");
    await Promise.all(actions);
  }
  await to.send(STOP);
  // The feeder says how many it has sent, after them.
  const rest: number[] = [];
  while (all.received.filter((n) => n >= STOP).length === 0) {
    await all.receive(from, {});
  }
  const count = all.received.find((n) => n >= STOP)! - STOP;
  while (all.received.length + rest.length < count + 1) {
    rest.push(await from.receive());
  }
  const received = [...all.received, ...rest].filter((n) => n < STOP);
  report(received, count);
  // They went out in the order in which they were begun.
  console.log(JSON.stringify(all.sent.toSorted((a, b) => a - b)));
}

async function feeder(from: NumberQueue, to: NumberQueue): Promise<void> {
  const received: number[] = [];
  let sent = 0;
  const feeding = new AbortController();
  const receiving = (async () => {
    for (;;) {
      const number = await from.receive();
      if (number === STOP) return feeding.abort("stop");
      received.push(number);
      await aMoment();
    }
  })();
  try {
    for (; !feeding.signal.aborted; sent++) {
      await to.send(sent, { signal: feeding.signal });
      await aMoment();
    }
  } catch (error) {
    if (error !== "stop") throw error;
  }
  await receiving;
  await to.send(STOP + sent);
  console.log(JSON.stringify(received));
}

/** Says whether all numbers up to `count` are there, and in which order. */
function report(numbers: number[], count: number): void {
  const sorted = numbers.toSorted((a, b) => a - b);
  const complete = numbers.length === count &&
    sorted.every((n, i) => n === i);
  const inOrder = numbers.every((n, i) => n === sorted[i]);
  console.log(JSON.stringify({ complete, inOrder }));
}

const [role, kind, toStorm, toFeeder, aborts] = Deno.args;
const [incoming, outgoing] = [toStorm, toFeeder].map(KINDS[kind]);
if (role === "storm") await storm(incoming, outgoing, Number(aborts));
else await feeder(outgoing, incoming);
