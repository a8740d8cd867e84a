/** System V message queues. */

import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ftok, IpcError, SysvMessageQueue } from "@ipc/core/mq";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { runDeno } from "./_util/peers.ts";
import { randomKey, tempSysvQueue, text } from "./_util/queues.ts";
import { TempDir } from "./_util/temp.ts";
import { canUnshare, runWrapped, TELL } from "./_util/wrapped.ts";

const LINUX = Deno.build.os === "linux";

/** The error code that a rejected promise or a call fails with. */
async function codeOf(action: () => unknown): Promise<string> {
  const error = await assertRejects(async () => await action(), IpcError);
  return error.code;
}

Deno.test("SysvMessageQueue.create() refuses what is there, open() what is not", () => {
  const key = randomKey();
  const missing = assertThrows(
    () => SysvMessageQueue.open(key),
    Deno.errors.NotFound,
  );
  const hex = key.toString(16).padStart(8, "0");
  assertEquals(
    missing.message,
    `ENOENT: no such System V message queue, msgget 'key 0x${hex}'`,
  );
  using queue = SysvMessageQueue.create(key, { mode: 0o640, temporary: true });
  assertEquals(queue.stat().mode, 0o640);
  const there = assertThrows(
    () => SysvMessageQueue.create(key),
    Deno.errors.AlreadyExists,
  );
  assertStringIncludes(there.message, "System V message queue already exists");
  assertEquals(SysvMessageQueue.open(key).id, queue.id);
  // The same 32 bits with and without a sign.
  assertEquals(SysvMessageQueue.open(key | 0).id, queue.id);
});

Deno.test("SysvMessageQueue.ensure() makes it once and finds it afterwards", () => {
  const key = randomKey();
  using made = SysvMessageQueue.ensure(key, { mode: 0o600 });
  const found = SysvMessageQueue.ensure(key, { mode: 0o666, temporary: true });
  assertEquals(found.id, made.id);
  assertEquals(made.stat().mode, 0o600);
  found.close();
  SysvMessageQueue.open(key); // only who made it removes it
  made.remove();
});

Deno.test("private queues are found by their ids", () => {
  using one = SysvMessageQueue.createPrivate({ temporary: true });
  using two = SysvMessageQueue.createPrivate({ temporary: true });
  assert(one.id !== two.id);
  using found = SysvMessageQueue.fromId(one.id);
  found.sendSync("hello");
  assertEquals(text(one.receiveSync()), "hello");
  const { id } = two;
  two.close();
  const gone = assertThrows(
    () => SysvMessageQueue.fromId(id),
    Deno.errors.NotFound,
  );
  assertStringIncludes(gone.message, `no such System V message queue`);
});

Deno.test("keys, ids and modes that cannot be are refused", () => {
  for (const key of [0, 0.5, 2 ** 32, -(2 ** 31) - 1, NaN]) {
    for (
      const use of [
        () => SysvMessageQueue.create(key),
        () => SysvMessageQueue.open(key),
        () => SysvMessageQueue.ensure(key),
      ]
    ) assertThrows(use, RangeError);
  }
  const zero = assertThrows(() => SysvMessageQueue.create(0), RangeError);
  assertStringIncludes(zero.message, "use createPrivate()");
  assertThrows(() => SysvMessageQueue.fromId(-1), RangeError);
  assertThrows(
    () => SysvMessageQueue.createPrivate({ mode: 0o1000 }),
    RangeError,
  );
  const key = "1" as unknown as number;
  assertThrows(() => SysvMessageQueue.open(key), TypeError);
});

Deno.test("ftok() makes the same key of the same file and number", () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.join("file"), "");
  const key = ftok(dir.join("file"), 65);
  assertEquals(ftok(new URL(`file://${dir.join("file")}`), 65), key);
  assert(ftok(dir.join("file"), 66) !== key);
  // ftok(3): 8 bits of the number, 8 of the device, 16 of the inode.
  const { ino } = Deno.statSync(dir.join("file"));
  assertEquals(key >>> 24, 65);
  assertEquals(key & 0xffff, ino! & 0xffff);
  assertThrows(() => ftok(dir.join("nothing"), 65), Deno.errors.NotFound);
  assertThrows(() => ftok("", 65), TypeError);
  for (const id of [0, 256, 1.5]) {
    assertThrows(() => ftok(dir.path, id), RangeError);
  }
});

