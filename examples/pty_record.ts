/**
 * Runs a program in a terminal of its own and passes everything on, while it
 * writes down what is seen:
 *
 *     deno run -A examples/pty_record.ts /tmp/session bash
 *     cat /tmp/session
 */

import { Pty } from "@ipc/core/pty";
import { SignalStream } from "@ipc/core/signal";

const [path, program = "sh", ...args] = Deno.args;
if (path === undefined || !Deno.stdin.isTerminal()) {
  console.error(
    "usage, in a terminal: pty_record.ts PATH [PROGRAM [ARGUMENT …]]",
  );
  Deno.exit(2);
}

using record = await Deno.open(path, {
  write: true,
  create: true,
  truncate: true,
});
await using pty = Pty.spawn(program, {
  args,
  ...Deno.consoleSize(),
  env: { TERM: Deno.env.get("TERM") ?? "dumb" },
});

// This terminal passes on every key, the inner one does what they mean.
Deno.stdin.setRaw(true);
Deno.stdin.readable.pipeTo(pty.writable).catch(isOver);
followSize().catch(isOver);

const screen = Deno.stdout.writable.getWriter();
for await (const chunk of pty) {
  await Promise.all([screen.write(chunk), record.write(chunk)]);
}
Deno.stdin.setRaw(false);
const { code } = await pty.child.status;
// Somebody still waits for a key.
Deno.exit(code);

/** Has the inner terminal change its size with the outer one. */
async function followSize(): Promise<void> {
  for await (const _ of SignalStream.open(["SIGWINCH"])) {
    const { columns, rows } = Deno.consoleSize();
    pty.resize(columns, rows);
  }
}

/** Keys that are typed after the end are for nobody. */
function isOver(error: unknown): void {
  if (!(error instanceof Deno.errors.BadResource)) throw error;
}
