/**
 * Has Python's prompt calculate, as somebody would who types there and reads:
 *
 *     deno run -A examples/pty_python.ts '6 * 7' '2 ** 100'
 */

import { Pty } from "@ipc/core/pty";

const PROMPT = ">>> ";

// Without colours, and without an editor that moves the cursor.
const env = { TERM: "dumb", PYTHON_BASIC_REPL: "1" };
await using pty = Pty.spawn("python3", { args: ["-i", "-q"], env });
// What is typed does not come back.
pty.echo = false;

await answer();
for (const expression of Deno.args) {
  await pty.writeAll(`${expression}\r`);
  console.log(`${expression} = ${await answer()}`);
}
await pty.writeAll("\x04"); // Ctrl-D, the end of the input.
const { code } = await pty.child.status;
console.log(`Python ended with ${code}.`);

/** What is printed before the next prompt. */
async function answer(): Promise<string> {
  const decoder = new TextDecoder();
  const p = new Uint8Array(4096);
  let text = "";
  while (!text.endsWith(PROMPT)) {
    const count = await pty.read(p);
    if (count === null) throw new Error(`Python has gone: ${text}`);
    text += decoder.decode(p.subarray(0, count), { stream: true });
  }
  return text.slice(0, -PROMPT.length).trim();
}
