/**
 * One of many processes that send to and receive from the same queue. Every
 * message is a number of its own, which also says its priority or type.
 *
 * Usage: queue_crowd.ts KIND QUEUE produce FIRST COUNT
 *        queue_crowd.ts KIND QUEUE consume FILE WAY
 *
 * A consumer gives up what it waits for every other millisecond. It writes all
 * numbers to the file when a line comes to its standard input: then it waits
 * to be killed, in the middle of a receive, or drains the queue and ends.
 */

import { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";

/** How many priorities or types there are. */
const KINDS = 4;

interface Queue {
  sendSync(p: Uint8Array, n: number): void;
  send(p: Uint8Array, n: number): Promise<void>;
  tryReceive(): Uint8Array | undefined;
  receive(signal: AbortSignal): Promise<Uint8Array>;
  /** Waits for what never comes. */
  waitForever(): Promise<unknown>;
}

function posix(name: string): Queue {
  const queue = MessageQueue.open(name);
  const nothing = MessageQueue.create(`/${crypto.randomUUID()}`, {
    maxMessages: 1,
    messageSize: 1,
  });
  nothing.unlink();
  const into = new Uint8Array(queue.messageSize);
  return {
    sendSync: (p, n) => queue.sendSync(p, { priority: n % KINDS }),
    send: (p, n) => queue.send(p, { priority: n % KINDS }),
    tryReceive: () => queue.tryReceive({ into })?.data,
    receive: async (signal) => (await queue.receive({ into, signal })).data,
    waitForever: () => nothing.receive(),
  };
}

/** The ways of choosing types: the first takes what others leave. */
const WAYS = [{}, { type: 2 }, { type: -3 }, { type: 1, except: true }];

function sysv(id: string, way: number): Queue {
  const queue = SysvMessageQueue.fromId(Number(id));
  const options = WAYS[way];
  return {
    sendSync: (p, n) => queue.sendSync(p, { type: 1 + n % KINDS }),
    send: (p, n) => queue.send(p, { type: 1 + n % KINDS }),
    tryReceive: () => queue.tryReceive(options)?.data,
    receive: async (signal) =>
      (await queue.receive({ ...options, signal })).data,
    waitForever: () => queue.receive({ type: 99 }),
  };
}

async function produce(queue: Queue, first: number, count: number) {
  const words = new Uint32Array(1);
  const bytes = new Uint8Array(words.buffer);
  // Half of it in either voice.
  for (let n = first; n < first + count / 2; n++) {
    words[0] = n;
    queue.sendSync(bytes, n);
  }
  for (let n = first + count / 2; n < first + count; n++) {
    words[0] = n;
    await queue.send(bytes, n);
  }
}

async function consume(queue: Queue, file: string) {
  const numbers: number[] = [];
  let line: string | undefined;
  let controller = new AbortController();
  const aborting = setInterval(() => {
    controller.abort();
    controller = new AbortController();
  }, 1);
  Deno.stdin.read(new Uint8Array(8)).then((count) => {
    line = count === 6 ? "pause\n" : "end\n";
    controller.abort();
  });
  while (line === undefined) {
    try {
      numbers.push(toNumber(await queue.receive(controller.signal)));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }
  clearInterval(aborting);
  if (line === "end\n") {
    for (let data; (data = queue.tryReceive()) !== undefined;) {
      numbers.push(toNumber(data));
    }
  }
  const bytes = new Uint8Array(new Uint32Array(numbers).buffer);
  Deno.writeFileSync(file, bytes);
  console.log("written");
  if (line === "pause\n") await queue.waitForever();
}

function toNumber(data: Uint8Array): number {
  return new Uint32Array(data.slice().buffer)[0];
}

const [kind, name, role, first, second] = Deno.args;
const queue = kind === "posix" ? posix(name) : sysv(name, Number(second));
if (role === "produce") await produce(queue, Number(first), Number(second));
else await consume(queue, first);
Deno.exit();
