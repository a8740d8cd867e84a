/** Signals between this package and other programs. */

import { assertEquals } from "@std/assert";
import { type Child, Pipe, spawn } from "@ipc/core/pipe";
import { queue, realtime, send, SignalStream } from "@ipc/core/signal";
import { Lines } from "./_util/lines.ts";
import { Deadline, shell } from "./_util/peer.ts";
import { missing } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";
const ignore = !LINUX || missing("python3");
const { pid } = Deno;
const uid = Deno.uid() ?? 0;

/** A Python program that is told our process id, and says something. */
class Python implements AsyncDisposable {
  readonly child: Child;
  readonly #lines: Lines;

  constructor(source: string) {
    const output = Pipe.open();
    this.child = spawn("python3", {
      args: ["-c", source, `${pid}`],
      fds: { 0: "null", 1: output.writer },
    });
    output.writer.close();
    this.#lines = new Lines(output.reader.readable);
  }

  /** What it says next. */
  says(): Promise<string | undefined> {
    return this.#lines.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _lines = this.#lines;
    await this.child[Symbol.asyncDispose]();
  }
}

Deno.test("Python's sigwaitinfo() gets our signals, its os.kill() answers", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  using stream = SignalStream.open([realtime(16)]);
  await using python = new Python(`
import os, signal, sys
parent = int(sys.argv[1])
wanted = {signal.SIGRTMIN + 15, signal.SIGUSR1, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print("ready", flush=True)
number = 0
while number != signal.SIGTERM:
    info = signal.sigwaitinfo(wanted)
    number = info.si_signo
    print(number, info.si_code, info.si_pid == parent, info.si_uid, flush=True)
    os.kill(parent, signal.SIGRTMIN + 16)
`);
  assertEquals(await python.says(), "ready");
  const signal = realtime(16);
  const answer = { signal, pid: python.child.pid, uid, code: 0 };

  queue(python.child.pid, realtime(15), 42);
  assertEquals(await python.says(), `49 -1 True ${uid}`);
  assertEquals(await stream.receive(deadline), answer);
  send(python.child.pid, "SIGUSR1");
  assertEquals(await python.says(), `10 0 True ${uid}`);
  assertEquals(await stream.receive(deadline), answer);
  send(python.child.pid, "SIGTERM");
  assertEquals(await python.says(), `15 0 True ${uid}`);
  assertEquals((await python.child.status).success, true);
});

Deno.test("Python's handlers get our signals, and pass them on to threads", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  using stream = SignalStream.open([realtime(17)]);
  await using python = new Python(`
import os, signal, sys, threading
parent = int(sys.argv[1])
main = threading.get_ident()
def handle(number, frame):
    signal.pthread_kill(main, signal.SIGUSR2)
def answer(number, frame):
    os.kill(parent, signal.SIGRTMIN + 17)
signal.signal(signal.SIGRTMIN + 15, handle)
signal.signal(signal.SIGUSR2, answer)
print("ready", flush=True)
while True:
    signal.pause()
`);
  assertEquals(await python.says(), "ready");
  for (let round = 0; round < 10; round++) {
    send(python.child.pid, realtime(15));
    assertEquals((await stream.receive(deadline)).pid, python.child.pid);
  }
});

Deno.test("what Python sends with sigqueue() arrives with its values", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  using stream = SignalStream.open([realtime(18)]);
  await using python = new Python(`
import ctypes, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
class Value(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("pointer", ctypes.c_void_p)]
libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, Value]
for number in range(-500, 500):
    libc.sigqueue(int(sys.argv[1]), signal.SIGRTMIN + 18, Value(number))
`);
  for (let value = -500; value < 500; value++) {
    assertEquals(await stream.receive(deadline), {
      signal: realtime(18),
      pid: python.child.pid,
      uid,
      value,
      code: -1,
    });
  }
});

Deno.test("what kill -q sends arrives with its value", {
  ignore: !LINUX || missing("kill"),
}, async () => {
  using deadline = new Deadline();
  using stream = SignalStream.open([realtime(19), "SIGWINCH"]);
  // The program, not what shells have built in.
  const script = `
    for value in 1 2 3; do env kill -s RTMIN+19 -q $value "$0"; done
    env kill -s WINCH -q 4 "$0"`;
  await using peer = shell(script, [`${pid}`], deadline);
  const values: Record<string, unknown[]> = {};
  for (let count = 0; count < 4; count++) {
    const { signal, value, code } = await stream.receive(deadline);
    assertEquals(code, -1);
    (values[signal] ??= []).push(value);
  }
  // Different signals are handled by different threads.
  assertEquals(values, { [realtime(19)]: [1, 2, 3], SIGWINCH: [4] });
  assertEquals((await peer.outcome).stderr, "");
});

Deno.test("a signal wakes receiveSync() although the thread is blocked", {
  ignore: !LINUX || missing("sh"),
}, async () => {
  using deadline = new Deadline();
  using stream = SignalStream.open([realtime(14)]);
  const script = 'sleep 0.05; kill -s RTMIN+14 "$0"';
  await using peer = shell(script, [`${pid}`], deadline);
  const received = stream.receiveSync({ timeout: 10_000 });
  assertEquals(received.pid, peer.pid);
});

Deno.test("signals are kept while JavaScript is busy", {
  ignore: !LINUX || missing("sh"),
}, async () => {
  using deadline = new Deadline();
  using stream = SignalStream.open([realtime(14)]);
  const script = 'for i in 1 2 3; do kill -s RTMIN+14 "$0"; done';
  await using peer = shell(script, [`${pid}`], deadline);
  const end = performance.now() + 300;
  while (performance.now() < end);
  await peer.outcome;
  for (let i = 0; i < 3; i++) {
    assertEquals((await stream.receive(deadline)).pid, peer.pid);
  }
});
