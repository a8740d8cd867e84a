/** Message queues with C and Python on the other side. */

import { assertEquals } from "@std/assert";
import { ftok, MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
import { compiled } from "./_util/compiled.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { missing, run } from "./_util/peers.ts";
import { queueName, tempQueue, text } from "./_util/queues.ts";
import { TempDir } from "./_util/temp.ts";
import { until } from "./_util/until.ts";

const LINUX = Deno.build.os === "linux";
const noC = missing("cc");
const program = LINUX ? await compiled("queues.c") : "/nowhere";
const ROUNDS = 300;
const COUNTED = {
  code: 0,
  signal: null,
  stdout: `${ROUNDS}\n`,
  stderr: "",
};

/** The Python of the system: others do not have its modules. */
const PYTHON = "/usr/bin/python3";
const noPython = missing("python3") || !await hasModule();

async function hasModule(): Promise<boolean> {
  if (Deno.env.get("IPC_TEST_PEERS") === "required") return true;
  try {
    return (await run(PYTHON, ["-c", "import sysv_ipc"])).code === 0;
  } catch {
    return false;
  }
}

Deno.test("our client asks a C server through POSIX queues", {
  ignore: noC || !LINUX,
}, async () => {
  using deadline = new Deadline();
  using requests = tempQueue({ maxMessages: 4 });
  using answers = tempQueue({ maxMessages: 4 });
  const args = ["posix", "serve", requests.name, answers.name];
  await using server = new Peer(program, args, deadline);
  for (let i = 0; i < ROUNDS; i++) {
    await requests.send(`question ${i}`, { priority: i });
    const answer = await answers.receive(deadline);
    const reversed = [...`question ${i}`].reverse().join("");
    assertEquals([text(answer), answer.priority], [reversed, i + 1]);
  }
  await requests.send("");
  assertEquals(await server.outcome, COUNTED);
});

Deno.test("our server answers a C client that makes its POSIX queues", {
  ignore: noC || !LINUX,
}, async () => {
  using deadline = new Deadline();
  const names = [queueName(), queueName()];
  const args = ["posix", "ask", ...names, `${ROUNDS}`];
  await using client = new Peer(program, args, deadline);
  await until(() => isThere(names[1]), deadline.signal);
  using requests = MessageQueue.open(names[0], { write: false });
  using answers = MessageQueue.open(names[1], { read: false });
  assertEquals([requests.maxMessages, requests.messageSize], [4, 128]);
  for await (const { data, priority } of requests) {
    if (data.length === 0) break;
    await answers.send(data.reverse(), { priority: priority + 1 });
  }
  assertEquals(await client.outcome, COUNTED);
  requests.unlink();
  answers.unlink();
});

function isThere(name: string): boolean {
  try {
    MessageQueue.open(name).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const PYTHON_SERVER = `
import sys, sysv_ipc

key = sysv_ipc.ftok(sys.argv[1], 65, silence_warning=True)
queue = sysv_ipc.MessageQueue(key)
count = 0
while True:
    message, type = queue.receive(type=10)
    if message == b"end":
        break
    if message != b"ping" or type != 10:
        sys.exit("the server received %r of type %r" % (message, type))
    count += 1
    queue.send(b"pong", type=11)
print(count)
`;

const PYTHON_CLIENT = `
import sys, sysv_ipc

key = sysv_ipc.ftok(sys.argv[1], 65, silence_warning=True)
queue = sysv_ipc.MessageQueue(key, sysv_ipc.IPC_CREX, 0o600)
count = 0
for i in range(int(sys.argv[2])):
    queue.send(b"ping", type=10)
    message, type = queue.receive(type=11)
    if message != b"pong" or type != 11:
        sys.exit("the client received %r of type %r" % (message, type))
    count += 1
queue.send(b"end", type=10)
print(count)
`;

interface Language {
  readonly name: string;
  readonly ignore: boolean;
  readonly server: readonly string[];
  readonly client: readonly string[];
}

const LANGUAGES: readonly Language[] = [
  {
    name: "C",
    ignore: noC || !LINUX,
    server: [program, "sysv", "serve"],
    client: [program, "sysv", "ask"],
  },
  {
    name: "Python",
    ignore: noPython || !LINUX,
    server: [PYTHON, "-c", PYTHON_SERVER],
    client: [PYTHON, "-c", PYTHON_CLIENT],
  },
];

for (const { name, ignore, server, client } of LANGUAGES) {
  for (const voice of ["asynchronous", "blocking"]) {
    Deno.test(
      `our ${voice} client plays with a ${name} server, types 10 and 11`,
      {
        ignore,
      },
      async () => {
        using deadline = new Deadline();
        using file = new TempDir();
        const key = ftok(file.path, 65);
        using queue = SysvMessageQueue.create(key, { temporary: true });
        const [command, ...args] = [...server, file.path];
        await using peer = new Peer(command, args, deadline);
        for (let i = 0; i < ROUNDS; i++) {
          if (voice === "blocking") {
            queue.sendSync("ping", { type: 10 });
            const pong = queue.receiveSync({ type: 11, timeout: 10_000 });
            assertEquals(text(pong), "pong");
          } else {
            await queue.send("ping", { type: 10 });
            const pong = await queue.receive({ type: 11, ...deadline });
            assertEquals(text(pong), "pong");
          }
        }
        queue.sendSync("end", { type: 10 });
        assertEquals(await peer.outcome, COUNTED);
      },
    );
  }

  Deno.test(`our server plays with a ${name} client that makes the queue`, {
    ignore,
  }, async () => {
    using deadline = new Deadline();
    using file = new TempDir();
    const key = ftok(file.path, 65);
    const [command, ...args] = [...client, file.path, `${ROUNDS}`];
    await using peer = new Peer(command, args, deadline);
    const isThere = () => SysvMessageQueue.list().some((it) => it.key === key);
    await until(isThere, deadline.signal);
    using queue = SysvMessageQueue.open(key);
    let count = 0;
    for (;;) {
      const message = await queue.receive({ type: 10, ...deadline });
      if (text(message) === "end") break;
      assertEquals(text(message), "ping");
      count++;
      await queue.send("pong", { type: 11 });
    }
    assertEquals(count, ROUNDS);
    assertEquals(await peer.outcome, COUNTED);
    queue.remove();
  });
}

Deno.test("who is killed while it waits for a message takes none along", {
  ignore: noC || !LINUX,
}, async () => {
  using deadline = new Deadline();
  using file = new TempDir();
  using queue = SysvMessageQueue.create(ftok(file.path, 65), {
    temporary: true,
  });
  for (let i = 0; i < 10; i++) {
    const args = ["sysv", "serve", file.path];
    const peer = new Peer(program, args, deadline);
    queue.sendSync("ping", { type: 10 });
    const pong = await queue.receive({ type: 11, ...deadline });
    assertEquals(text(pong), "pong");
    await peer[Symbol.asyncDispose]();
    assertEquals(queue.stat().length, 0);
  }
});