Deno.test("System V messages are bytes, strings or empty, with a type", async () => {
  using queue = tempSysvQueue();
  const part = new Uint8Array([9, 8, 7, 6]).subarray(1, 3);
  const most = Number.MAX_SAFE_INTEGER;
  await queue.send(part);
  await queue.send("äöü", { type: 2 ** 40 + 7 });
  await queue.send("", { type: most });
  await queue.send(new Uint8Array(8192), { type: 2 ** 31 });
  assertEquals(await queue.receive(), {
    data: new Uint8Array([8, 7]),
    type: 1,
  });
  const second = await queue.receive();
  assertEquals([text(second), second.type], ["äöü", 2 ** 40 + 7]);
  assertEquals(await queue.receive(), { data: new Uint8Array(0), type: most });
  const last = await queue.receive();
  assertEquals([last.data.length, last.type], [8192, 2 ** 31]);
});

Deno.test("a receive takes any, one, or the lowest of types", () => {
  using queue = tempSysvQueue();
  const types = [5, 3, 9, 3, 7, 1];
  for (const [i, type] of types.entries()) queue.sendSync(`${i}`, { type });
  const taken = [{ type: 3 }, { type: -6 }, { type: -6 }, {}, { type: 0 }, {
    type: -9,
  }].map((options) => text(queue.receiveSync(options)));
  // The first of 3; the lowest up to 6: 1, then 3; the oldest twice; the rest.
  assertEquals(taken, ["1", "5", "3", "0", "2", "4"]);
  assertEquals(queue.tryReceive({ type: 3 }), undefined);
  assertEquals(queue.tryReceive({ type: -3 }), undefined);
});

Deno.test("a receive takes all types but one", { ignore: !LINUX }, async () => {
  using queue = tempSysvQueue();
  const options = { type: 3, except: true };
  for (const type of [3, 4, 3]) queue.sendSync(`${type}`, { type });
  assertEquals(text(queue.receiveSync(options)), "4");
  assertEquals(queue.tryReceive(options), undefined);
  const receiving = queue.receive(options);
  queue.sendSync("", { type: 5 });
  assertEquals((await receiving).type, 5);
  for (const type of [0, -3]) {
    assertThrows(() => queue.tryReceive({ type, except: true }), RangeError);
  }
});

Deno.test("a message longer than maxBytes stays, or is cut off", async () => {
  using queue = tempSysvQueue();
  queue.sendSync("0123456789");
  const error = assertThrows(
    () => queue.receiveSync({ maxBytes: 4 }),
    IpcError,
  );
  assertEquals(error.code, "E2BIG");
  assertStringIncludes(error.message, "more than 4 bytes; it is still there");
  assertEquals(await codeOf(() => queue.receive({ maxBytes: 9 })), "E2BIG");
  const cut = await queue.receive({ maxBytes: 4, truncate: true });
  assertEquals(text(cut), "0123");
  queue.sendSync("01234");
  // What may be of any length is never cut off.
  assertEquals(text(queue.receiveSync({ truncate: true })), "01234");
  assertEquals(queue.stat().length, 0);
});

Deno.test("`into` takes a System V message without fresh memory", async () => {
  using queue = tempSysvQueue();
  const into = new Uint8Array(8);
  for (const data of ["first", "", "too long for it", "x"]) {
    queue.sendSync(data);
  }
  const first = queue.receiveSync({ into });
  assertStrictEquals(first.data.buffer, into.buffer);
  assertEquals(text(first), "first");
  assertEquals((await queue.receive({ into })).data.length, 0);
  assertEquals(await codeOf(() => queue.receive({ into })), "E2BIG");
  const cut = queue.receiveSync({ into, maxBytes: 3, truncate: true });
  assertEquals(text(cut), "too");
  const receiving = queue.receive({ type: 2, into });
  structuredClone(into, { transfer: [into.buffer] });
  queue.sendSync("kept", { type: 2 });
  await assertRejects(() => receiving, TypeError, "transferred");
  assertEquals(queue.stat().length, 2);
});

Deno.test("messages longer than any before are received whole", {
  ignore: !canUnshare,
}, async () => {
  const output = await runWrapped(
    // The limit of a namespace of its own.
    ["unshare", "--ipc", "sh", "-c", LONG_MESSAGES],
    `
    import { SysvMessageQueue } from "@ipc/core/mq";
    using queue = SysvMessageQueue.createPrivate({ temporary: true });
    for (const length of [8193, 200_000, 5]) {
      queue.sendSync(new Uint8Array(length).fill(length));
      console.log(queue.peek().data.length);
      const { data } = await queue.receive();
      console.log(data.every((byte) => byte === length % 256), data.length);
    }
    try {
      queue.sendSync(new Uint8Array(300_000));
    } catch (error) {
      console.log(error.message.match(/EMSGSIZE.*msgmax allows 262144/) !== null);
    }
    `,
  );
  assertEquals(output.split("\n"), [
    "8193",
    "true 8193",
    "200000",
    "true 200000",
    "5",
    "true 5",
    "true",
  ]);
});

