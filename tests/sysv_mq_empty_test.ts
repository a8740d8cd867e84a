/**
 * Empty messages, which the wait for a System V message takes, unlike others.
 * Linux: elsewhere nothing is waited for in the kernel.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { SysvMessageQueue } from "@ipc/core/mq";
import { BECOME_NOBODY, DENO_FOR_NOBODY } from "./_util/nobody.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs } from "./_util/peers.ts";
import { tempSysvQueue, text } from "./_util/queues.ts";
import { until } from "./_util/until.ts";
import { canUnshare } from "./_util/wrapped.ts";

const ignore = Deno.build.os !== "linux";

/** A receive whose wait has taken an empty message just when it is given up. */
interface Scene {
  readonly queue: SysvMessageQueue;
  readonly given: Promise<unknown>;
}

/**
 * Has the wait of a receive take an empty message of a type while this thread
 * is busy, and gives the receive up before it can know.
 */
async function giveUp(queue: SysvMessageQueue, type: number): Promise<Scene> {
  using deadline = new Deadline();
  const controller = new AbortController();
  const { signal } = controller;
  const receiving = queue.receive({ type, signal });
  await until(() => receivers(Deno.pid) > 0, deadline.signal);
  queue.sendSync("", { type });
  while (queue.stat().length > 0);
  const given = assertRejects(() => receiving, DOMException);
  controller.abort();
  return { queue, given };
}

/** How many threads of a process are in msgrcv(2). */
function receivers(pid: number): number {
  const tasks = [...Deno.readDirSync(`/proc/${pid}/task`)];
  return tasks.filter(({ name }) => {
    try {
      const path = `/proc/${pid}/task/${name}/syscall`;
      const [number] = Deno.readTextFileSync(path).split(" ");
      return Number(number) === SYS_MSGRCV;
    } catch {
      return false; // It has ended meanwhile.
    }
  }).length;
}

const SYS_MSGRCV = Deno.build.arch === "x86_64" ? 70 : 188;

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

function test(name: string, fn: () => Promise<void>, ignoreToo = false): void {
  Deno.test(name, { ignore: ignore || ignoreToo }, fn);
}

test("an empty message that a wait has taken is received in its turn", async () => {
  using queue = tempSysvQueue();
  const waiting = [1, 2, 3].map(() => queue.receive({ type: 5 }));
  for (const data of ["", "x", ""]) await queue.send(data, { type: 5 });
  assertEquals((await Promise.all(waiting)).map(text), ["", "x", ""]);
  assertEquals(queue.stat().length, 0);
});

test("an empty message of a receive given up goes to the next, in its turn", async () => {
  using queue = tempSysvQueue();
  const { given } = await giveUp(queue, 5);
  queue.sendSync("later", { type: 5 });
  await given;
  const next = await queue.receive({ type: -7 });
  assertEquals([next.type, text(next)], [5, ""]);
  assertEquals(text(await queue.receive()), "later");
  assertEquals(queue.tryReceive(), undefined);
});

test("a receive of other types does not get it, and a lower type is preferred", async () => {
  using queue = tempSysvQueue();
  const { given } = await giveUp(queue, 5);
  queue.sendSync("lower", { type: 4 });
  await given;
  assertEquals(queue.tryReceive({ type: 6 }), undefined);
  assertEquals(text(queue.receiveSync({ type: -5 })), "lower");
  assertEquals(queue.receiveSync({ type: -5 }).type, 5);
  assertEquals(queue.tryReceive(), undefined);
});

test("an empty message that nobody here wants goes back into the queue", async () => {
  using queue = tempSysvQueue();
  const { given } = await giveUp(queue, 5);
  await given;
  await turn();
  assertEquals([queue.stat().length, queue.peek()?.type], [1, 5]);
  assertEquals(queue.receiveSync().type, 5);
});

test("an empty message goes back when the object is closed", async () => {
  using queue = tempSysvQueue();
  const object = SysvMessageQueue.fromId(queue.id);
  const { given } = await giveUp(object, 5);
  object.close();
  await given;
  await turn();
  assertEquals([queue.stat().length, queue.peek()?.type], [1, 5]);
});

test("an empty message waits for room in a queue that has none", async () => {
  using queue = tempSysvQueue();
  queue.setMaxBytes(2);
  const { given } = await giveUp(queue, 5);
  // Even an empty message counts: as many messages as bytes.
  queue.sendSync("", { type: 1 });
  queue.sendSync("", { type: 1 });
  await given;
  await turn();
  assertEquals(queue.stat().length, 2);
  SysvMessageQueue.fromId(queue.id).receiveSync();
  using deadline = new Deadline();
  await until(() => queue.stat().length === 2, deadline.signal);
  assertEquals(queue.peek(1)?.type, 5);
});

test("who may not send keeps an empty message for the next", async () => {
  const options = { mode: 0o644, temporary: true };
  using queue = SysvMessageQueue.createPrivate(options);
  using deadline = new Deadline();
  const source = `
    import { SysvMessageQueue } from "@ipc/core/mq";
    ${BECOME_NOBODY}
    // As after a start as nobody: PR_SET_DUMPABLE, or /proc/self stays root's.
    Deno.dlopen("libc.so.6", {
      prctl: { parameters: ["i32", "u64"], result: "i32" },
    }).symbols.prctl(4, 1n);
    using queue = SysvMessageQueue.fromId(Number(Deno.args[0]));
    const controller = new AbortController();
    const { signal } = controller;
    const receiving = queue.receive({ type: 5, signal }).catch(() => {});
    // Blocks this thread until the message has come and gone.
    queue.receiveSync({ type: 1 });
    controller.abort();
    await receiving;
    await new Promise((done) => setTimeout(done, 5));
    console.log(queue.stat().length, queue.tryReceive()?.type);
  `;
  const args = [...denoArgs(source), `${queue.id}`];
  const [env, ...rest] = DENO_FOR_NOBODY;
  await using peer = new Peer(env, [...rest, ...args], deadline);
  await until(() => receivers(peer.pid) === 2, deadline.signal);
  queue.sendSync("", { type: 5 });
  await until(() => queue.stat().length === 0, deadline.signal);
  queue.sendSync("", { type: 1 });
  assertEquals((await peer.outcome).stdout, "0 5\n");
}, !canUnshare);
