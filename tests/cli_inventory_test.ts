/** What `ipc` shows of the objects of the system, and removes. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
import { Pty } from "@ipc/core/pty";
import { Semaphore, SysvSemaphoreSet } from "@ipc/core/sem";
import { SharedMemory, SysvSharedMemory } from "@ipc/core/shm";
import { takeInventory } from "../cli/_inventory.ts";
import { inventoryTable } from "../cli/_inventory_table.ts";
import { ageText, sizeText } from "../cli/_text.ts";
import { textTable } from "../cli/_text_table.ts";
import { IPC, ipcOutput, runIpc } from "./_util/ipc_command.ts";
import { memoryName } from "./_util/memory_name.ts";
import { BECOME_NOBODY, DENO_FOR_NOBODY } from "./_util/nobody.ts";
import { run } from "./_util/peers.ts";
import { randomKey, tempQueue } from "./_util/queues.ts";

const ignore = Deno.build.os !== "linux";
const ROOT = Deno.uid() === 0;

/** What `ipc ls --json` tells of one object. */
async function look(
  kind: string,
  object: { readonly name: string } | { readonly id: number },
): Promise<Record<string, unknown> | undefined> {
  const all = JSON.parse(await ipcOutput(["ls", kind, "--json"]));
  const [[key, value]] = Object.entries(object);
  return all.find((each: Record<string, unknown>) => each[key] === value);
}

Deno.test("ipc ls shows a POSIX queue, with its messages", {
  ignore,
}, async () => {
  const name = memoryName();
  const options = { maxMessages: 3, messageSize: 100, temporary: true };
  using queue = MessageQueue.create(name, options);
  queue.sendSync("hello");
  const found = await look("mq", { name });
  assert(found);
  const { since, owner, ...rest } = found;
  assertMatch(`${since}`, /^\d{4}-\d\d-\d\dT/);
  assertEquals(typeof owner, "string");
  assertEquals(rest, {
    kind: "mq",
    system: "posix",
    name,
    id: null,
    key: null,
    uid: Deno.uid(),
    mode: "0600",
    size: 300,
    messages: 1,
    maxMessages: 3,
    users: null,
    values: null,
  });
  const table = await ipcOutput(["ls", "mq"]);
  const line = table.split("\n").find((each) => each.includes(name));
  assertMatch(
    line!,
    new RegExp(`^mq +${name} +${owner} +0600 +300 B +\\d+ s +1 of 3 messages$`),
  );
});

Deno.test("ipc ls shows memory, with how many have it mapped", {
  ignore,
}, async () => {
  const name = memoryName();
  using memory = SharedMemory.create(name, { size: 8192, temporary: true });
  using again = SharedMemory.open(name);
  const found = await look("shm", { name });
  assertEquals([found?.size, found?.users, found?.mode], [8192, 1, "0600"]);
  assertEquals(memory.size, again.size);
});

Deno.test("ipc ls shows a semaphore, with its value", { ignore }, async () => {
  const name = memoryName();
  using semaphore = Semaphore.create(name, { value: 5, temporary: true });
  const found = await look("sem", { name });
  assertEquals(found?.values, [semaphore.value]);
});

Deno.test("ipc ls shows System V objects, by their ids and keys", {
  ignore,
}, async () => {
  const key = randomKey();
  const keyText = `0x${(key >>> 0).toString(16).padStart(8, "0")}`;
  using stack = new DisposableStack();
  const queue = SysvMessageQueue.create(key, { mode: 0o640 });
  stack.defer(() => queue.remove());
  queue.sendSync("hello");
  const set = stack.use(
    SysvSemaphoreSet.createPrivate({
      count: 2,
      values: [4, 0],
      temporary: true,
    }),
  );
  const memory = stack.use(
    SysvSharedMemory.createPrivate({ size: 5000, temporary: true }),
  );
  const [found, ofSet, segment] = await Promise.all([
    look("mq", { id: queue.id }),
    look("sem", { id: set.id }),
    look("shm", { id: memory.id }),
  ]);
  assertEquals(
    [found?.key, found?.system, found?.name, found?.mode, found?.messages],
    [keyText, "sysv", null, "0640", 1],
  );
  assertEquals(ofSet?.values, [4, 0]);
  assertEquals([segment?.size, segment?.users, segment?.key], [5000, 1, null]);
});

