/** POSIX message queues. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { IpcError, MessageQueue } from "@ipc/core/mq";
import { readable, writable } from "@ipc/core/mux";
import { setNonblocking } from "../_internal/descriptor.ts";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { runDeno } from "./_util/peers.ts";
import { queueName, tempQueue, text } from "./_util/queues.ts";
import { canUnshare, runWrapped, TELL } from "./_util/wrapped.ts";

const ignore = Deno.build.os !== "linux";

function test(
  name: string,
  fn: () => void | Promise<void>,
  ignoreToo = false,
): void {
  Deno.test(name, { ignore: ignore || ignoreToo }, fn);
}

function modeOf(queue: MessageQueue): number {
  return Deno.statSync(`/proc/self/fd/${queue.fd}`).mode! & 0o7777;
}

test("MessageQueue.create() makes a queue with exactly the mode asked for", () => {
  for (const mode of [0o600, 0o666, 0o622]) {
    using queue = tempQueue({ mode });
    assertEquals(modeOf(queue), mode);
  }
  using queue = tempQueue();
  assertEquals(modeOf(queue), 0o600);
});

test("a queue tells its name and attributes, given or the system's", () => {
  using small = tempQueue({ maxMessages: 3, messageSize: 16 });
  assertEquals([small.maxMessages, small.messageSize], [3, 16]);
  assertEquals(small.length, 0);
  assertMatch(small.name, /^\/ipc-test-/);

  using half = MessageQueue.create(queueName(), {
    maxMessages: 2,
    temporary: true,
  });
  const size = Deno.readTextFileSync("/proc/sys/fs/mqueue/msgsize_default");
  assertEquals([half.maxMessages, half.messageSize], [2, Number(size)]);
});

test("MessageQueue.create() refuses what is there, open() what is not", () => {
  const name = queueName();
  const missing = assertThrows(
    () => MessageQueue.open(name),
    Deno.errors.NotFound,
  );
  assertEquals(
    missing.message,
    `ENOENT: no such message queue, mq_open '${name}'`,
  );
  using queue = MessageQueue.create(name, { maxMessages: 1 });
  const there = assertThrows(
    () => MessageQueue.create(name),
    Deno.errors.AlreadyExists,
  );
  assertStringIncludes(there.message, "EEXIST: message queue already exists");
  queue.unlink();
  assertThrows(() => queue.unlink(), Deno.errors.NotFound);
  assertThrows(() => MessageQueue.unlink(name), Deno.errors.NotFound);
});

test("MessageQueue.ensure() makes it once and finds it afterwards", () => {
  const name = queueName();
  using made = MessageQueue.ensure(name, { messageSize: 32, mode: 0o640 });
  using found = MessageQueue.ensure(name, {
    messageSize: 64,
    temporary: true,
  });
  assertEquals(found.messageSize, 32);
  assertEquals(modeOf(made), 0o640);
  found.close();
  MessageQueue.open(name).close(); // only who made it removes it
  MessageQueue.unlink(name);
});

test("many ensure() at once agree on one queue, though it comes and goes", async () => {
  const name = queueName();
  const source = `
    import { MessageQueue } from "@ipc/core/mq";
    for (let i = 0; i < 300; i++) {
      using queue = MessageQueue.ensure(Deno.args[0], { maxMessages: 1 });
      try {
        queue.unlink();
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    console.log("ok");
  `;
  const all = [1, 2, 3].map(() => runDeno(source, [name]));
  assertEquals(await Promise.all(all), ["ok", "ok", "ok"]);
});

test("MessageQueue.close() removes the name if it is temporary, once", () => {
  const name = queueName();
  const options = { maxMessages: 1, temporary: true };
  const queue = MessageQueue.create(name, options);
  queue.close();
  assertThrows(() => MessageQueue.open(name), Deno.errors.NotFound);
  using other = MessageQueue.create(name, options);
  queue.close();
  MessageQueue.open(name).close();
  other.unlink();
});

test("an unlinked queue works on, and a new one of its name is another", async () => {
  const name = queueName();
  using old = MessageQueue.create(name, { maxMessages: 2 });
  using same = MessageQueue.open(name);
  old.unlink();
  using other = MessageQueue.create(name, { maxMessages: 2, temporary: true });
  await old.send("old");
  await other.send("new");
  assertEquals(text(await same.receive()), "old");
  assertEquals(text(await other.receive()), "new");
});

test("messages keep their boundaries, and are bytes, strings or empty", async () => {
  using queue = tempQueue();
  const part = new Uint8Array([9, 8, 7, 6]).subarray(1, 3);
  await queue.send(part, { priority: 4 });
  await queue.send("äöü", { priority: 3 });
  await queue.send("", { priority: 2 });
  await queue.send(new Uint8Array(0), { priority: 1 });
  await queue.send(new Uint8Array(128));
  assertEquals(queue.length, 5);
  assertEquals(await queue.receive(), {
    data: new Uint8Array([8, 7]),
    priority: 4,
  });
  assertEquals(text(await queue.receive()), "äöü");
  assertEquals((await queue.receive()).data.length, 0);
  assertEquals((await queue.receive()).data.length, 0);
  assertEquals((await queue.receive()).data.length, 128);
});

test("the highest priority comes first, and the oldest of the same", () => {
  using queue = tempQueue();
  const priorities = [0, 32_767, 1, 0, 32_767, 31, 32, 1];
  for (const [i, priority] of priorities.entries()) {
    queue.sendSync(`${i}`, { priority });
  }
  const received = priorities.map(() => queue.receiveSync());
  assertEquals(
    received.map((message) => [Number(text(message)), message.priority]),
    [[1, 32_767], [4, 32_767], [6, 32], [5, 31], [2, 1], [7, 1], [0, 0], [
      3,
      0,
    ]],
  );
});

test("tryReceive() and trySend() never wait", () => {
  using queue = tempQueue({ maxMessages: 2 });
  assertEquals(queue.tryReceive(), undefined);
  assertEquals([1, 2, 3].map((n) => queue.trySend(`${n}`)), [
    true,
    true,
    false,
  ]);
  assertEquals(text(queue.tryReceive()!), "1");
  assertEquals(queue.trySend("3"), true);
  assertEquals(queue.length, 2);
});

test("sendSync() and receiveSync() wait, and give up after the time-out", () => {
  using queue = tempQueue({ maxMessages: 1 });
  const error = assertThrows(
    () => queue.receiveSync({ timeout: 5 }),
    Deno.errors.TimedOut,
  );
  assertStringIncludes(error.message, "waited 5 ms");
  queue.sendSync("1");
  assertThrows(
    () => queue.sendSync("2", { timeout: 5 }),
    Deno.errors.TimedOut,
  );
  assertEquals(text(queue.receiveSync({ timeout: 0 })), "1");
  assertThrows(() => queue.receiveSync({ timeout: 0 }), Deno.errors.TimedOut);
  assertEquals(queue.length, 0);
});

test("receive() waits for a message and send() for room", async () => {
  using queue = tempQueue({ maxMessages: 1 });
  const receiving = queue.receive();
  queue.sendSync("first");
  assertEquals(text(await receiving), "first");

  queue.sendSync("second");
  const sending = queue.send("third");
  assertEquals(text(await queue.receive()), "second");
  await sending;
  assertEquals(text(await queue.receive()), "third");
});

test("receives and sends are served in the order in which they were called", async () => {
  using queue = tempQueue({ maxMessages: 1 });
  const receiving = [1, 2, 3].map(() => queue.receive());
  const sending = ["a", "b", "c"].map((data) => queue.send(data));
  await Promise.all(sending);
  assertEquals((await Promise.all(receiving)).map(text), ["a", "b", "c"]);
});

test("those who try do not overtake those who wait", async () => {
  using queue = tempQueue({ maxMessages: 1 });
  const receiving = queue.receive();
  assertThrows(() => queue.receiveSync(), Deno.errors.Busy);
  queue.sendSync("mine");
  assertEquals(queue.tryReceive(), undefined);
  assertEquals(text(await receiving), "mine");
});

test("an aborted receive or send rejects with the reason and changes nothing", async () => {
  using queue = tempQueue({ maxMessages: 1 });
  const reason = { any: "value" };
  const controller = new AbortController();
  const { signal } = controller;
  const receiving = Promise.allSettled(
    [1, 2].map(() => queue.receive({ signal })),
  );
  queue.sendSync("kept");
  controller.abort(reason);
  for (const result of await receiving) {
    assertStrictEquals((result as PromiseRejectedResult).reason, reason);
  }
  const late = AbortSignal.timeout(5);
  await assertRejects(() => queue.send("lost", { signal: late }), DOMException);
  assertEquals(queue.length, 1);
  assertEquals(text(await queue.receive()), "kept");
  await assertRejects(() => queue.receive({ signal: late }), DOMException);
});

test("a wait on a queue that is closed rejects, and so does all use of it", async () => {
  const queue = tempQueue({ maxMessages: 1 });
  const receiving = [1, 2].map(() => queue.receive());
  const closing = Promise.allSettled(receiving);
  queue.close();
  for (const result of await closing) {
    const { reason } = result as PromiseRejectedResult;
    assertInstanceOf(reason, Deno.errors.BadResource);
    assertStringIncludes(reason.message, "it is closed");
  }
  for (
    const use of [
      () => queue.fd,
      () => queue.length,
      () => queue.trySend("x"),
      () => queue.sendSync("x"),
      () => queue.tryReceive(),
      () => queue.receiveSync(),
    ]
  ) assertThrows(use, Deno.errors.BadResource);
  await assertRejects(() => queue.send("x"), Deno.errors.BadResource);
  await assertRejects(() => queue.receive(), Deno.errors.BadResource);
  queue.close();
});

test("for await takes messages, and leaves the queue open", async () => {
  using queue = tempQueue();
  for (const data of ["1", "2", "3"]) await queue.send(data);
  const seen: string[] = [];
  for await (const message of queue) {
    seen.push(text(message));
    if (seen.length === 2) break;
  }
  assertEquals(seen, ["1", "2"]);
  assertEquals(queue.length, 1);
});

test("`into` takes the bytes without fresh memory, and is checked", async () => {
  using queue = tempQueue({ messageSize: 16 });
  const into = new Uint8Array(20);
  queue.sendSync("first");
  queue.sendSync("second");
  const first = queue.receiveSync({ into });
  assertStrictEquals(first.data.buffer, into.buffer);
  assertEquals(text(first), "first");
  assertEquals(text(await queue.receive({ into })), "second");
  assertEquals(queue.tryReceive({ into }), undefined);

  queue.sendSync("kept");
  const small = assertThrows(
    () => queue.receiveSync({ into: new Uint8Array(15) }),
    RangeError,
  );
  assertStringIncludes(small.message, "at least 16 bytes");
  const bad = "text" as unknown as Uint8Array;
  await assertRejects(() => queue.receive({ into: bad }), TypeError);
  assertEquals(text(queue.receiveSync()), "kept");
});

test("memory that was given away while waiting loses no message", async () => {
  using queue = tempQueue({ messageSize: 16 });
  const into = new Uint8Array(16);
  const receiving = queue.receive({ into });
  structuredClone(into, { transfer: [into.buffer] });
  queue.sendSync("kept");
  await assertRejects(() => receiving, TypeError, "transferred");
  assertEquals(text(queue.receiveSync()), "kept");
});

test("each message has memory of its own", () => {
  using queue = tempQueue();
  queue.sendSync("one");
  queue.sendSync("two");
  const one = queue.receiveSync();
  const two = queue.receiveSync();
  assertEquals([text(one), text(two)], ["one", "two"]);
  assertEquals(one.data.buffer.byteLength, 3);
});

test("a message that is too long is refused, and nothing is lost", async () => {
  using queue = tempQueue({ messageSize: 8 });
  const error = await assertRejects(
    () => queue.send("nine bytes"),
    IpcError,
  );
  assertEquals([error.code, error.syscall], ["EMSGSIZE", "mq_send"]);
  assertStringIncludes(
    error.message,
    "the message has 10 bytes, and messageSize is 8",
  );
  assertThrows(() => queue.sendSync("nine bytes"), IpcError);
  assertThrows(() => queue.trySend("nine bytes"), IpcError);
  assertEquals(queue.length, 0);
});

test("names that no queue can have are refused before the kernel sees them", () => {
  const wrong: [string, string][] = [
    ["jobs", "must begin with a slash"],
    ["", "must begin with a slash"],
    ["/a/b", "no slash but the first"],
    ["//", "no slash but the first"],
    ["/", "something after the slash"],
    ["/..", "something after the slash"],
    ["/a\0b", "must not contain a NUL"],
  ];
  for (const [name, problem] of wrong) {
    for (
      const use of [
        () => MessageQueue.create(name),
        () => MessageQueue.open(name),
        () => MessageQueue.ensure(name),
        () => MessageQueue.unlink(name),
      ]
    ) assertStringIncludes(assertThrows(use, TypeError).message, problem);
  }
  const long = assertThrows(
    () => MessageQueue.create(`/${"ü".repeat(128)}`),
    RangeError,
  );
  assertStringIncludes(long.message, "at most 255 bytes");
  using longest = MessageQueue.create(
    `/${crypto.randomUUID()}${"x".repeat(219)}`,
    { maxMessages: 1, temporary: true },
  );
  assertEquals(longest.name.length, 256);
});

test("options and arguments that cannot be are refused", async () => {
  const name = queueName();
  for (
    const options of [
      { maxMessages: 0 },
      { maxMessages: 1.5 },
      { messageSize: -1 },
      { messageSize: NaN },
      { mode: 0o10000 },
    ]
  ) assertThrows(() => MessageQueue.create(name, options), RangeError);
  assertThrows(
    () => MessageQueue.open(name, { read: false, write: false }),
    TypeError,
  );
  using queue = tempQueue();
  for (const priority of [-1, 32_768, 0.5, NaN]) {
    assertThrows(() => queue.trySend("x", { priority }), RangeError);
    assertThrows(() => queue.sendSync("x", { priority }), RangeError);
    await assertRejects(() => queue.send("x", { priority }), RangeError);
  }
  const data = 5 as unknown as string;
  await assertRejects(() => queue.send(data), TypeError);
  assertThrows(() => queue.receiveSync({ timeout: -1 }), RangeError);
  assertEquals(queue.length, 0);
});

test("a queue that was opened for one direction refuses the other", async () => {
  using queue = tempQueue();
  using receiver = MessageQueue.open(queue.name, { write: false });
  using sender = MessageQueue.open(queue.name, { read: false });
  const send = await assertRejects(
    () => receiver.send("x"),
    Deno.errors.BadResource,
  );
  assertStringIncludes(send.message, "it was opened with write: false");
  const receive = assertThrows(
    () => sender.receiveSync(),
    Deno.errors.BadResource,
  );
  assertStringIncludes(receive.message, "it was opened with read: false");
  await sender.send("there");
  assertEquals(text(await receiver.receive()), "there");
});

test("a queue is a descriptor: readable, writable, and not inherited", async () => {
  using queue = tempQueue({ maxMessages: 1 });
  await writable(queue);
  const ready = readable(queue);
  queue.sendSync("x");
  await ready;
  const room = writable(queue);
  queue.receiveSync();
  await room;
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${queue.fd}`);
  const flags = parseInt(info.match(/flags:\s+(\d+)/)![1], 8);
  assert(flags & 0o2000000, "O_CLOEXEC");
});

test("a queue somebody has made non-blocking waits all the same", () => {
  using queue = tempQueue({ maxMessages: 1 });
  setNonblocking(queue.fd, true);
  assertEquals(queue.tryReceive(), undefined);
  assertThrows(() => queue.receiveSync({ timeout: 5 }), Deno.errors.TimedOut);
  queue.sendSync("x");
  assertEquals(queue.trySend("y"), false);
  assertEquals(text(queue.receiveSync()), "x");
});

test(
  "MessageQueue.list() has all names, without their file system mounted",
  () => {
    using one = tempQueue({ maxMessages: 1 });
    using two = tempQueue({ maxMessages: 1 });
    const names = MessageQueue.list();
    assert(names.includes(one.name) && names.includes(two.name));
    assertEquals(names, [...names].sort());
    two.close();
    assert(!MessageQueue.list().includes(two.name));
  },
  !canUnshare,
);

test(
  "MessageQueue.list() needs no privilege where the file system is mounted",
  async () => {
    using queue = tempQueue({ maxMessages: 1 });
    const output = await runWrapped(
      ["unshare", "--mount", "sh", "-c", MOUNTED],
      `
      import { MessageQueue } from "@ipc/core/mq";
      ${BECOME_NOBODY}
      console.log(MessageQueue.list().includes(Deno.args[0]));
      `,
      [queue.name],
    );
    assertEquals(output, "true");
  },
  !canUnshare,
);

/** Mounts it under an awkward name, for this process and its children. */
const MOUNTED = `
  directory=$(mktemp -d "/tmp/ipc test XXXXXX")
  trap 'umount "$directory"; rmdir "$directory"' EXIT
  mount -t mqueue none "$directory"
  "$0" "$@"
`;

