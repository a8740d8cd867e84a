/**
 * Numbers travel with signals: a child squares them. Real-time signals are
 * queued, so that none is merged with another or overtaken. Linux only.
 *
 *     deno run -A examples/signal_values.ts
 */

import { spawn } from "@ipc/core/pipe";
import { queue, realtime, SignalStream } from "@ipc/core/signal";

// Which of the 31 is up to the programs; they have no meaning of their own.
const QUESTION = realtime(3);
const ANSWER = realtime(4);

if (Deno.args[0] === "child") {
  const parent = Number(Deno.args[1]);
  using questions = SignalStream.open([QUESTION]);
  queue(parent, ANSWER, 0); // ready
  for await (const { pid, value } of questions) {
    // Anybody of the same user might send something.
    if (pid !== parent) continue;
    if (value === 0) break;
    queue(parent, ANSWER, value! ** 2);
  }
} else {
  using answers = SignalStream.open([ANSWER]);
  const child = spawn(Deno.execPath(), {
    args: ["run", "-A", import.meta.url, "child", `${Deno.pid}`],
  });
  await answers.receive(); // before that, a question would end the child
  for (const number of [2, 3, 4]) queue(child.pid, QUESTION, number);
  for (const number of [2, 3, 4]) {
    console.log(`${number} squared is ${(await answers.receive()).value}`);
  }
  queue(child.pid, QUESTION, 0);
  Deno.exitCode = (await child.status).code;
}