Deno.test("ipc ls has question marks for what others do not show", {
  ignore: ignore || !ROOT,
}, async () => {
  const name = memoryName();
  using semaphore = Semaphore.create(name, { temporary: true });
  const cli = new URL("../cli/mod.ts", import.meta.url);
  // As where the file system of the queues is not mounted.
  const source = `
    ${BECOME_NOBODY}
    const { ipc } = await import("${cli}");
    const { MessageQueue } = await import("${new URL("../mq/mod.ts", cli)}");
    MessageQueue.list = () => {
      throw new Deno.errors.PermissionDenied("not mounted");
    };
    Deno.exit(await ipc(["ls"]));
  `;
  const [verb, ...flags] = IPC.slice(0, -1);
  const url = `data:application/typescript;base64,${btoa(source)}`;
  const [env, ...deno] = DENO_FOR_NOBODY;
  const args = [...deno, verb, ...flags, url];
  const { code, stdout, stderr } = await run(env, args);
  assertEquals([code, stderr], [1, "ipc ls: not mounted\n"]);
  assertMatch(
    lineOf(stdout, name),
    /^sem .* root +0600 +32 B +\d+ s +value \?, mapped by 0 or more$/,
  );
  assertEquals(semaphore.value, 1);
});

/** The line of a table that shows a name. */
function lineOf(table: string, name: string): string {
  return table.split("\n").find((line) => line.includes(name)) ?? "";
}

Deno.test("ipc ls shows the others if one is not what its name says", {
  ignore,
}, async () => {
  using stack = new DisposableStack();
  const [directory, link, short] = [memoryName(), memoryName(), memoryName()]
    .map((name) => name.slice(1));
  const paths = [directory, link, short].map((name) => `/dev/shm/sem.${name}`);
  stack.defer(() => paths.forEach((path) => Deno.removeSync(path)));
  Deno.mkdirSync(paths[0]);
  Deno.symlinkSync(`sem.${link}`, paths[1]);
  Deno.writeTextFileSync(paths[2], "x");
  const table = await ipcOutput(["ls", "sem"]);
  assertEquals([lineOf(table, directory), lineOf(table, link)], ["", ""]);
  assertMatch(lineOf(table, short), / 1 B +\d+ s +value \?, mapped by 0$/);
});

Deno.test("ipc ls leaves out a queue that is gone when it is looked at", {
  ignore,
}, () => {
  const name = memoryName();
  const { list } = MessageQueue;
  MessageQueue.list = () => [name];
  try {
    const { items } = takeInventory(["mq"]);
    assert(items.every((item) => item.name === undefined));
  } finally {
    MessageQueue.list = list;
  }
});

Deno.test("ipc ls shows odd names in one line that moves nothing", {
  ignore,
}, async () => {
  const plain = memoryName();
  const name = `${plain}\x1b[2J\n\x9b\u202e `;
  using _memory = SharedMemory.create(name, { size: 1, temporary: true });
  const [table, json] = await Promise.all([
    ipcOutput(["ls", "shm"]),
    ipcOutput(["ls", "shm", "--json"]),
  ]);
  const shown = `${plain}\\u001b[2J\\u000a\\u009b\\u202e `;
  assertMatch(lineOf(table, shown), / mapped by 1$/);
  assert(!json.includes("\x9b") && !json.includes("\x1b"));
  const names = JSON.parse(json).map((each: { name: string }) => each.name);
  assert(names.includes(name));
});

