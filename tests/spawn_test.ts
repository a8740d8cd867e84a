import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { constants } from "node:os";
import { IpcError, Pipe, spawn } from "@ipc/core/pipe";
import { open } from "../_internal/libc.ts";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { denoArgs, missing, run, runDeno } from "./_util/peers.ts";
import { spawned } from "./_util/spawned.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const { SIGPIPE, SIGUSR2 } = constants.signals;

const libc = open({
  // int pthread_sigmask(int how, const sigset_t *set, sigset_t *oldset);
  pthread_sigmask: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

Deno.test("spawn() passes arguments as they are", {
  ignore: missing("printf"),
}, async () => {
  const words = ["", "two words", "$HOME", "*", "ü🙂", "a\nb", "'\"", "-n"];
  const { stdout } = await spawned("printf", { args: ["[%s]", ...words] });
  assertEquals(stdout, words.map((word) => `[${word}]`).join(""));
});

Deno.test("spawn() takes a program's path too", async () => {
  const { stdout } = await spawned("/bin/sh", { args: ["-c", "echo here"] });
  assertEquals(stdout, "here\n");
});

Deno.test("Child.status tells the exit code", async () => {
  for (const code of [0, 1, 7, 127, 255]) {
    const child = spawn("sh", { args: ["-c", `exit ${code}`] });
    const expected = { success: code === 0, code, signal: null };
    assertEquals(await child.status, expected);
  }
});

Deno.test("Child.status tells the signal that ended the child", async () => {
  for (const signal of ["SIGKILL", "SIGTERM", "SIGUSR1"] as const) {
    await using child = spawn("sleep", { args: ["10"] });
    child.kill(signal);
    const code = 128 + constants.signals[signal];
    assertEquals(await child.status, { success: false, code, signal });
    assertThrows(() => child.kill(), Deno.errors.NotFound, "sleep");
  }
});

Deno.test("Child.status tells of children that end at the same time", async () => {
  const children = Array.from({ length: 20 }, (_, code) => {
    const args = ["-c", `read -r line; exit ${code}`];
    const input = Pipe.open();
    const child = spawn("sh", { args, fds: { 0: input.reader } });
    input.reader.close();
    return { child, input };
  });
  const statuses = children.map(({ child }) => child.status);
  for (const { input } of children) input.close();
  const codes = (await Promise.all(statuses)).map(({ code }) => code);
  assertEquals(codes, children.map((_, code) => code));
});

Deno.test("a child that nobody reads from is ended by SIGPIPE", {
  ignore: missing("yes"),
}, async () => {
  using pipe = Pipe.open();
  await using child = spawn("yes", { fds: { 1: pipe.writer } });
  pipe.writer.close();
  assertEquals(await pipe.reader.read(new Uint8Array(2)), 2);
  pipe.reader.close();
  assertEquals((await child.status).signal, "SIGPIPE");
});

Deno.test("spawn() starts a program with SIGPIPE as it was before Deno", {
  ignore: missing("grep") || !LINUX,
}, async () => {
  const mine = Deno.readTextFileSync("/proc/self/status");
  assertEquals(bits(mine, "SigIgn") & bit(SIGPIPE), bit(SIGPIPE));
  const { stdout } = await spawned("grep", {
    args: ["Sig", "/proc/self/status"],
  });
  assertEquals(bits(stdout, "SigIgn") & bit(SIGPIPE), 0n);
});

Deno.test("spawn() starts a program with no signal blocked", {
  ignore: missing("grep") || !LINUX,
}, async () => {
  const { stdout } = await startBlocking(SIGUSR2, () => {
    const mine = Deno.readTextFileSync("/proc/thread-self/status");
    assertEquals(bits(mine, "SigBlk") & bit(SIGUSR2), bit(SIGUSR2));
    return spawned("grep", { args: ["Sig", "/proc/self/status"] });
  });
  assertEquals(bits(stdout, "SigBlk"), 0n);
});

Deno.test("spawn() makes a session if asked to, and only then", {
  ignore: missing("cut") || !LINUX,
}, async () => {
  // pid, session and tty_nr of proc_pid_stat(5).
  const args = ["-d", " ", "-f", "1,6,7", "/proc/self/stat"];
  const { stdout } = await spawned("cut", { args, newSession: true });
  const [pid, session, terminal] = stdout.trim().split(" ");
  assertEquals([session, terminal], [pid, "0"]);

  const inherited = await spawned("cut", { args });
  const mine = Deno.readTextFileSync("/proc/self/stat").split(") ")[1];
  assertEquals(inherited.stdout.split(" ")[1], mine.split(" ")[3]);
});

Deno.test("spawn() starts a program in the directory that is asked for", {
  ignore: missing("pwd"),
}, async () => {
  using dir = new TempDir();
  const path = Deno.realPathSync(dir.path);
  // The variable would have pwd print what the shell believes.
  const env = { PWD: "" };
  for (const cwd of [path, new URL(`file://${path}`)]) {
    assertEquals((await spawned("pwd", { cwd, env })).stdout, `${path}\n`);
  }
  const here = (await spawned("pwd", { env })).stdout;
  assertEquals(here, `${Deno.realPathSync(Deno.cwd())}\n`);
});

Deno.test("spawn() adds variables, and replaces those there", {
  ignore: missing("env"),
}, async () => {
  const env = { IPC_TEST: "a=b ü\nc", HOME: "/elsewhere" };
  const { stdout } = await spawned("sh", {
    args: ["-c", 'printf "%s|%s|%s" "$IPC_TEST" "$HOME" "$PATH"'],
    env,
  });
  assertEquals(stdout, `a=b ü\nc|/elsewhere|${Deno.env.get("PATH")}`);
});

Deno.test("spawn() leaves the environment out if asked to", {
  ignore: missing("env"),
}, async () => {
  const env = { B: "2", A: "1" };
  const { stdout } = await spawned("env", { env, clearEnv: true });
  assertEquals(stdout, "B=2\nA=1\n");
  assertEquals((await spawned("env", { clearEnv: true })).stdout, "");
});

Deno.test("spawn() says what it could not find or run", () => {
  using dir = new TempDir();
  Deno.writeTextFileSync(dir.join("text"), "echo", { mode: 0o644 });
  const { NotFound, PermissionDenied } = Deno.errors;
  const error = assertThrows(
    () => spawn("no-such-program"),
    NotFound,
    "no such program, posix_spawnp 'no-such-program'",
  ) as Error & { code: string; syscall: string };
  assertEquals([error.code, error.syscall], ["ENOENT", "posix_spawnp"]);
  assertThrows(() => spawn("true", { cwd: "/nowhere" }), NotFound, "/nowhere");
  assertThrows(() => spawn(dir.join("text")), PermissionDenied, "text");
  assertThrows(() => spawn(dir.path), PermissionDenied, dir.path);
});

Deno.test("spawn() says what a script lacks that is none", async () => {
  using dir = new TempDir();
  const path = dir.join("script");
  await Deno.writeTextFile(path, "echo here\n");
  await Deno.chmod(path, 0o755);
  const error = assertThrows(() => spawn(path), IpcError, "begins with #!");
  assertEquals((error as IpcError).code, "ENOEXEC");
});

Deno.test("spawn() says so when there are too many processes", {
  ignore: !LINUX || Deno.uid() !== 0,
}, async () => {
  const output = await runDeno(`
    import { spawn } from "@ipc/core/pipe";
    const { setrlimit } = Deno.dlopen("libc.so.6", {
      setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
    }).symbols;
    ${BECOME_NOBODY}
    const RLIMIT_NPROC = 6;
    setrlimit(RLIMIT_NPROC, new BigUint64Array(2));
    try {
      spawn("/bin/sh", { clearEnv: true });
    } catch (error) {
      console.log(error.name, error.message);
    }
  `);
  assertMatch(output, /^WouldBlock EAGAIN: .*ulimit -u/);
});

Deno.test("spawn() refuses texts that C cannot take", () => {
  assertThrows(() => spawn(""), TypeError, "empty");
  assertThrows(() => spawn("a\0b"), TypeError, "NUL");
  assertThrows(() => spawn("true", { args: ["a\0b"] }), TypeError, "NUL");
  assertThrows(() => spawn("true", { cwd: "a\0b" }), TypeError, "NUL");
  const variables = [["a=b", ""], ["", ""], ["a\0b", ""], ["a", "\0"]];
  for (const [name, value] of variables) {
    const env = { [name]: value };
    const error = assertThrows(() => spawn("true", { env }), TypeError);
    assertMatch(error.message, /name|NUL/);
  }
});

Deno.test("Child.kill() refuses what is no signal", async () => {
  await using child = spawn("sleep", { args: ["10"] });
  for (const signal of [-1, 65, 1.5, NaN, "SIGNONE" as Deno.Signal]) {
    assertThrows(() => child.kill(signal), TypeError, "signal");
  }
  child.kill(0);
});

Deno.test("a child that goes out of scope is ended", async () => {
  let status;
  {
    await using child = spawn("sleep", { args: ["10"] });
    status = child.status;
  }
  assertEquals((await status).signal, "SIGTERM");
});

/** A line of proc_pid_status(5): a set of signals. */
function bits(status: string, name: string): bigint {
  const digits = status.match(new RegExp(`^${name}:\\s*(\\w+)`, "m"))![1];
  return BigInt(`0x${digits}`);
}

function bit(signal: number): bigint {
  return 1n << BigInt(signal - 1);
}

/** Calls `start` while this thread blocks a signal, and not a moment longer. */
function startBlocking<T>(signal: number, start: () => T): T {
  const SIG_SETMASK = 2;
  const before = new Uint8Array(128);
  const set = new Uint8Array(128);
  new DataView(set.buffer).setBigUint64(0, bit(signal), true);
  libc.pthread_sigmask(SIG_SETMASK, set, before);
  try {
    return start();
  } finally {
    libc.pthread_sigmask(SIG_SETMASK, before, null);
  }
}

Deno.test(
  "Child.status can be had later when there is no descriptor for it now",
  {
    ignore: Deno.build.os !== "linux" || missing("prlimit"),
  },
  async () => {
    const [verb, ...args] = denoArgs(`
    import { spawn } from "@ipc/core/pipe";
    const child = spawn("sh", { args: ["-c", "exit 3"] });
    const files = [];
    try {
      for (;;) files.push(await Deno.open("/dev/null"));
    } catch (error) {
      console.log(error.code);
    }
    await child.status.catch((error) => console.log(error.code));
    for (const file of files) file.close();
    console.log((await child.status).code);
  `);
    const limit = ["--nofile=64", Deno.execPath(), verb, ...args];
    const { stdout, stderr } = await run("prlimit", limit);
    assertEquals(stdout, "EMFILE\nEMFILE\n3\n", stderr);
  },
);