test("MessageQueue.list() says how to mount the file system", async () => {
  const output = await runWrapped(
    ["unshare", "--mount", "sh", "-c", UNMOUNTED],
    `
    import { MessageQueue } from "@ipc/core/mq";
    ${BECOME_NOBODY}${TELL}
    tell("list", () => MessageQueue.list());
    `,
  );
  assertMatch(output, /^list PermissionDenied EPERM/);
  assertStringIncludes(output, "mount -t mqueue none /dev/mqueue");
}, !canUnshare);

const UNMOUNTED = `
  while mountpoint -q /dev/mqueue; do umount /dev/mqueue; done
  exec "$0" "$@"
`;

test("what nobody may not do says so", async () => {
  using closed = tempQueue({ mode: 0o600 });
  using drop = tempQueue({ mode: 0o622 });
  const output = await runDeno(
    `
    import { MessageQueue } from "@ipc/core/mq";
    ${BECOME_NOBODY}${TELL}
    const [closed, drop, free] = Deno.args;
    tell("open", () => MessageQueue.open(closed));
    tell("ensure", () => MessageQueue.ensure(closed));
    tell("unlink", () => MessageQueue.unlink(closed));
    tell("open drop", () => MessageQueue.open(drop));
    tell("send only", () => {
      using queue = MessageQueue.open(drop, { read: false });
      queue.sendSync("from nobody");
    });
    tell("messages", () => MessageQueue.create(free, { maxMessages: 1e6 }));
    tell("size", () => MessageQueue.create(free, { messageSize: 1e7 }));
    tell("memory", () => {
      using queues = new DisposableStack();
      for (let i = 0; ; i++) {
        queues.use(MessageQueue.create(free + i, { temporary: true }));
      }
    });
    `,
    [closed.name, drop.name, queueName()],
  );
  const lines = output.split("\n");
  const expected: [string, string][] = [
    ["open PermissionDenied EACCES", "read: false or write: false"],
    ["ensure PermissionDenied EACCES", closed.name],
    ["unlink PermissionDenied EACCES", closed.name],
    ["open drop PermissionDenied EACCES", "read: false"],
    ["send only succeeded", ""],
    ["messages IpcError EINVAL", "/proc/sys/fs/mqueue/msg_max allows"],
    ["size IpcError EINVAL", "/proc/sys/fs/mqueue/msgsize_max allows"],
    ["memory IpcError EMFILE", "RLIMIT_MSGQUEUE allows, which is"],
  ];
  assertEquals(lines.length, expected.length, output);
  for (const [i, [beginning, part]] of expected.entries()) {
    assertStringIncludes(lines[i], beginning);
    assertStringIncludes(lines[i], part);
  }
  assertEquals(text(drop.receiveSync()), "from nobody");
}, !canUnshare);

