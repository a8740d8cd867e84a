/** Sending signals, and processes known by descriptors. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  PidFd,
  queue,
  realtime,
  send,
  type SignalName,
  SignalStream,
} from "@ipc/core/signal";
import { poll } from "../_internal/poll.ts";
import { POLLIN } from "../_internal/platform.ts";
import { Pipe, spawn } from "@ipc/core/pipe";
import { denoArgs, missing, run, runDeno } from "./_util/peers.ts";
import { PRELUDE } from "./_util/signals.ts";

const LINUX = Deno.build.os === "linux";
const ignore = !LINUX;
const { pid } = Deno;

const { BadResource, NotFound, NotSupported, TimedOut, WouldBlock } =
  Deno.errors;

/** Process ids of its own, of which it may say which comes next. */
const NAMESPACE = [
  "--user",
  "--map-root-user",
  "--pid",
  "--fork",
  "--mount-proc",
  "--kill-child",
];

async function canUnshare(): Promise<boolean> {
  return (await run("unshare", [...NAMESPACE, "true"])).code === 0;
}

/** A child that waits until it is killed. */
function sleeper() {
  return spawn("sleep", { args: ["1000"] });
}

/** The number of a process that is no more. */
async function gone(): Promise<number> {
  const child = sleeper();
  child.kill("SIGKILL");
  await child.status;
  return child.pid;
}

Deno.test("send() sends a signal by its name or number", async () => {
  const names = ["SIGTERM", "SIGUSR1", 9] as const;
  const children = names.map(sleeper);
  children.forEach(({ pid }, i) => send(pid, names[i]));
  const statuses = await Promise.all(children.map(({ status }) => status));
  const signals = statuses.map(({ signal }) => signal);
  assertEquals(signals, ["SIGTERM", "SIGUSR1", "SIGKILL"]);
});

Deno.test("send() knows real-time signals", { ignore }, async () => {
  const signals: [SignalName | number, number][] = [
    ["SIGRTMIN", 0],
    ["SIGRTMAX-1", 29],
    [realtime(5), 5],
    [50, 16],
  ];
  for (const [signal, n] of signals) {
    const child = sleeper();
    send(child.pid, signal);
    assertEquals((await child.status).signal, `SIGRTMIN+${n}`);
  }
});

Deno.test("send() sends to a process group", async () => {
  using pipe = Pipe.open();
  const child = spawn("sh", {
    args: ["-c", "sleep 1000 & echo ready; exec sleep 1000"],
    fds: { 1: pipe.writer },
    newSession: true,
  });
  pipe.writer.close();
  assertEquals(await pipe.reader.read(new Uint8Array(16)), 6);
  send(-child.pid, "SIGTERM");
  assertEquals((await child.status).signal, "SIGTERM");
  // The end of the data is the end of the other one.
  assertEquals(await pipe.reader.read(new Uint8Array(1)), null);
  assertThrows(() => send(-2_147_483_646, 0), NotFound, "process group 2147");
});

Deno.test("signal 0 sends nothing, but says whether it could", async () => {
  await using child = sleeper();
  send(child.pid, 0);
  const none = await gone();
  assertThrows(() => send(none, 0), NotFound, `kill 'process ${none}'`);
});

Deno.test("send() says that a process is gone", async () => {
  const none = await gone();
  const error = assertThrows(() => send(none, "SIGTERM"), NotFound) as
    & Error
    & { code: string };
  assertEquals(error.code, "ESRCH");
  assertEquals(
    error.message,
    `ESRCH: no such process, kill 'process ${none}'`,
  );
});

Deno.test("send() refuses what is no process or no signal", () => {
  for (const none of [-1, 1.5, NaN, Infinity, 2 ** 31]) {
    assertThrows(() => send(none, 0), RangeError, "process");
  }
  assertThrows(() => send("1" as unknown as number, 0), TypeError, "process");
  for (const none of ["SIGNOPE", "TERM", "", "SIGRTMIN+99", -1, 65, 1.5]) {
    assertThrows(() => send(pid, none as SignalName), TypeError, `${none}`);
  }
});

Deno.test("realtime() names what there is", { ignore }, () => {
  assertEquals([0, 7, 30].map(realtime), [
    "SIGRTMIN+0",
    "SIGRTMIN+7",
    "SIGRTMIN+30",
  ]);
  for (const none of [-1, 31, 0.5]) {
    assertThrows(() => realtime(none), RangeError, "from 0 to 30");
  }
});

Deno.test("macOS has no real-time signals and no values", {
  ignore: LINUX,
}, () => {
  assertThrows(() => realtime(0), NotSupported);
  assertThrows(() => queue(pid, "SIGUSR1", 1), NotSupported);
});

Deno.test("queue() refuses what it cannot send", { ignore }, async () => {
  for (const value of [0.5, 2 ** 31, -(2 ** 31) - 1, NaN]) {
    assertThrows(() => queue(pid, realtime(20), value), RangeError, "value");
  }
  for (const none of [0, -5, 1.5]) {
    assertThrows(() => queue(none, realtime(20), 1), RangeError, "process");
  }
  assertThrows(() => queue(pid, "SIGNOPE" as SignalName, 1), TypeError);
  const none = await gone();
  assertThrows(() => queue(none, realtime(20), 1), NotFound, `${none}`);
});

Deno.test("queue() says that the receiver's limit is reached", {
  ignore: ignore || missing("bash"),
}, async () => {
  using pipe = Pipe.open();
  await using child = spawn("bash", {
    args: ["-c", "ulimit -i 0; echo ready; exec sleep 1000"],
    fds: { 1: pipe.writer },
  });
  pipe.writer.close();
  await pipe.reader.read(new Uint8Array(16));
  const hint = "`ulimit -i`";
  assertThrows(() => queue(child.pid, realtime(20), 1), WouldBlock, hint);
  using process = PidFd.open(child.pid);
  assertThrows(() => process.queue(realtime(20), 1), WouldBlock, hint);
});