Deno.test("ipc rm removes by name, id and key, and says what is not there", {
  ignore,
}, async () => {
  const name = memoryName();
  SharedMemory.create(name, { size: 1 }).close();
  const missing = memoryName();
  const { code, stderr } = await runIpc(["rm", "shm", missing, name]);
  assertEquals(code, 1);
  assertEquals(
    stderr,
    `ipc rm: ENOENT: no such shared memory, shm_unlink '${missing}'\n`,
  );
  assert(!SharedMemory.list().includes(name));
  assertEquals((await runIpc(["rm", "-f", "shm", name])).code, 0);

  const key = randomKey();
  const queues = [
    SysvMessageQueue.create(key),
    SysvMessageQueue.createPrivate(),
  ];
  const texts = [`0x${(key >>> 0).toString(16)}`, `${queues[1].id}`];
  assertEquals((await runIpc(["rm", "mq", ...texts])).code, 0);
  const ids = SysvMessageQueue.list().map(({ id }) => id);
  for (const { id } of queues) assert(!ids.includes(id));
  const gone = await runIpc(["rm", "mq", texts[1]]);
  assertEquals(gone.code, 1);
  assertMatch(gone.stderr, new RegExp(`^ipc rm: .*${texts[1]}`));
  assertEquals((await runIpc(["rm", "--force", "mq", ...texts])).code, 0);
});

Deno.test("ipc top prints the same again and again", { ignore }, async () => {
  const name = memoryName();
  using queue = MessageQueue.create(name, { temporary: true });
  const args = ["top", "mq", "--count", "2", "--interval", "0.01"];
  const output = await ipcOutput(args);
  assertEquals(output.match(/^\d\d:\d\d:\d\d {2}\d+ objects?$/gm)?.length, 2);
  assertEquals(output.split(queue.name).length - 1, 2);
});

Deno.test("ipc top on a terminal makes bold what has changed but its age", {
  ignore,
}, async () => {
  using still = tempQueue();
  using changing = tempQueue();
  const args = [...IPC, "top", "mq", "--count", "2", "--interval", "1.1"];
  const size = { columns: 200, rows: 500 };
  const env = { NO_COLOR: "" };
  await using pty = Pty.spawn(Deno.execPath(), { args, env, ...size });
  let printed = "";
  for await (const text of pty.readable.pipeThrough(new TextDecoderStream())) {
    if (printed === "") changing.sendSync("x");
    printed += text;
  }
  const changed = [still, changing]
    .map(({ name }) => printed.match(new RegExp(`\x1b\\[1mmq +${name}`, "g")));
  assertEquals(changed.map((each) => each?.length), [undefined, 1]);
});

Deno.test("ipc top shows no more than there is room for", {
  ignore,
}, async () => {
  using _queue = tempQueue();
  const args = [...IPC, "top", "mq", "--count", "1"];
  await using pty = Pty.spawn(Deno.execPath(), { args, columns: 40, rows: 3 });
  const printed = await new Response(pty.readable).text();
  const [first, second, ...rest] = printed.split("\r\n");
  assertMatch(first, /\d objects?$/);
  assertMatch(second, /^KIND/);
  assertEquals(rest, [""]);
});

Deno.test("sizes and ages are in units that suit them", () => {
  const sizes = [0, 1023, 1024, 10_240, 1_048_575, 2 ** 40, 2 ** 60];
  assertEquals(
    sizes.map(sizeText),
    [
      "0 B",
      "1023 B",
      "1.0 KiB",
      "10.0 KiB",
      "1024 KiB",
      "1.0 TiB",
      "1048576 TiB",
    ],
  );
  const now = Date.UTC(2030, 0, 1);
  const ages = [-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 40_000_000];
  assertEquals(
    ages.map((age) => ageText(new Date(now - age * 1000), now)),
    ["0 s", "0 s", "59 s", "1 min", "59 min", "1 h", "23 h", "1 d", "462 d"],
  );
});

Deno.test("of a large set the first values are shown", () => {
  const values = Array.from({ length: 1000 }, (_, i) => i);
  const [, line] = inventoryTable([{ kind: "sem", id: 1, values }]);
  assertMatch(line, / value 0 1 2 3 4 5 6 7 … of 1000$/);
});

Deno.test("columns are as wide as what is in them, and have no space behind", () => {
  const rows = [["a", "1", "x"], ["bcd", "22", ""], ["", "", "yz"]];
  assertEquals(
    textTable(rows, ["left", "right", "left"]),
    "a     1  x\nbcd  22\n         yz",
  );
  const wide = [["日本", "x"], ["é", "x"], ["e\u0301", "x"], ["abcde", "x"]];
  assertEquals(
    textTable(wide, ["left", "left"]),
    "日本   x\né      x\ne\u0301      x\nabcde  x",
  );
});
