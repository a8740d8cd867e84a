/** What `ipc` does in a shell. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ipc } from "@ipc/core/cli";
import { Fifo } from "@ipc/core/fifo";
import { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
import { Pty } from "@ipc/core/pty";
import { Semaphore, SysvSemaphoreSet } from "@ipc/core/sem";
import { seconds } from "../cli/_command.ts";
import { IPC, ipcOutput, runIpc, RunningIpc } from "./_util/ipc_command.ts";
import { memoryName } from "./_util/memory_name.ts";
import { missing, run, toOutcome } from "./_util/peers.ts";
import { randomKey, tempQueue, tempSysvQueue, text } from "./_util/queues.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const ignore = !LINUX;
const COMMANDS = ["ls", "rm", "mq", "fifo", "sem", "top", "demo"];

Deno.test("ipc tells how it is called, and how its commands are", async () => {
  const help = await ipcOutput(["--help"]);
  await Promise.all(COMMANDS.map(async (name) => {
    assertMatch(help, new RegExp(`^  ${name} +\\w`, "m"));
    const usage = await ipcOutput([name, "--help"]);
    assert(usage.startsWith(`ipc ${name}`));
  }));
  const { code, stdout, stderr } = await runIpc([]);
  assertEquals([code, stdout, stderr], [2, "", help]);
});

Deno.test("ipc says what it has not understood, and exits with 2", async () => {
  const wrong: Readonly<Record<string, string>> = {
    "nonsense": "there is no command 'nonsense'",
    "toString": "there is no command 'toString'",
    "ls --nonsense": "Unknown option '--nonsense'",
    "ls pipes": "there is no kind 'pipes': mq, shm, sem",
    "rm": "the kind is missing",
    "rm mq": "the name is missing",
    "rm mq jobs": "'jobs' is no name of an object",
    "sem create 0x0": "0x0 is no key",
    "mq recv /x --raw --json": "--raw and --json exclude each other",
    "mq": "what to do is missing: create, send, recv, watch",
    "mq eat /x": "no 'eat' here",
    "mq send": "the name is missing",
    "mq send /x y --type 3": "--type is for System V queues",
    "mq recv 1 --count 0": "--count must be a whole number from 1 up",
    "mq recv /x --all --follow": "exclude each other",
    "mq recv /x y": "'y' is one argument too many",
    "mq recv /x --no-wait --timeout 1": "exclude each other",
    "mq create 5": "the system gives the id",
    "sem run /x": "the command is missing",
    "sem value /x --index 1": "Unknown option '--index'",
    "sem create /x --mode 999": "the mode must be an octal number",
    "fifo cat": "the path is missing",
    "top --interval soon": "--interval must be a number of seconds",
    "demo now": "'now' is one argument too many",
  };
  for (const [line, why] of Object.entries(wrong)) {
    const said = await complaint(line.split(" "));
    assert(said.includes(why), `${line}: ${said}`);
    assertMatch(said, / \(see ipc( \w+)? --help\)$/);
  }
});

Deno.test("seconds are milliseconds that a timer takes", () => {
  const texts = ["0", "0.25", ".5", "2.", "99999999999"];
  assertEquals(
    texts.map((text) => seconds(text, "--timeout")),
    [0, 250, 500, 2000, 2 ** 31 - 1],
  );
});

/** What is said of a command that is not understood. */
async function complaint(args: readonly string[]): Promise<string> {
  const { error } = console;
  const said: unknown[] = [];
  console.error = (line) => said.push(line);
  try {
    assertEquals(await ipc(args), 2);
  } finally {
    console.error = error;
  }
  assertEquals(said.length, 1);
  return `${said[0]}`;
}

Deno.test("ipc mq sends arguments and lines, and receives by priority", {
  ignore,
}, async () => {
  using queue = tempQueue();
  const { name } = queue;
  await ipcOutput(["mq", "send", name, "one", ""]);
  await ipcOutput(["mq", "send", name, "--priority", "3"], "two\nthree\n");
  assertEquals(await ipcOutput(["mq", "recv", name]), "two\n");
  const rest = ["mq", "recv", name, "--count", "3", "--json"];
  assertEquals(
    (await ipcOutput(rest)).trimEnd().split("\n").map((l) => JSON.parse(l)),
    [
      { data: "three", priority: 3 },
      { data: "one", priority: 0 },
      { data: "", priority: 0 },
    ],
  );
});

