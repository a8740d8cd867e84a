/**
 * The same program for two processes and for two machines: whole messages, over
 * a Unix socket if it is given a path, over TCP if it is given a port.
 *
 *     deno run -A examples/messages_anywhere.ts serve /tmp/sums
 *     deno run -A examples/messages_anywhere.ts ask /tmp/sums 1 2 3
 *
 *     deno run -A examples/messages_anywhere.ts serve 4000
 *     deno run -A examples/messages_anywhere.ts ask 4000 1 2 3
 */

import {
  type ByteConnection,
  MessageStream,
  UnixListener,
  UnixStream,
} from "@ipc/core/socket";

const [role, where, ...numbers] = Deno.args;
if (!["serve", "ask"].includes(role) || where === undefined) {
  console.error("usage: messages_anywhere.ts serve|ask PATH|PORT [NUMBER …]");
  Deno.exit(2);
}
const port = Number(where);

if (role === "serve") {
  const listener = port ? Deno.listen({ port }) : UnixListener.listen(where);
  Deno.addSignalListener("SIGINT", () => listener.close());
  console.log(`summing up at ${where}`);
  for await (const connection of listener) {
    serve(connection).catch((error) => console.error(error.message));
  }
} else {
  const connection = port
    ? await Deno.connect({ port })
    : await UnixStream.connect(where);
  using messages = new MessageStream(connection);
  await send(messages, numbers.map(Number));
  console.log(await receive(messages));
}

async function serve(connection: ByteConnection): Promise<void> {
  // Nobody is believed who announces more than that.
  using messages = new MessageStream(connection, { maxLength: 100_000 });
  for await (const message of messages) {
    const terms: number[] = JSON.parse(new TextDecoder().decode(message));
    await send(messages, terms.reduce((sum, term) => sum + term, 0));
  }
}

async function send(messages: MessageStream, value: unknown): Promise<void> {
  await messages.send(JSON.stringify(value));
}

async function receive(messages: MessageStream): Promise<unknown> {
  const message = await messages.receive();
  return message && JSON.parse(new TextDecoder().decode(message));
}
