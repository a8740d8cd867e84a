import { assertEquals } from "@std/assert";
import { Fifo, type PipeReader, type PipeWriter } from "@ipc/core/fifo";
import { Pipe, spawn } from "@ipc/core/pipe";
import { compiled } from "./_util/compiled.ts";
import { descriptorsIn } from "./_util/held.ts";
import { decodeMessage, encodeMessage, MESSAGE_SIZE } from "./_util/message.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { missing } from "./_util/peers.ts";
import { readAll } from "./_util/read_all.ts";
import { TempDir } from "./_util/temp.ts";

const ignore = missing("cc");
const program = await compiled("messages.c");
const ROUNDS = 200;

for (const role of ["serve", "poll"]) {
  const how = role === "serve" ? "reads blocking" : "reads when poll says so";
  Deno.test(`structs go to a C server that ${how}, and back`, {
    ignore,
  }, async () => {
    using dir = new TempDir();
    using deadline = new Deadline();
    const requests = Fifo.create(dir.join("requests"));
    const answers = Fifo.create(dir.join("answers"));
    const args = [role, requests.path, answers.path];
    await using server = new Peer(program, args, deadline);
    using writer = await requests.openWriter(deadline);
    using reader = await answers.openReader();

    assertEquals(await ask(reader, writer, deadline), ROUNDS);
    writer.close();
    const end = role === "serve" ? "" : " POLLHUP";
    const { code, stdout, stderr } = await server.outcome;
    assertEquals([code, stdout, stderr], [0, `${ROUNDS}${end}\n`, ""]);
    assertEquals(await reader.read(new Uint8Array(1), deadline), null);
    reader.close();
    assertEquals(descriptorsIn(dir.path), []);
  });
}

Deno.test("structs come from a C client over FIFOs, and go back", {
  ignore,
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  const requests = Fifo.create(dir.join("requests"));
  const answers = Fifo.create(dir.join("answers"));
  const args = ["ask", requests.path, answers.path, `${ROUNDS}`];
  await using client = new Peer(program, args, deadline);
  using reader = await requests.openReader();
  using writer = await answers.openWriter(deadline);

  assertEquals(await serve(reader, writer, deadline), ROUNDS);
  const { code, stdout, stderr } = await client.outcome;
  assertEquals([code, stdout, stderr], [0, `${ROUNDS}\n`, ""]);
});

Deno.test("structs of many C programs arrive whole, and each one's in order", {
  ignore,
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  const fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  const senders = [1, 2, 3, 4];
  // Open before any of them starts, so that the end comes after the last.
  using own = await fifo.openWriter(deadline);
  await using stack = new AsyncDisposableStack();
  const peers = senders.map((sender) => {
    const args = ["flood", fifo.path, `${sender}`, "1000"];
    return stack.use(new Peer(program, args, deadline));
  });
  Promise.all(peers.map(({ outcome }) => outcome)).then(() => own.close());

  const bytes = await readAll(reader, deadline);
  assertEquals(bytes.length, senders.length * 1000 * MESSAGE_SIZE);
  const next = new Map(senders.map((sender) => [sender, 0]));
  for (let at = 0; at < bytes.length; at += MESSAGE_SIZE) {
    const { sender, number, value, text } = decodeMessage(bytes, at);
    assertEquals(number, next.get(sender));
    assertEquals([value, text], [sender + number / 4, "flood"]);
    next.set(sender, number + 1);
  }
  for (const { outcome } of peers) assertEquals((await outcome).code, 0);
});

Deno.test("structs go to a C server over pipes, and back", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  using requests = Pipe.open();
  using answers = Pipe.open();
  await using child = spawn(program, {
    args: ["serve", "7", "8"],
    fds: { 1: "null", 7: requests.reader, 8: answers.writer },
  });
  requests.reader.close();
  answers.writer.close();
  const count = await ask(answers.reader, requests.writer, deadline);
  assertEquals(count, ROUNDS);
  requests.writer.close();
  assertEquals((await child.status).code, 0);
});

Deno.test("structs come from a C client over pipes, and go back", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  using requests = Pipe.open();
  using answers = Pipe.open();
  await using child = spawn(program, {
    args: ["ask", "7", "8", `${ROUNDS}`],
    fds: { 1: "null", 7: requests.writer, 8: answers.reader },
  });
  requests.writer.close();
  answers.reader.close();
  const count = await serve(requests.reader, answers.writer, deadline);
  assertEquals(count, ROUNDS);
  assertEquals((await child.status).code, 0);
});

Deno.test("one write of a C program blocks until all of it is in the pipe", {
  ignore,
}, async () => {
  const size = 1 << 20;
  using deadline = new Deadline();
  using data = Pipe.open();
  using output = Pipe.open();
  await using child = spawn(program, {
    args: ["write", "7", `${size}`],
    fds: { 1: output.writer, 7: data.writer },
  });
  data.writer.close();
  output.writer.close();
  const bytes = await readAll(data.reader, deadline);
  assertEquals(bytes.length, size);
  const printed = await readAll(output.reader, deadline);
  assertEquals(new TextDecoder().decode(printed), `${size}\n`);
  assertEquals((await child.status).code, 0);
});

type Options = { readonly signal: AbortSignal };

/** Sends structs and answers how many were answered as they should be. */
async function ask(
  reader: PipeReader,
  writer: PipeWriter,
  options: Options,
): Promise<number> {
  const buffer = new Uint8Array(2 * MESSAGE_SIZE);
  let right = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const question = { sender: i, number: -i, value: i / 3, text: "question" };
    await writer.writeAll(encodeMessage(question), options);
    assertEquals(await reader.read(buffer, options), MESSAGE_SIZE);
    assertEquals(decodeMessage(buffer), {
      sender: i,
      number: -i + 1,
      value: i / 3 * 2,
      text: "answer",
    });
    right++;
  }
  return right;
}

/** Answers structs until the other side has gone; answers how many. */
async function serve(
  reader: PipeReader,
  writer: PipeWriter,
  options: Options,
): Promise<number> {
  const buffer = new Uint8Array(2 * MESSAGE_SIZE);
  for (let count = 0;; count++) {
    const length = await reader.read(buffer, options);
    if (length === null) return count;
    assertEquals(length, MESSAGE_SIZE);
    const { sender, number, value, text } = decodeMessage(buffer);
    assertEquals([number, text], [count, "question"]);
    const answer = { sender, number: number + 1, value: value * 2 };
    await writer.writeAll(
      encodeMessage({ ...answer, text: "answer" }),
      options,
    );
  }
}