Deno.test("ipc mq leaves bytes as they are", { ignore }, async () => {
  using queue = tempQueue();
  const { name } = queue;
  const bytes = new Uint8Array([0, 255, 10, 13, 128]);
  await ipcOutput(["mq", "send", name, "--raw"], bytes);
  assertEquals(queue.tryReceive()?.data, bytes);
  queue.sendSync(bytes);
  assertEquals(
    JSON.parse(await ipcOutput(["mq", "recv", name, "--json"])),
    { base64: bytes.toBase64(), priority: 0 },
  );
  queue.sendSync("\ufeffa");
  assertEquals(
    JSON.parse(await ipcOutput(["mq", "recv", name, "--json"])).data,
    "\ufeffa",
  );
  queue.sendSync("a");
  queue.sendSync("b");
  assertEquals(await ipcOutput(["mq", "recv", name, "--all", "--raw"]), "ab");
  assertEquals(await ipcOutput(["mq", "recv", name, "--all"]), "");
});

Deno.test("ipc mq sends what is between line feeds, whatever it is", {
  ignore,
}, async () => {
  using queue = tempQueue();
  const lines = new Uint8Array([0xff, 13, 0, 10, 10, 0xe2, 0x80, 0xa8, 13, 97]);
  await ipcOutput(["mq", "send", queue.name], lines);
  assertEquals(queue.tryReceive()?.data, lines.slice(0, 3));
  assertEquals(queue.tryReceive()?.data, new Uint8Array());
  assertEquals(queue.tryReceive()?.data, lines.slice(5));
  assertEquals(queue.tryReceive(), undefined);
});

Deno.test("ipc mq recv ends when nobody reads what it prints", {
  ignore,
}, async () => {
  using queue = tempQueue();
  const args = ["mq", "recv", queue.name, "--follow", "--timeout", "20"];
  await using running = new RunningIpc(args);
  queue.sendSync("1");
  assertEquals(await running.next(), "1\n");
  await running.stopReading();
  assertEquals((await running.end()).code, 0);
});

Deno.test("ipc mq recv puts back what it cannot print", {
  ignore,
}, async () => {
  using posix = tempQueue();
  posix.sendSync("a", { priority: 3 });
  using sysv = tempSysvQueue();
  sysv.sendSync("a", { type: 3 });
  await Promise.all([posix.name, `${sysv.id}`].map(async (name) => {
    const command = [Deno.execPath(), ...IPC, "mq", "recv", name];
    const script = `'${command.join("' '")}' > /dev/full`;
    const { code, stderr } = await run("sh", ["-c", script]);
    assertEquals(code, 1);
    assertMatch(stderr, /^ipc mq: No space left on device/);
  }));
  const data = new TextEncoder().encode("a");
  assertEquals(posix.tryReceive(), { data, priority: 3 });
  assertEquals(sysv.tryReceive(), { data, type: 3 });
});

/** Runs the command with a small pipe for its output, until that is full. */
const INTO_SMALL_PIPE = `
import array, fcntl, os, subprocess, sys, termios, time
F_SETPIPE_SZ = 1031
r, w = os.pipe()
fcntl.fcntl(w, F_SETPIPE_SZ, 4096)
os.set_blocking(w, False)
command = subprocess.Popen(sys.argv[1:], stdout=w)
os.close(w)
ready = array.array("i", [0])
while ready[0] < 4000 and command.poll() is None:
    time.sleep(0.005)
    fcntl.ioctl(r, termios.FIONREAD, ready)
`;

Deno.test("ipc prints all, even where the output does not block", {
  ignore: ignore || missing("python3"),
}, async () => {
  using queue = tempQueue({ messageSize: 8192, maxMessages: 1 });
  queue.sendSync(new Uint8Array(8192));
  const python = `${INTO_SMALL_PIPE}
printed = b"".join(iter(lambda: os.read(r, 65536), b""))
print(len(printed), command.wait())
`;
  const command = [Deno.execPath(), ...IPC, "mq", "recv", queue.name, "--raw"];
  const { stdout, stderr } = await run("python3", ["-c", python, ...command]);
  assertEquals([stdout, stderr], ["8192 0\n", ""]);
});

Deno.test("ipc mq recv has taken nothing that waits to be printed", {
  ignore: ignore || missing("python3"),
}, async () => {
  using queue = tempQueue({ messageSize: 4000, maxMessages: 3 });
  for (let i = 0; i < 3; i++) queue.sendSync(new Uint8Array(4000));
  // Time enough to take another.
  const python = `${INTO_SMALL_PIPE}
time.sleep(0.2)
command.terminate()
command.wait()
`;
  const command = [Deno.execPath(), ...IPC, "mq", "recv", queue.name, "--all"];
  const { stderr } = await run("python3", ["-c", python, ...command]);
  assertEquals([stderr, queue.length], ["", 2]);
});