const LONG_MESSAGES = `
  echo 262144 > /proc/sys/kernel/msgmax
  echo 1000000 > /proc/sys/kernel/msgmnb
  exec "$0" "$@"
`;

Deno.test("a message that never fits is refused at once", async () => {
  using queue = tempSysvQueue();
  queue.setMaxBytes(100);
  queue.sendSync("x");
  for (
    const send of [
      () => queue.send(new Uint8Array(101)),
      () => queue.sendSync(new Uint8Array(101)),
      () => queue.sendSync(new Uint8Array(101), { timeout: 1000 }),
    ]
  ) {
    const error = await assertRejects(async () => await send(), IpcError);
    assertEquals(error.code, "EMSGSIZE");
    assertStringIncludes(error.message, "101 bytes, and the queue holds 100");
  }
  assertEquals(
    await codeOf(() => queue.send(new Uint8Array(100_000))),
    "EMSGSIZE",
  );
  assertEquals(queue.stat().length, 1);
});

Deno.test("peek() looks at a message and leaves it", { ignore: !LINUX }, () => {
  using queue = tempSysvQueue();
  queue.sendSync("a", { type: 5 });
  queue.sendSync("b", { type: 3 });
  assertEquals(queue.peek()?.type, 5);
  assertEquals(text(queue.peek(1)!), "b");
  assertEquals(queue.peek(2), undefined);
  assertEquals(queue.stat().length, 2);
  assertThrows(() => queue.peek(-1), RangeError);
});

Deno.test("stat() tells what is in the queue and who used it", () => {
  using queue = tempSysvQueue();
  const fresh = queue.stat();
  assertEquals([fresh.length, fresh.bytes, fresh.lastSendPid], [0, 0, 0]);
  assertEquals([fresh.lastSend, fresh.lastReceive], [undefined, undefined]);
  queue.sendSync("hello");
  queue.sendSync("you");
  queue.receiveSync();
  const used = queue.stat();
  assertEquals([used.length, used.bytes], [1, 3]);
  assertEquals([used.lastSendPid, used.lastReceivePid], [Deno.pid, Deno.pid]);
  assertEquals([used.uid, used.gid], [Deno.uid(), Deno.gid()]);
  assertEquals([used.creatorUid, used.mode], [Deno.uid(), 0o600]);
  assertLess(Math.abs(Date.now() - used.lastSend!.getTime()), 60_000);
  queue.setMaxBytes(500);
  assertEquals(queue.stat().maxBytes, 500);
  assertEquals(queue.stat().mode, 0o600);
  assertThrows(() => queue.setMaxBytes(0), RangeError);
});

Deno.test("SysvMessageQueue.list() has all queues", { ignore: !LINUX }, () => {
  const key = randomKey();
  using queue = SysvMessageQueue.create(key, { mode: 0o604, temporary: true });
  queue.sendSync("hello");
  const found = SysvMessageQueue.list().find(({ id }) => id === queue.id)!;
  const { maxBytes: _, ...stat } = queue.stat();
  assertEquals(found, { id: queue.id, key: key | 0, ...stat });
  const { id } = queue;
  queue.close();
  assert(!SysvMessageQueue.list().some((entry) => entry.id === id));
});

Deno.test("receives of other types do not wait for each other", async () => {
  using queue = tempSysvQueue();
  const ten = queue.receive({ type: 10 });
  const eleven = queue.receive({ type: 11 });
  queue.sendSync("for eleven", { type: 11 });
  assertEquals(text(await eleven), "for eleven");
  assertEquals(queue.tryReceive({ type: 10 }), undefined, "others wait");
  assertEquals(queue.tryReceive({ type: 11 }), undefined);
  queue.sendSync("for ten", { type: 10 });
  assertEquals(text(await ten), "for ten");
});

