/**
 * Runs commands at once and prints what they say as they say it, each line
 * with the number of its command:
 *
 *     deno run -A examples/mux_run_together.ts "vmstat 1 3" "ping -c 3 localhost"
 */

import { Poller } from "@ipc/core/mux";
import { type Child, Pipe, type PipeReader, spawn } from "@ipc/core/pipe";

interface Job {
  readonly name: number;
  readonly child: Child;
  readonly output: PipeReader;
  readonly decoder: TextDecoder;
  /** The beginning of a line that has not been finished. */
  rest: string;
}

using poller = new Poller();
let running = 0;
for (const command of Deno.args) {
  const { reader: output, writer } = Pipe.open();
  const fds = { 0: "null", 1: writer, 2: writer } as const;
  const child = spawn("sh", { args: ["-c", command], fds });
  writer.close(); // or the end would never come
  const decoder = new TextDecoder();
  const job: Job = { name: ++running, child, output, decoder, rest: "" };
  poller.add(output, { data: job });
}

const p = new Uint8Array(65_536);
while (running > 0) {
  for (const { data } of await poller.wait()) {
    const job = data as Job;
    // It is ready, so it answers at once: null at the end.
    const count = job.output.tryRead(p);
    if (count === undefined) continue;
    if (count === null) await end(job);
    else print(job, job.decoder.decode(p.subarray(0, count), { stream: true }));
  }
}

function print(job: Job, text: string): void {
  const lines = (job.rest + text).split("\n");
  job.rest = lines.pop()!;
  for (const line of lines) console.log(`${job.name}: ${line}`);
}

async function end(job: Job): Promise<void> {
  if (job.rest !== "") print(job, "\n");
  job.output.close(); // and so it leaves the poller
  running--;
  const { code, success } = await job.child.status;
  if (success) return;
  console.error(`${job.name}: ended with code ${code}`);
  Deno.exitCode = 1;
}