Deno.test("ipc mq knows the types of System V", async () => {
  using queue = tempSysvQueue();
  const id = `${queue.id}`;
  await ipcOutput(["mq", "send", id, "--type", "7", "seven"]);
  await ipcOutput(["mq", "send", id, "--type", "5", "five"]);
  await ipcOutput(["mq", "send", id, "one"]);
  const recv = ["mq", "recv", id, "--json"];
  assertEquals(
    JSON.parse(await ipcOutput([...recv, "--type", "5"])),
    { data: "five", type: 5 },
  );
  assertEquals(
    JSON.parse(await ipcOutput([...recv, "--type=-9"])),
    { data: "one", type: 1 },
  );
  assertEquals(queue.tryReceive()?.type, 7);
});

Deno.test("ipc mq waits no longer than it is told, and exits with 3", {
  ignore,
}, async () => {
  using queue = tempQueue({ maxMessages: 1 });
  const { name } = queue;
  for (const patience of [["--no-wait"], ["--timeout", "0.05"]]) {
    const empty = await runIpc(["mq", "recv", name, ...patience]);
    assertEquals(empty.code, 3);
    assertEquals(empty.stderr, `ipc mq recv: nothing in '${name}'\n`);
    queue.sendSync("x");
    const full = await runIpc(["mq", "send", name, "y", ...patience]);
    assertEquals(full.code, 3);
    assertEquals(full.stderr, `ipc mq send: '${name}' is full\n`);
    assertEquals(text(queue.receiveSync()), "x");
  }
});

Deno.test("ipc mq recv --follow prints what comes until it is ended", {
  ignore,
}, async () => {
  using queue = tempQueue();
  await using running = new RunningIpc(["mq", "recv", queue.name, "--follow"]);
  for (const message of ["1", "2"]) {
    queue.sendSync(message);
    assertEquals(await running.next(), `${message}\n`);
  }
  running.kill("SIGTERM");
  assertEquals((await running.end()).signal, "SIGTERM");
});

Deno.test("ipc mq create makes queues, and says the id of those of System V", {
  ignore,
}, async () => {
  const name = memoryName();
  const sizes = ["--max-messages", "2", "--message-size", "50"];
  await ipcOutput(["mq", "create", name, ...sizes, "--mode", "640"]);
  {
    using queue = MessageQueue.open(name);
    MessageQueue.unlink(name);
    assertEquals([queue.maxMessages, queue.messageSize], [2, 50]);
  }
  const key = randomKey();
  const args = ["mq", "create", `0x${key.toString(16)}`, "--mode", "0640"];
  const id = await ipcOutput(args);
  const queue = SysvMessageQueue.open(key);
  assertEquals([`${queue.id}\n`, queue.stat().mode], [id, 0o640]);
  queue.remove();
});

Deno.test("ipc mq watch prints how many there are, and takes none", {
  ignore,
}, async () => {
  using queue = tempQueue();
  const args = ["mq", "watch", queue.name, "--interval", "0.001"];
  await using running = new RunningIpc([...args, "--count", "2"]);
  assertMatch(`${await running.next()}`, /^\S+Z {2}0 messages\n$/);
  queue.sendSync("x");
  assertMatch(`${await running.next()}`, /^\S+Z {2}1 message\n$/);
  assertEquals((await running.end()).code, 0);
  assertEquals(queue.length, 1);
});

Deno.test("ipc fifo tee writes to whom ipc fifo cat reads from", async () => {
  using directory = new TempDir();
  const path = directory.join("fifo");
  const reading = runIpc(["fifo", "cat", path, "--create"]);
  assertEquals(
    await ipcOutput(["fifo", "tee", path, "--create"], "one\ntwo\n"),
    "one\ntwo\n",
  );
  const { code, stdout, stderr } = await reading;
  assertEquals([code, stdout, stderr], [0, "one\ntwo\n", ""]);
});

Deno.test("ipc fifo cat --follow goes on when a writer has gone", async () => {
  using directory = new TempDir();
  using fifo = Fifo.create(directory.join("fifo"));
  await using running = new RunningIpc(["fifo", "cat", fifo.path, "--follow"]);
  for (const word of ["one", "two"]) {
    {
      using writer = await fifo.openWriter();
      await writer.writeAll(new TextEncoder().encode(word));
    }
    assertEquals(await running.next(), word);
  }
});

Deno.test("ipc fifo cat ends when nobody reads what it prints", {
  ignore,
}, async () => {
  using directory = new TempDir();
  using fifo = Fifo.create(directory.join("fifo"));
  await using running = new RunningIpc(["fifo", "cat", fifo.path, "--follow"]);
  using writer = await fifo.openWriter();
  await writer.writeAll(new Uint8Array([49]));
  assertEquals(await running.next(), "1");
  await running.stopReading();
  const tooLate = setTimeout(() => running.kill("SIGKILL"), 20_000);
  assertEquals((await running.end()).code, 0);
  clearTimeout(tooLate);
});