Deno.test("nobody may send signals to somebody else's processes", {
  ignore: ignore || Deno.uid() !== 0 || missing("setpriv"),
}, async () => {
  await using child = sleeper();
  const output = await runDeno(
    `${PRELUDE}
    const nobody = Deno.dlopen("libc.so.6", {
      setuid: { parameters: ["u32"], result: "i32" },
    }).symbols;
    nobody.setuid(65534);
    const pid = Number(Deno.args[0]);
    using process = PidFd.open(pid);
    for (const attempt of [
      () => send(pid, "SIGTERM"),
      () => queue(pid, realtime(1), 1),
      () => process.send("SIGTERM"),
      () => process.queue(realtime(1), 1),
    ]) {
      try { attempt(); } catch (error) {
        console.log(error.constructor.name, error.code, error.syscall);
      }
    }
  `,
    [`${child.pid}`],
  );
  assertEquals(output.split("\n"), [
    "PermissionDenied EPERM kill",
    "PermissionDenied EPERM sigqueue",
    "PermissionDenied EPERM pidfd_send_signal",
    "PermissionDenied EPERM pidfd_send_signal",
  ]);
});

Deno.test("PidFd.exited() waits for a process that is no child", {
  ignore: missing("sh"),
}, async () => {
  using pipe = Pipe.open();
  await using child = spawn("sh", {
    args: ["-c", "sleep 1000 & echo $!; wait; exec sleep 1000"],
    fds: { 1: pipe.writer },
  });
  const { value } = await pipe.reader[Symbol.asyncIterator]().next();
  using grandchild = PidFd.open(Number(new TextDecoder().decode(value)));
  const waiting = Promise.all([grandchild.exited(), grandchild.exited()]);
  grandchild.send("SIGTERM");
  await waiting;
  await grandchild.exited();
  assertEquals(child.pid !== grandchild.pid, true);
});

Deno.test("PidFd knows of a child's end before anybody looks at its status", {
  ignore,
}, async () => {
  const child = sleeper();
  using process = PidFd.open(child.pid);
  assertEquals(process.tryExited(), false);
  assertEquals(poll(process.fd, POLLIN, 0), 0);
  assertThrows(() => process.exitedSync({ timeout: 5 }), TimedOut);
  process.send("SIGKILL");
  process.exitedSync();
  assertEquals(process.tryExited(), true);
  assertEquals(poll(process.fd, POLLIN, 0), POLLIN);
  // It is a zombie by now, to which signals can be sent.
  process.send("SIGTERM");
  assertEquals((await child.status).signal, "SIGKILL");
  assertThrows(() => process.send("SIGTERM"), NotFound, `${child.pid}`);
  assertThrows(() => process.queue(realtime(20), 1), NotFound);
});

Deno.test("PidFd never sends to a process that got the same number", {
  ignore: ignore || missing("unshare") || !await canUnshare(),
}, async () => {
  const args = denoArgs(`${PRELUDE}
    const again = [];
    const start = () => spawn("sleep", { args: ["1000"] });
    const first = start();
    const { pid } = first;
    using process = PidFd.open(pid);
    first.kill("SIGKILL");
    await first.status;
    // The number that is given next is one more than this.
    Deno.writeTextFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
    const second = start();
    try { process.send("SIGTERM"); } catch (error) { console.log(error.code); }
    try { process.queue(realtime(1), 1); } catch (error) { console.log(error.code); }
    send(second.pid, "SIGUSR2");
    console.log(second.pid === pid, (await second.status).signal);
  `);
  const { stdout, stderr } = await run("unshare", [
    ...NAMESPACE,
    Deno.execPath(),
    ...args,
  ]);
  assertEquals(stdout, "ESRCH\nESRCH\ntrue SIGUSR2\n", stderr);
});

Deno.test("PidFd.exited() can be aborted, and ends with closing", async () => {
  await using child = sleeper();
  using process = PidFd.open(child.pid);
  const reason = new Error("enough");
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = assertRejects(() => process.exited({ signal }));
  const closed = assertRejects(() => process.exited(), BadResource);
  controller.abort(reason);
  assertEquals(await aborted, reason);
  process.close();
  await closed;
  process.close();
  assertThrows(() => process.send(0), BadResource, `process ${child.pid}`);
  await assertRejects(() => process.exited(), BadResource);
});

Deno.test("a PidFd that is closed throws whatever it is asked for", {
  ignore,
}, () => {
  const process = PidFd.open(pid);
  process.close();
  assertThrows(() => process.fd, BadResource);
  assertThrows(() => process.tryExited(), BadResource);
  assertThrows(() => process.exitedSync(), BadResource);
  assertThrows(() => process.queue(realtime(20), 1), BadResource);
});

Deno.test("PidFd.open() says what is not there", async () => {
  const none = await gone();
  assertThrows(() => PidFd.open(none), NotFound, `'${none}'`);
  for (const pid of [0, -1, 1.5, NaN]) {
    assertThrows(() => PidFd.open(pid), RangeError, "its id");
  }
});

Deno.test("PidFd.queue() sends a value", { ignore }, async () => {
  using stream = SignalStream.open([realtime(21)]);
  using process = PidFd.open(pid);
  process.queue("SIGRTMIN+21", -5);
  const uid = Deno.uid()!;
  const signal = realtime(21);
  const expected = { signal, pid, uid, value: -5, code: -1 };
  assertEquals(await stream.receive(), expected);
  process.send(realtime(21));
  assertEquals(await stream.receive(), { signal, pid, uid, code: 0 });
});
