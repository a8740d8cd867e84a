/** Many processes at one queue, of which some are killed. */

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Lines } from "./_util/lines.ts";
import { Deadline } from "./_util/peer.ts";
import { tempQueue, tempSysvQueue } from "./_util/queues.ts";
import { Random } from "./_util/random.ts";
import { TempDir } from "./_util/temp.ts";

/** How many messages all producers send together; a million pass, too. */
const MESSAGES = 200_000;
const CROWD = 4;
/** How many priorities or types there are; a number's rest tells which. */
const KINDS = 4;

const program = fileURLToPath(
  new URL("./testdata/queue_crowd.ts", import.meta.url),
);

/** A process at the queue; killed at the end of the block. */
class Member implements AsyncDisposable {
  readonly file: string;
  readonly status: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;
  readonly #lines: Lines;

  constructor(args: readonly string[], file: string, signal: AbortSignal) {
    this.file = file;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", program, ...args],
      stdin: args.includes("consume") ? "piped" : "null",
      stdout: "piped",
      signal,
    }).spawn();
    this.#lines = new Lines(this.#process.stdout);
    this.status = this.#process.status;
  }

  /** Has it write down what it has received, and go on as the word says. */
  async stop(word: "pause" | "end"): Promise<void> {
    const writer = this.#process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${word}\n`));
    await writer.close();
    assertEquals(await this.#lines.next(), "written");
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _process = this.#process;
    await this.#lines[Symbol.asyncDispose]();
  }
}

async function crowd(kind: string, name: string, deadline: Deadline) {
  using directory = new TempDir();
  await using stack = new AsyncDisposableStack();
  const random = new Random(MESSAGES);
  const all: Member[] = [];
  function start(...args: string[]): Member {
    const member = new Member([kind, name, ...args], args[1], deadline.signal);
    all.push(stack.use(member));
    return member;
  }
  function consumer(way: number): Member {
    return start("consume", directory.join(`${all.length}`), `${way}`);
  }
  const consumers = Array.from({ length: CROWD }, (_, way) => consumer(way));
  const share = MESSAGES / CROWD;
  const producers = Array.from(
    { length: CROWD },
    (_, i) => start("produce", `${i * share}`, `${share}`),
  );

  let producing = true;
  let kills = 0;
  const killing = (async () => {
    while (producing) {
      await new Promise((done) => setTimeout(done, random.upTo(150)));
      const way = random.upTo(CROWD - 1);
      const victim = consumers[way];
      await victim.stop("pause");
      victim.kill();
      await victim.status;
      consumers[way] = consumer(way);
      kills++;
    }
  })();
  for (const { status } of producers) assert((await status).success);
  producing = false;
  await killing;
  for (const member of consumers) await member.stop("end");
  for (const { status } of consumers) assert((await status).success);
  assert(kills > 0);
  return all
    .filter((member) => !producers.includes(member))
    .map(({ file }) => new Uint32Array(Deno.readFileSync(file).buffer));
}

/** That every number was received once, those of a kind in their order. */
function check(received: readonly Uint32Array[]): void {
  const times = new Uint8Array(MESSAGES);
  for (const numbers of received) {
    const last = new Int32Array(CROWD * KINDS).fill(-1);
    for (const number of numbers) {
      times[number]++;
      const producer = Math.floor(number / (MESSAGES / CROWD));
      const line = producer * KINDS + number % KINDS;
      assert(number > last[line], `${number} came after ${last[line]}`);
      last[line] = number;
    }
  }
  assertEquals(times.indexOf(0), -1, "a message was lost");
  assert(times.every((count) => count === 1), "a message came twice");
}

Deno.test(
  `${MESSAGES} messages of four programs reach four others, which are killed, once`,
  {
    ignore: Deno.build.os !== "linux",
  },
  async () => {
    using deadline = new Deadline(300_000);
    using queue = tempQueue();
    check(await crowd("posix", queue.name, deadline));
    assertEquals(queue.length, 0);
  },
);

Deno.test(
  `${MESSAGES} System V messages of four programs reach four others, which are killed, once`,
  {
    ignore: Deno.build.os !== "linux",
  },
  async () => {
    using deadline = new Deadline(300_000);
    using queue = tempSysvQueue();
    check(await crowd("sysv", `${queue.id}`, deadline));
    assertEquals(queue.stat().length, 0);
  },
);
