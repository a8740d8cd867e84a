import {
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { ftok, MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
import { Pty } from "@ipc/core/pty";
import { SysvSemaphoreSet } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import { capabilities } from "@ipc/core/signal";
import { UnixStream } from "@ipc/core/socket";
import {
  exampleArgs,
  exampleNames,
  type ExampleOptions,
  readExample,
  runExample,
  RunningExample,
} from "./_util/example.ts";
import { Lines } from "./_util/lines.ts";
import { memoryName } from "./_util/memory_name.ts";
import { pattern } from "./_util/pattern.ts";
import { Deadline, shell } from "./_util/peer.ts";
import { missing, type Outcome } from "./_util/peers.ts";
import { queueName } from "./_util/queues.ts";
import { Screen } from "./_util/screen.ts";
import { TempDir } from "./_util/temp.ts";
import { appears, until } from "./_util/until.ts";

interface Scene {
  readonly signal: AbortSignal;
  /** A path that is free. */
  readonly path: (name: string) => string;
  readonly run: (options?: Omit<ExampleOptions, "signal">) => Promise<Outcome>;
}

const tested = new Set<string>();

/** Defines a test of what an example does. */
function testExample(
  name: string,
  behaviour: string,
  needs: readonly string[],
  fn: (scene: Scene) => Promise<void>,
  ignore = needs.some(missing),
): void {
  tested.add(name);
  Deno.test(`examples/${name} ${behaviour}`, { ignore }, async () => {
    using dir = new TempDir();
    // Several Denos start one after the other, on a machine that may be busy.
    using deadline = new Deadline(60_000);
    const { signal } = deadline;
    await fn({
      signal,
      path: (file) => dir.join(file),
      run: (options) => runExample(name, { ...options, signal }),
    });
  });
}

/** How a program ends that has nothing to complain about. */
function printed(stdout: string): Outcome {
  return { code: 0, signal: null, stdout, stderr: "" };
}

testExample("pipe_child.ts", "filters its input", ["sort"], async (scene) => {
  const input = scene.path("names");
  await Deno.writeTextFile(input, "Berta\nAnton\nCäsar\n");
  const outcome = await scene.run({ args: ["sort", "-r"], input });
  assertEquals(outcome, printed("Cäsar\nBerta\nAnton\n"));
});

testExample(
  "pipe_child.ts",
  "filters more than pipes hold",
  ["tr"],
  async (scene) => {
    const input = scene.path("data");
    const data = pattern(1 << 20).map((byte) => 97 + byte % 26);
    await Deno.writeFile(input, data);
    const outcome = await scene.run({ args: ["tr", "a-z", "A-Z"], input });
    const text = new TextDecoder().decode(data).toUpperCase();
    assertEquals(outcome, printed(text));
  },
);

testExample(
  "pipe_child.ts",
  "ends with the child, with its code",
  ["head"],
  async (scene) => {
    const input = scene.path("data");
    await Deno.writeFile(input, new Uint8Array(1 << 20).fill(120));
    const outcome = await scene.run({ args: ["head", "-c", "3"], input });
    assertEquals(outcome, printed("xxx"));
    assertEquals((await scene.run({ args: ["sh", "-c", "exit 3"] })).code, 3);
  },
);

testExample(
  "pipe_two_programs.ts",
  "has its child compute",
  [],
  async (scene) => {
    assertEquals(
      await scene.run(),
      printed(
        [2, 3, 4].map((n) =>
          `the child works on ${n}\n${n} squared is ${n * n}\n`
        ).join(""),
      ),
    );
  },
);

testExample(
  "pass_descriptors.ts",
  "hands a secret over and follows its child",
  ["sh"],
  async (scene) => {
    assertEquals(await scene.run(), {
      code: 0,
      signal: null,
      stdout: "the secret has 9 letters\nthe child ended with code 0\n",
      stderr: "progress: reading\nprogress: done\n",
    });
  },
);

for (const roles of [["server", "client"], ["client", "server"]]) {
  testExample(
    "fifo_ping_pong.ts",
    `plays when the ${roles[0]} comes first`,
    [],
    async (scene) => {
      const path = scene.path("game");
      const [first, second] = roles;
      const playing = scene.run({ args: [first, path] });
      await appears(`${path}.answers`, scene.signal);
      const outcomes = [
        await scene.run({ args: [second, path] }),
        await playing,
      ];
      const text = outcomes.map(({ stdout }) => stdout).sort().join("");
      assertMatch(
        text,
        /^client: 100 pongs, \d+\.\d µs each\nserver: 100 pings\n$/,
      );
      assertEquals(outcomes.map(({ code, stderr }) => [code, stderr]), [
        [0, ""],
        [0, ""],
      ]);
      const left = [...Deno.readDirSync(scene.path("."))];
      assertEquals(left, []);
    },
  );
}

testExample("fifo_log_collector.ts", "collects lines of many until SIGINT", [
  "sh",
], async ({ path, signal }) => {
  const log = path("log");
  await using collector = new RunningExample(
    "fifo_log_collector.ts",
    [log],
    signal,
  );
  const { stdout, stderr } = collector;
  assertEquals(await stderr.next(), `collecting lines from ${log}`);

  const seen: string[] = [];
  for (let round = 0; round < 2; round++) {
    const script = 'for i in 1 2 3; do echo "$1 says $i" > "$0"; done';
    await using shells = new AsyncDisposableStack();
    for (const name of ["one", "two", "three"]) {
      shells.use(shell(script, [log, name], { signal }));
    }
    for (let i = 0; i < 9; i++) seen.push(await stdout.next() ?? "end");
  }
  collector.interrupt();
  assertEquals(await stderr.next(), "18 lines collected");
  assertEquals((await collector.status).code, 0);

  const numbers = seen.map((line) => Number(line.split(": ")[0]));
  assertEquals(numbers, seen.map((_, i) => i + 1));
  const texts = seen.map((line) => line.split(": ")[1]).sort();
  const expected = ["one", "three", "two"].flatMap((name) =>
    [1, 1, 2, 2, 3, 3].map((i) => `${name} says ${i}`)
  );
  assertEquals(texts, expected);
});

testExample(
  "mux_run_together.ts",
  "prints the lines of all commands, and how they failed",
  ["sh"],
  async (scene) => {
    const meeting = scene.path("meeting");
    // The second command says its lines between those of the first.
    const outcome = await scene.run({
      args: [
        `mkfifo "${meeting}"; echo one; echo go > "${meeting}"; printf two`,
        `until [ -p "${meeting}" ]; do :; done; read -r word < "${meeting}"
         echo "heard $word" >&2; exit 3`,
      ],
    });
    const lines = outcome.stdout.trimEnd().split("\n").sort();
    assertEquals(lines, ["1: one", "1: two", "2: heard go"]);
    assertEquals(outcome.stderr, "2: ended with code 3\n");
    assertEquals(outcome.code, 1);
    assertEquals(await scene.run(), printed(""));
  },
);

testExample(
  "event_job_slots.ts",
  "lets no more than two work at a time",
  [],
  async (scene) => {
    const { stdout, stderr, code } = await scene.run();
    assertEquals([code, stderr], [0, ""]);
    const lines = stdout.trimEnd().split("\n");
    const last = lines.pop();
    assertEquals(last, "5 workers have ended");
    assertEquals(lines.length, 10);
    let working = 0;
    for (const line of lines) {
      assertMatch(line, /^worker [1-5] (begins|ends)$/);
      working += line.endsWith("begins") ? 1 : -1;
      assertLessOrEqual(working, 2);
    }
  },
  Deno.build.os !== "linux",
);

testExample("socket_chat.ts", "passes on what each says", [], async (scene) => {
  const path = scene.path("chat");
  const { signal } = scene;
  await using chat = new RunningExample("socket_chat.ts", [path], signal);
  assertEquals(await chat.stdout.next(), `chatting at ${path}`);

  using one = await UnixStream.connect(path);
  using two = await UnixStream.connect(path);
  const lines = new Lines(one.readable);
  assertEquals(await lines.next(), `${Deno.pid} has come`);
  // In two parts, and two at once.
  await two.send("hel");
  await two.send("lo\nand good");
  assertEquals(await lines.next(), `${Deno.pid}: hello`);
  await two.send("bye\n");
  assertEquals(await lines.next(), `${Deno.pid}: and goodbye`);
  two.close();
  assertEquals(await lines.next(), `${Deno.pid} has gone`);

  chat.interrupt();
  assertEquals((await chat.status).code, 0);
  assertEquals(await lines.next(), undefined);
  assertEquals([...Deno.readDirSync(scene.path("."))], []);
});

testExample(
  "socket_workers.ts",
  "serves although workers die",
  [],
  async (scene) => {
    const path = scene.path("service");
    const { signal } = scene;
    await using server = new RunningExample(
      "socket_workers.ts",
      [path],
      signal,
    );
    assertEquals(await server.stdout.next(), `serving at ${path}`);

    async function ask(): Promise<number> {
      using client = await UnixStream.connect(path);
      const text = await new Response(client.readable).text();
      return Number(text.match(/^served by (\d+)\n$/)![1]);
    }
    const first = await ask();
    Deno.kill(first, "SIGKILL");
    assertEquals(await server.stdout.next(), "a worker ended with code 137");
    for (let i = 0; i < 20; i++) assertNotEquals(await ask(), first);
    server.interrupt();
    assertEquals((await server.status).code, 0);
  },
);

for (const transport of ["unix", "tcp"]) {
  testExample(
    "messages_anywhere.ts",
    `sums up over ${transport}`,
    [],
    async (scene) => {
      const where = transport === "unix" ? scene.path("sums") : freePort();
      const { signal } = scene;
      await using server = new RunningExample(
        "messages_anywhere.ts",
        ["serve", where],
        signal,
      );
      assertEquals(await server.stdout.next(), `summing up at ${where}`);
      const args = ["ask", where, "1", "2", "39"];
      assertEquals(await scene.run({ args }), printed("42\n"));
      assertEquals(await scene.run({ args: args.slice(0, 2) }), printed("0\n"));
      server.interrupt();
      assertEquals((await server.status).code, 0);
    },
  );
}

function freePort(): string {
  using listener = Deno.listen({ port: 0 });
  return `${(listener.addr as Deno.NetAddr).port}`;
}

for (const roles of [["server", "client"], ["client", "server"]]) {
  testExample(
    "mq_ping_pong.ts",
    `plays when the ${roles[0]} comes first`,
    [],
    async (scene) => {
      const place = scene.path(".");
      const key = ftok(place, 65);
      const [first, second] = roles;
      const playing = scene.run({ args: [first, place] });
      await until(() => isThere(key), scene.signal);
      const outcomes = [
        await scene.run({ args: [second, place] }),
        await playing,
      ];
      const text = outcomes.map(({ stdout }) => stdout).sort().join("");
      assertMatch(
        text,
        /^client: 100 pongs, \d+\.\d µs each\nserver: 100 pings\n$/,
      );
      assertEquals(outcomes.map(({ code, stderr }) => [code, stderr]), [
        [0, ""],
        [0, ""],
      ]);
      assertEquals(isThere(key), false);
    },
  );
}

function isThere(key: number): boolean {
  try {
    SysvMessageQueue.open(key);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

testExample(
  "mq_jobs.ts",
  "works on what is added, the urgent first",
  [],
  async ({
    signal,
    run,
  }) => {
    if (Deno.build.os !== "linux") return;
    const name = queueName();
    const jobs = [[0, "sweep the floor"], [9, "put out the fire"], [0, "rest"]];
    for (const [priority, job] of jobs) {
      const args = ["add", name, `${priority}`, ...`${job}`.split(" ")];
      assertEquals(await run({ args }), printed(""));
    }
    const listed = await run({ args: ["list"] });
    assertMatch(
      listed.stdout,
      new RegExp(`^${name}: 3 of \\d+ messages$`, "m"),
    );
    await using worker = new RunningExample(
      "mq_jobs.ts",
      ["work", name],
      signal,
    );
    const seen: (string | undefined)[] = [];
    for (const _ of jobs) seen.push(await worker.stdout.next());
    worker.interrupt();
    assertEquals(seen, [
      "9: put out the fire",
      "0: sweep the floor",
      "0: rest",
    ]);
    assertEquals(await worker.stderr.next(), `working on ${name}`);
    assertEquals(await worker.stderr.next(), "0 jobs left");
    assertEquals((await worker.status).code, 0);
    MessageQueue.unlink(name);
    assertEquals((await run({ args: ["add", name] })).code, 2);
  },
);

for (const roles of [["producer", "consumer"], ["consumer", "producer"]]) {
  testExample(
    "shm_ring.ts",
    `adds up numbers when the ${roles[0]} comes first`,
    [],
    async (scene) => {
      const name = memoryName();
      const count = 20_000;
      const [first, second] = roles;
      const args = (role: string) => [role, name, `${count}`];
      const running = scene.run({ args: args(first) });
      await until(() => isMemory(name), scene.signal);
      const outcomes = [
        await scene.run({ args: args(second) }),
        await running,
      ];
      const text = outcomes.map(({ stdout }) => stdout).join("");
      const sum = count * (count + 1) / 2;
      const line =
        `^${count} numbers, sum ${sum}: \\d+\\.\\d million a second\\n$`;
      assertMatch(text, new RegExp(line));
      assertEquals(outcomes.map(({ code, stderr }) => [code, stderr]), [
        [0, ""],
        [0, ""],
      ]);
      assertEquals(isMemory(name), false);
    },
  );
}

testExample(
  "shm_dashboard.ts",
  "counts what its workers do",
  [],
  async (scene) => {
    const { code, stdout, stderr } = await scene.run();
    assertEquals(
      stdout,
      [0, 1, 2].map((i) => `worker ${i}: 10000 jobs\n`).join("") +
        "together: 30000\n",
    );
    assertEquals(code, 0);
    assertMatch(stderr, /^(\d+ jobs so far\n)+$/);
  },
);

testExample(
  "shm_ticker.ts",
  "tells the news to all who listen",
  [],
  async (scene) => {
    const name = memoryName();
    const telling = scene.run({ args: ["tell", name, "20"] });
    await until(() => isMemory(name), scene.signal);
    const listening = [1, 2].map(() => scene.run({ args: ["listen", name] }));
    for (const { code, stdout, stderr } of await Promise.all(listening)) {
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, /^item 1\nitem 2\n[^]*item 20\nthat was all\n$/);
    }
    assertEquals(await telling, printed(""));
    assertEquals((await scene.run({ args: ["listen"] })).code, 2);
  },
);

testExample("signal_server.ts", "does as it is told, and says by whom", [
  "kill",
], async ({ signal }) => {
  await using server = new RunningExample("signal_server.ts", [], signal);
  const { pid, stdout } = server;
  assertEquals(await stdout.next(), `running as ${pid}`);
  for (const name of ["HUP", "HUP", "USR2", "TERM"]) {
    const killer = shell('exec kill -s "$0" "$1"', [name, `${pid}`], {
      signal,
    });
    const from = capabilities.data
      ? ` from process ${killer.pid} of user ${Deno.uid()}`
      : "";
    assertEquals(await stdout.next(), `SIG${name}${from}`);
    if (name === "USR2") {
      assertEquals(await stdout.next(), "settings were read 3 times");
    }
    await killer.outcome;
  }
  assertEquals(await stdout.next(), "finished");
  assertEquals((await server.status).code, 0);
});

if (capabilities.realtime) {
  testExample(
    "signal_values.ts",
    "has its child compute",
    [],
    async (scene) => {
      const lines = [2, 3, 4].map((n) => `${n} squared is ${n * n}\n`);
      assertEquals(await scene.run(), printed(lines.join("")));
    },
  );
} else tested.add("signal_values.ts");

testExample(
  "pty_python.ts",
  "has Python calculate",
  ["python3"],
  async ({ run }) => {
    const lines = ["6 * 7 = 42", "'ü' * 3 = 'üüü'", "Python ended with 0.\n"];
    const outcome = await run({ args: ["6 * 7", "'ü' * 3"] });
    assertEquals(outcome, printed(lines.join("\n")));
  },
);

testExample(
  "pty_record.ts",
  "writes down what is seen in a terminal",
  ["stty"],
  async ({ path, run, signal }) => {
    const record = path("record");
    await using pty = Pty.spawn(Deno.execPath(), {
      args: [...exampleArgs("pty_record.ts"), record, "sh"],
      env: { PS1: "$ " },
      columns: 100,
      rows: 30,
    });
    const screen = new Screen(pty, { signal });
    await screen.until(/\$ $/);
    await screen.type("stty size\r");
    await screen.until(/30 100\s+\$ $/);
    pty.resize(90, 20);
    // The inner terminal's program is told when the outer one's has been.
    do await screen.type("stty size\r"); while (
      !/20 90/.test(await screen.until(/\d+ \d+\s+\$ $/))
    );
    await screen.type("exit 3\r");
    await screen.rest();
    assertEquals((await pty.child.status).code, 3);
    assertMatch(await Deno.readTextFile(record), /^\$ stty size\r\n30 100/);
    assertEquals((await run({ args: [record] })).code, 2);
  },
);

function isMemory(name: string): boolean {
  try {
    SharedMemory.open(name).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

testExample(
  "sem_pool.ts",
  "lets no more than two run, and who is killed gives way",
  ["sh"],
  async ({ path, signal, run }) => {
    const place = path(".");
    const pool = ["run", "2", place];
    // What they run ends when the directory of this test has gone.
    const busy = 'echo begins; while [ -d "$0" ]; do sleep 0.1; done';
    await using children = new AsyncDisposableStack();
    const running: RunningExample[] = [];
    for (let i = 0; i < 2; i++) {
      const args = [...pool, "sh", "-c", busy, place];
      const one = new RunningExample("sem_pool.ts", args, signal);
      running.push(children.use(one));
    }
    for (const { stdout } of running) {
      assertEquals(await stdout.next(), "begins");
    }
    const third = run({ args: [...pool, "sh", "-c", "echo third; exit 3"] });
    const set = SysvSemaphoreSet.open(ftok(place, 80));
    children.defer(() => set.remove());
    await until(() => set.stat().semaphores[0].waiting === 1, signal);
    const shown = await run({ args: ["show", place] });
    assertEquals(shown, printed("0 free, 1 waiting\n"));

    running[0].kill();
    const { code, stdout } = await third;
    assertEquals([code, stdout], [3, "third\n"]);
    assertEquals(set.values, [1]);
  },
  // Elsewhere nobody sees who waits.
  Deno.build.os !== "linux",
);

testExample(
  "mutex_accounts.ts",
  "loses nothing with a worker that is killed",
  [],
  async ({ run }) => {
    const story = [
      "somebody has died, and may have lost something",
      "1 of 3 workers were killed",
      "0 left, 1000 moved",
    ];
    assertEquals(await run(), printed(`${story.join("\n")}\n`));
  },
);

testExample(
  "lock_single_instance.ts",
  "runs once at a time, and hands over",
  [],
  async ({ path, signal, run }) => {
    const file = path("service.lock");
    const name = "lock_single_instance.ts";
    await using first = new RunningExample(name, [file], signal);
    assertEquals(await first.stdout.next(), "running, until Ctrl-C");
    const { code, stderr } = await run({ args: [file] });
    const who = Deno.build.os === "linux" ? first.pid : undefined;
    const complaint = `it is running already: process ${who}\n`;
    assertEquals([code, stderr], [1, complaint]);

    await using next = new RunningExample(name, [file, "--wait"], signal);
    first.kill();
    assertEquals(await next.stdout.next(), "running, until Ctrl-C");
    next.interrupt();
    assertEquals(await next.stdout.next(), "ended");
    assertEquals((await next.status).code, 0);
  },
);

Deno.test("every example is run here, is short, and imports official names", () => {
  assertEquals(exampleNames(), [...tested].sort());
  for (const name of tested) {
    const text = readExample(name);
    assertLess(text.split("\n").length, 61, name);
    for (const [, from] of text.matchAll(/ from "(.*?)"/g)) {
      assertMatch(from, /^@ipc\/core(\/\w+)?$/, name);
    }
  }
});
