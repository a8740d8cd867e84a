/**
 * Jobs for any number of workers, the urgent ones first. Start workers in
 * terminals of their own, and give them jobs from others:
 *
 *     deno run -A examples/mq_jobs.ts work /jobs
 *     deno run -A examples/mq_jobs.ts add /jobs 0 sweep the floor
 *     deno run -A examples/mq_jobs.ts add /jobs 9 put out the fire
 *     deno run -A examples/mq_jobs.ts list
 */

import { MessageQueue } from "@ipc/core/mq";

const [command, name, priority, ...words] = Deno.args;
if (command === "list") list();
else if (name === undefined) usage();
else if (command === "work") await work();
else if (command === "add" && words.length > 0) await add();
else usage();

/** Takes jobs until Ctrl-C; what is in the queue stays there. */
async function work(): Promise<void> {
  using jobs = MessageQueue.ensure(name);
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  console.error(`working on ${name}`);
  try {
    for (;;) {
      const { data, priority } = await jobs.receive(stop);
      console.log(`${priority}: ${new TextDecoder().decode(data)}`);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.error(`${jobs.length} jobs left`);
  }
  Deno.exit();
}

/** Adds a job, waiting while there are too many. */
async function add(): Promise<void> {
  using jobs = MessageQueue.ensure(name);
  await jobs.send(words.join(" "), { priority: Number(priority) });
}

function list(): void {
  for (const name of MessageQueue.list()) {
    using queue = MessageQueue.open(name, { write: false });
    console.log(`${name}: ${queue.length} of ${queue.maxMessages} messages`);
  }
}

function usage(): never {
  console.error("usage: mq_jobs.ts work NAME | add NAME PRIORITY TEXT | list");
  Deno.exit(2);
}
