/**
 * A chat: what one says, all others hear, with who said it. Start it and talk
 * to it from as many terminals as you like, until Ctrl-C:
 *
 *     deno run -A examples/socket_chat.ts /tmp/chat
 *     nc -U /tmp/chat              # in other terminals
 */

import { UnixListener, type UnixStream } from "@ipc/core/socket";

const [path] = Deno.args;
if (path === undefined) {
  console.error("usage: socket_chat.ts PATH");
  Deno.exit(2);
}

// Only this user may connect. A chat that was killed has left its file behind.
using listener = UnixListener.listen(path, { mode: 0o600, replaceStale: true });
Deno.addSignalListener("SIGINT", () => listener.close());
console.log(`chatting at ${path}`);

const members = new Set<UnixStream>();
for await (const member of listener) {
  members.add(member);
  void serve(member);
}
Deno.exit();

async function serve(member: UnixStream): Promise<void> {
  const { pid } = member.peer; // as the kernel says, whatever it says itself
  tell(member, `${pid} has come`);
  try {
    for await (const line of lines(member)) tell(member, `${pid}: ${line}`);
  } catch {
    // It was killed, or did not keep up.
  }
  members.delete(member);
  member.close();
  tell(member, `${pid} has gone`);
}

/** Who does not keep up is left behind, rather than have all wait for it. */
function tell(from: UnixStream, text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (const member of members) {
    if (member === from) continue;
    const signal = AbortSignal.timeout(1000);
    member.writeAll(bytes, { signal }).catch(() => member.close());
  }
}

async function* lines(from: UnixStream): AsyncGenerator<string> {
  let rest = "";
  for await (const text of from.readable.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}
