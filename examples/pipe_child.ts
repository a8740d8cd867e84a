/**
 * Filters its input through another program, which gets two pipes:
 *
 *     deno run -A examples/pipe_child.ts sort -r < names.txt
 */

import { Pipe, spawn } from "@ipc/core/pipe";

const [program = "sort", ...args] = Deno.args;

using input = Pipe.open();
using output = Pipe.open();
const child = spawn(program, {
  args,
  fds: { 0: input.reader, 1: output.writer },
});
// The child has ends of its own now. While these are open, neither side would
// see that the other has finished.
input.reader.close();
output.writer.close();

// Both at once: a program that answers before it has read everything would
// wait for us otherwise, and we for it.
await Promise.all([
  Deno.stdin.readable.pipeTo(input.writer.writable).catch(wantsNoMore),
  output.reader.readable.pipeTo(Deno.stdout.writable),
]);
Deno.exitCode = (await child.status).code;

/** Programs like `head` end before their input does, which is fine. */
function wantsNoMore(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}