Deno.test("receives of the same types are served in order, of many types too", async () => {
  using queue = tempSysvQueue();
  const types = Array.from({ length: 100 }, (_, i) => i + 1);
  const receiving = types.map((type) => queue.receive({ type }));
  const again = types.map((type) => queue.receive({ type }));
  for (const type of types.toReversed()) {
    queue.sendSync(`first ${type}`, { type });
    queue.sendSync(`second ${type}`, { type });
  }
  assertEquals(
    (await Promise.all(receiving)).map(text),
    types.map((type) => `first ${type}`),
  );
  assertEquals(
    (await Promise.all(again)).map(text),
    types.map((type) => `second ${type}`),
  );
});

Deno.test("sends wait for room, in order, and blocking ones too", async () => {
  using queue = tempSysvQueue();
  queue.setMaxBytes(10);
  queue.sendSync("0123456789");
  assertEquals(queue.trySend("x"), false);
  assertThrows(
    () => queue.sendSync("x", { timeout: 20 }),
    Deno.errors.TimedOut,
  );
  const sending = ["a", "b"].map((part) => queue.send(part.repeat(6)));
  assertThrows(() => queue.sendSync("x"), Deno.errors.Busy);
  assertEquals(queue.trySend("x"), false, "others wait");
  const seen: string[] = [];
  for (let i = 0; i < 3; i++) seen.push(text(await queue.receive()));
  await Promise.all(sending);
  assertEquals(seen, ["0123456789", "aaaaaa", "bbbbbb"]);
});

Deno.test("receiveSync() waits, and gives up after the time-out", () => {
  using queue = tempSysvQueue();
  const begin = performance.now();
  for (const timeout of [0, 0.5, 20]) {
    assertThrows(() => queue.receiveSync({ timeout }), Deno.errors.TimedOut);
  }
  const took = performance.now() - begin;
  assert(took > 20 && took < 5_000, `${took} ms`);
  assertThrows(() => queue.receiveSync({ timeout: -1 }), RangeError);
});

Deno.test("blocking receives and sends are woken by the other side", async () => {
  using queue = tempSysvQueue();
  const source = `
    import { SysvMessageQueue } from "@ipc/core/mq";
    using queue = SysvMessageQueue.fromId(Number(Deno.args[0]));
    const options = Deno.args[1] ? { timeout: Number(Deno.args[1]) } : {};
    for (let i = 0; i < 20; i++) {
      queue.sendSync(queue.receiveSync({ ...options, type: 1 }).data, {
        ...options,
        type: 2,
      });
    }
    console.log("end");
  `;
  for (const timeout of ["", "10000"]) {
    const peer = runDeno(source, [`${queue.id}`, timeout]);
    for (let i = 0; i < 20; i++) {
      // So that the other side sleeps.
      if (i % 5 === 0) await new Promise((done) => setTimeout(done, 5));
      const data = i % 3 === 0 ? "" : `${i}`;
      await queue.send(data, { type: 1 });
      assertEquals(text(await queue.receive({ type: 2 })), data);
    }
    assertEquals(await peer, "end");
  }
});

Deno.test("an aborted receive or send of System V changes nothing", async () => {
  using queue = tempSysvQueue();
  queue.setMaxBytes(1);
  const reason = { any: "value" };
  const controller = new AbortController();
  const { signal } = controller;
  const receiving = Promise.allSettled(
    [1, 1, 2, 3, 4, 5, 6].map((type) => queue.receive({ type, signal })),
  );
  queue.sendSync("x", { type: 4 });
  controller.abort(reason);
  for (const result of await receiving) {
    assertStrictEquals((result as PromiseRejectedResult).reason, reason);
  }
  const late = AbortSignal.timeout(20);
  await assertRejects(() => queue.send("y", { signal: late }), DOMException);
  assertEquals(queue.stat().length, 1);
  assertEquals((await queue.receive()).type, 4);
  await assertRejects(() => queue.receive({ signal: late }), DOMException);
});

Deno.test("a wait on a queue that is removed ends with EIDRM", async () => {
  const queue = tempSysvQueue();
  queue.setMaxBytes(1);
  queue.sendSync("x");
  const waits = [
    ...[2, 3, 4, 5, 6, 7].map((type) => queue.receive({ type })),
    queue.send("y"),
    queue.send("z"),
  ];
  const settled = Promise.allSettled(waits);
  const begin = performance.now();
  SysvMessageQueue.fromId(queue.id).remove();
  for (const result of await settled) {
    const { reason } = result as PromiseRejectedResult;
    assertEquals([reason.name, reason.code], ["IpcError", "EIDRM"]);
    assertStringIncludes(reason.message, "queue has been removed");
  }
  assertLess(performance.now() - begin, 5_000);
  for (
    const use of [
      () => queue.tryReceive(),
      () => queue.receiveSync(),
      () => queue.receive(),
      () => queue.trySend("x"),
      () => queue.sendSync("x"),
      () => queue.send("x"),
      () => queue.stat(),
      () => queue.setMaxBytes(5),
      () => queue.remove(),
    ]
  ) assertEquals(await codeOf(use), "EIDRM");
  if (LINUX) assertEquals(await codeOf(() => queue.peek()), "EIDRM");
  queue.close();
});