Deno.test("ipc fifo says what is not there", async () => {
  using directory = new TempDir();
  const path = directory.join("fifo");
  const { code, stderr } = await runIpc(["fifo", "cat", path]);
  assertEquals(code, 1);
  assertMatch(stderr, /^ipc fifo: ENOENT: .*fifo'\n$/);
});

Deno.test("ipc sem makes a semaphore, takes from it and adds to it", {
  ignore,
}, async () => {
  const name = memoryName();
  await ipcOutput(["sem", "create", name, "2"]);
  using semaphore = Semaphore.open(name);
  Semaphore.unlink(name);
  assertEquals(semaphore.value, 2);
  // By another name, as that of the file.
  using shared = Semaphore.create(memoryName(), { temporary: true });
  const args = ["sem", "acquire", shared.name];
  await ipcOutput(args);
  assertEquals(shared.value, 0);
  for (const patience of [["--no-wait"], ["--timeout", "0.05"]]) {
    const { code, stderr } = await runIpc([...args, ...patience]);
    assertEquals(code, 3);
    assertEquals(
      stderr,
      `ipc sem acquire: '${shared.name}' was not to be had\n`,
    );
  }
  await ipcOutput(["sem", "release", shared.name, "3"]);
  assertEquals(await ipcOutput(["sem", "value", shared.name]), "3\n");
});

Deno.test("ipc sem knows the sets of System V", { ignore }, async () => {
  const key = randomKey();
  const name = `0x${key.toString(16)}`;
  const id = (await ipcOutput(["sem", "create", name, "1", "0"])).trimEnd();
  const set = SysvSemaphoreSet.fromId(Number(id));
  try {
    await ipcOutput(["sem", "release", id, "2", "--index", "1"]);
    await ipcOutput(["sem", "acquire", name]);
    assertEquals(set.values, [0, 2]);
    assertEquals(await ipcOutput(["sem", "value", id]), "0 2\n");
    const args = ["sem", "acquire", id, "--no-wait"];
    assertEquals((await runIpc(args)).code, 3);
    const far = await runIpc([...args, "--index", "2"]);
    assertEquals([far.code, far.stdout], [1, ""]);
  } finally {
    set.remove();
  }
});

Deno.test("ipc sem run has the semaphore while a command runs", {
  ignore,
}, async () => {
  using semaphore = Semaphore.create(memoryName(), { temporary: true });
  const run = ["sem", "run", semaphore.name];
  const held = [...run, "--", "sh", "-c", "echo $0; read line; exit 7"];
  await using running = new RunningIpc([...held, "--help"]);
  assertEquals(await running.next(), "--help\n");
  assertEquals(semaphore.value, 0);
  const busy = await runIpc([...run, "--no-wait", "--", "true"]);
  assertEquals(busy.code, 3);
  assertEquals((await running.end()).code, 7);
  assertEquals(semaphore.value, 1);
  assertEquals((await runIpc([...run, "--", "/nowhere/x"])).code, 127);
  assertEquals((await runIpc([...run, "--", "/etc/passwd"])).code, 126);
  assertEquals(semaphore.value, 1);
});

Deno.test("who ends ipc sem run ends the command, and it gives back", {
  ignore,
}, async () => {
  using semaphore = Semaphore.create(memoryName(), { temporary: true });
  const script = "trap 'exit 5' TERM; echo begun; while :; do sleep 0.01; done";
  const args = ["sem", "run", semaphore.name, "--", "sh", "-c", script];
  await using running = new RunningIpc(args);
  assertEquals(await running.next(), "begun\n");
  running.kill("SIGTERM");
  assertEquals((await running.end()).code, 5);
  assertEquals(semaphore.value, 1);
});

Deno.test("ipc ends well if nobody reads what it prints", {
  ignore: missing("bash"),
}, async () => {
  const command = [Deno.execPath(), ...IPC, "ls"].map((each) => `'${each}'`);
  const script = `${command.join(" ")} | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await run("bash", ["-c", script]);
  assertEquals([stdout, stderr], ["0\n", ""]);
});

Deno.test("ipc has colours on a terminal only, and not with NO_COLOR", {
  ignore,
}, async () => {
  const bold = "\x1b[1mKIND";
  async function onTerminal(env: Record<string, string>): Promise<string> {
    const args = [...IPC, "ls", "sem"];
    await using pty = Pty.spawn(Deno.execPath(), { args, env, columns: 200 });
    return await new Response(pty.readable).text();
  }
  assert((await onTerminal({ NO_COLOR: "" })).includes(bold));
  assert(!(await onTerminal({ NO_COLOR: "1" })).includes("\x1b["));
  const output = await new Deno.Command(Deno.execPath(), {
    args: [...IPC, "ls", "sem"],
    env: { NO_COLOR: "" },
  }).output();
  assertMatch(toOutcome(output).stdout, /^KIND/);
});
