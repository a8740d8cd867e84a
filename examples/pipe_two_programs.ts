/**
 * Two Deno programs and a channel of their own, beside the standard streams:
 * the child computes, and whatever it prints is still printed.
 *
 *     deno run -A examples/pipe_two_programs.ts
 */

import { Pipe, PipeReader, PipeWriter, spawn } from "@ipc/core/pipe";

// Any numbers that the child does not use otherwise.
const JOBS = 3;
const RESULTS = 4;

if (Deno.args[0] === "child") {
  using jobs = PipeReader.fromFd(JOBS);
  using results = PipeWriter.fromFd(RESULTS);
  for await (const job of lines(jobs)) {
    console.log(`the child works on ${job}`);
    await say(results, JSON.parse(job) ** 2);
  }
} else {
  using jobs = Pipe.open();
  using results = Pipe.open();
  const child = spawn(Deno.execPath(), {
    args: ["run", "-A", import.meta.url, "child"],
    fds: { [JOBS]: jobs.reader, [RESULTS]: results.writer },
  });
  jobs.reader.close();
  results.writer.close();

  const answers = lines(results.reader);
  for (const job of [2, 3, 4]) {
    await say(jobs.writer, job);
    const { value } = await answers.next();
    console.log(`${job} squared is ${value}`);
  }
  jobs.writer.close(); // no more jobs: the child comes to an end
  Deno.exitCode = (await child.status).code;
}

async function say(to: PipeWriter, value: unknown): Promise<void> {
  await to.writeAll(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

/** A chunk may be half a line or several: pipes know nothing of messages. */
async function* lines(from: PipeReader): AsyncGenerator<string> {
  let rest = "";
  for await (const text of from.readable.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}