Deno.test("a blocking wait on a queue that is removed ends with EIDRM", async () => {
  for (const call of ["receiveSync()", "sendSync('y')"]) {
    const queue = tempSysvQueue();
    queue.setMaxBytes(1);
    if (call === "sendSync('y')") queue.sendSync("x");
    const peer = runDeno(
      `
      import { SysvMessageQueue } from "@ipc/core/mq";
      using queue = SysvMessageQueue.fromId(Number(Deno.args[0]));
      using ready = SysvMessageQueue.fromId(Number(Deno.args[1]));
      ready.sendSync("ready");
      try {
        queue.${call};
      } catch (error) {
        console.log(error.code);
      }
      `,
      [`${queue.id}`, `${ready.id}`],
    );
    await ready.receive();
    await new Promise((done) => setTimeout(done, 20));
    queue.close();
    assertEquals(await peer, "EIDRM");
  }
});

const ready = tempSysvQueue();
globalThis.addEventListener("unload", () => ready.close());

Deno.test("a wait on a System V queue that is closed rejects promptly", async () => {
  using other = tempSysvQueue();
  const queue = SysvMessageQueue.fromId(other.id);
  other.setMaxBytes(1);
  other.sendSync("x", { type: 9 });
  const waits = [
    ...[1, 2, 3, 4, 5, 6, 6].map((type) => queue.receive({ type })),
    queue.send("y"),
    queue.send("z"),
  ];
  const settled = Promise.allSettled(waits);
  queue.close();
  for (const result of await settled) {
    const { reason } = result as PromiseRejectedResult;
    assert(reason instanceof Deno.errors.BadResource, `${reason}`);
  }
  for (
    const use of [
      () => queue.tryReceive(),
      () => queue.receiveSync(),
      () => queue.receive(),
      () => queue.trySend("x"),
      () => queue.sendSync("x"),
      () => queue.send("x"),
      () => queue.stat(),
      () => queue.peek(),
      () => queue.setMaxBytes(5),
    ]
  ) {
    await assertRejects(async () => await use(), Deno.errors.BadResource);
  }
  queue.close();
  assertEquals(text(other.receiveSync()), "x");
});

Deno.test("SysvMessageQueue.close() removes the queue if it is temporary, once", () => {
  const key = randomKey();
  const queue = SysvMessageQueue.create(key, { temporary: true });
  queue.close();
  using other = SysvMessageQueue.create(key, { temporary: true });
  queue.close();
  assertEquals(SysvMessageQueue.open(key).id, other.id);
  const gone = SysvMessageQueue.createPrivate({ temporary: true });
  gone.remove();
  gone.close();
});

Deno.test("for await takes System V messages of all types", async () => {
  using queue = tempSysvQueue();
  for (const type of [3, 1, 2]) queue.sendSync("", { type });
  const seen: number[] = [];
  for await (const { type } of queue) {
    seen.push(type);
    if (seen.length === 2) break;
  }
  assertEquals(seen, [3, 1]);
  assertEquals(queue.stat().length, 1);
});

Deno.test("types and sizes that cannot be are refused", async () => {
  using queue = tempSysvQueue();
  for (const type of [0, -1, 1.5, 2 ** 53, NaN]) {
    assertThrows(() => queue.trySend("x", { type }), RangeError);
    assertThrows(() => queue.sendSync("x", { type }), RangeError);
    await assertRejects(() => queue.send("x", { type }), RangeError);
  }
  for (const type of [1.5, 2 ** 53, -(2 ** 53), NaN]) {
    assertThrows(() => queue.tryReceive({ type }), RangeError);
    await assertRejects(() => queue.receive({ type }), RangeError);
  }
  for (const maxBytes of [-1, 0.5, 2 ** 40]) {
    assertThrows(() => queue.tryReceive({ maxBytes }), RangeError);
    await assertRejects(() => queue.receive({ maxBytes }), RangeError);
  }
  const into = [] as unknown as Uint8Array;
  await assertRejects(() => queue.receive({ into }), TypeError);
  const data = 5 as unknown as string;
  await assertRejects(() => queue.send(data), TypeError);
  assertEquals(queue.stat().length, 0);
});