test("where there are too many descriptors, the error names that limit", async () => {
  const output = await runWrapped(
    ["sh", "-c", 'ulimit -n 100; exec "$0" "$@"'],
    `
    import { MessageQueue } from "@ipc/core/mq";
    ${TELL}
    const [name] = Deno.args;
    using queue = MessageQueue.create(name, { maxMessages: 1, temporary: true });
    const files = [];
    tell("open", () => {
      for (;;) files.push(Deno.openSync("/dev/null"));
    });
    tell("open", () => MessageQueue.open(name));
    tell("create", () => {
      MessageQueue.create(name + "x", { maxMessages: 1, messageSize: 1 });
    });
    tell("defaults", () => MessageQueue.create(name + "x"));
    `,
    [queueName()],
  );
  const [_, open, create, defaults] = output.split("\n");
  assertMatch(open, /^open IpcError EMFILE: too many open files, mq_open/);
  assertMatch(create, /^create IpcError EMFILE: .*RLIMIT_NOFILE$/);
  assertMatch(defaults, /^defaults IpcError EMFILE: .* mq_open '\/.*NOFILE$/);
});

test(
  "where there are too many queues, the error names that limit",
  async () => {
    const output = await runWrapped(
      // A namespace of its own, so that nobody else suffers.
      ["unshare", "--ipc", "sh", "-c", NO_QUEUES],
      `
    import { MessageQueue } from "@ipc/core/mq";
    ${BECOME_NOBODY}${TELL}
    tell("create", () => MessageQueue.create(Deno.args[0], { maxMessages: 1 }));
    `,
      [queueName()],
    );
    assertMatch(output, /^create IpcError ENOSPC/);
    assertStringIncludes(
      output,
      "/proc/sys/fs/mqueue/queues_max allows, which",
    );
  },
  !canUnshare,
);

const NO_QUEUES = `
  echo 0 > /proc/sys/fs/mqueue/queues_max
  exec "$0" "$@"
`;

test("where there are no POSIX queues the error names the alternative", async () => {
  const output = await runDeno(`
    Object.defineProperty(Deno, "build", {
      value: { ...Deno.build, os: "darwin" },
    });
    const { MessageQueue } = await import("@ipc/core/mq");
    for (const use of [
      () => MessageQueue.create("/x"),
      () => MessageQueue.open("/x"),
      () => MessageQueue.ensure("/x"),
      () => MessageQueue.unlink("/x"),
      () => MessageQueue.list(),
    ]) {
      try {
        use();
      } catch (error) {
        console.log(error.name, error.message);
      }
    }
  `);
  const line =
    "NotSupported MessageQueue is not supported on darwin: use SysvMessageQueue, or a Unix socket";
  assertEquals(output.split("\n"), Array(5).fill(line));
});

test("for await ends when the queue is closed", async () => {
  const queue = tempQueue();
  await queue.send("1");
  let count = 0;
  for await (const _message of queue) {
    count++;
    setTimeout(() => queue.close());
  }
  assertEquals(count, 1);
});