Deno.test("what nobody may not do with a System V queue says so", {
  ignore: !canUnshare,
}, async () => {
  using closed = SysvMessageQueue.createPrivate({ temporary: true });
  using drop = SysvMessageQueue.createPrivate({ mode: 0o622, temporary: true });
  using look = SysvMessageQueue.createPrivate({ mode: 0o644, temporary: true });
  look.sendSync("for all");
  const output = await runDeno(
    `
    import { SysvMessageQueue } from "@ipc/core/mq";
    ${BECOME_NOBODY}
    const [closed, drop, look] = Deno.args.map((id) =>
      SysvMessageQueue.fromId(Number(id))
    );
    attempt("receive", () => closed.tryReceive());
    attempt("send", () => closed.trySend("x"));
    attempt("stat", () => closed.stat());
    attempt("peek", () => closed.peek());
    attempt("remove", () => closed.remove());
    attempt("limit", () => look.setMaxBytes(10));
    attempt("drop", () => drop.sendSync("from nobody"));
    attempt("receive", () => drop.receiveSync());
    attempt("look", () => look.receiveSync());
    attempt("send", () => look.sendSync("x"));
    using own = SysvMessageQueue.createPrivate({ temporary: true });
    attempt("more", () => own.setMaxBytes(1_000_000));
    attempt("less", () => own.setMaxBytes(10));
    `,
    [closed, drop, look].map(({ id }) => `${id}`),
  );
  assertEquals(output.split("\n"), [
    "receive PermissionDenied EACCES",
    "send PermissionDenied EACCES",
    "stat PermissionDenied EACCES",
    "peek PermissionDenied EACCES",
    "remove PermissionDenied EPERM",
    "limit PermissionDenied EPERM",
    "drop succeeded",
    "receive PermissionDenied EACCES",
    "look succeeded",
    "send PermissionDenied EACCES",
    "more PermissionDenied EPERM",
    "less succeeded",
  ]);
  assertEquals(text(drop.receiveSync()), "from nobody");
});

Deno.test(
  "where there are too many System V queues, the error names the limit",
  {
    ignore: !canUnshare,
  },
  async () => {
    const output = await runWrapped(
      ["unshare", "--ipc", "sh", "-c", NO_QUEUES],
      `
    import { SysvMessageQueue } from "@ipc/core/mq";
    ${TELL}
    tell("create", () => SysvMessageQueue.create(7));
    `,
    );
    assertStringIncludes(output, "create IpcError ENOSPC");
    assertStringIncludes(output, "/proc/sys/kernel/msgmni allows, which is 0");
  },
);

const NO_QUEUES = `
  echo 0 > /proc/sys/kernel/msgmni
  exec "$0" "$@"
`;

Deno.test("what macOS lacks says so when it is used", async () => {
  const output = await runDeno(`
    Object.defineProperty(Deno, "build", {
      value: { ...Deno.build, os: "darwin" },
    });
    const { SysvMessageQueue } = await import("@ipc/core/mq");
    try {
      SysvMessageQueue.list();
    } catch (error) {
      console.log(error.name, error.message);
    }
  `);
  assertEquals(
    output,
    "NotSupported listing System V objects is not supported on darwin: see ipcs -q",
  );
});

Deno.test("for await ends when the object is closed, not when the queue is gone", async () => {
  const queue = tempSysvQueue();
  await queue.send("1");
  let count = 0;
  for await (const _message of queue) {
    count++;
    setTimeout(() => queue.close());
  }
  assertEquals(count, 1);

  using removed = SysvMessageQueue.createPrivate();
  const loop = codeOf(async () => {
    for await (const _message of removed);
  });
  removed.remove();
  assertEquals(await loop, "EIDRM");
});

Deno.test("SysvMessageQueue receives all of a message, whatever the last one's size", () => {
  using queue = SysvMessageQueue.createPrivate({ temporary: true });
  const into = new Uint8Array(8192);
  for (const size of [64, 64, 3, 0, 64, 128, 129, 2000, 64]) {
    const sent = new Uint8Array(size).map((_, i) => i + size);
    const type = 2 ** 40 + size;
    for (const options of [{ into }, {}, { into: new Uint8Array(size) }]) {
      queue.sendSync(sent, { type });
      assertEquals(queue.receiveSync(options), { data: sent, type });
    }
  }
});
