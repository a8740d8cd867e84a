import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  UnixDatagram,
  UnixListener,
  UnixSeqpacket,
  UnixStream,
} from "@ipc/core/socket";
import { BarePair } from "./_util/descriptors.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs, missing, run } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";
import { appears } from "./_util/until.ts";

const LINUX = Deno.build.os === "linux";
const { BadResource, Busy, TimedOut } = Deno.errors;

Deno.test("UnixListener accepts in all three voices, in order", async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  using listener = UnixListener.listen(path);
  assertEquals(listener.localPath, path);
  assertEquals(listener.tryAccept(), undefined);
  const accepting = listener.accept();
  using one = await UnixStream.connect(path);
  using two = await UnixStream.connect(path);
  using three = await UnixStream.connect(path);
  const servers = [
    await accepting,
    listener.acceptSync(),
    listener.tryAccept()!,
  ];
  for (const [i, client] of [one, two, three].entries()) {
    client.writeSync(new Uint8Array(i + 1));
    using server = servers[i];
    assert(server instanceof UnixStream);
    assertEquals(server.readSync(new Uint8Array(8)), i + 1);
  }
});

Deno.test("UnixListener.accept() is aborted, times out, and is closed", async () => {
  using dir = new TempDir();
  const listener = UnixListener.listen(dir.join("socket"));
  assertThrows(() => listener.acceptSync({ timeout: 10 }), TimedOut);
  const reason = new Error("no more");
  const controller = new AbortController();
  const aborted = listener.accept({ signal: controller.signal });
  assertThrows(() => listener.acceptSync(), Busy);
  controller.abort(reason);
  assertEquals(await aborted.catch((error) => error), reason);

  const closed = assertRejects(() => listener.accept(), BadResource, "closed");
  listener.close();
  listener.close();
  await closed;
  assertThrows(() => listener.tryAccept(), BadResource);
  assertThrows(() => listener.fd, BadResource);
});

Deno.test("an aborted accept loses no connection", async () => {
  using dir = new TempDir();
  using listener = UnixListener.listen(dir.join("socket"));
  for (let i = 0; i < 50; i++) {
    const controller = new AbortController();
    const accepting = listener.accept({ signal: controller.signal });
    using client = await UnixStream.connect(dir.join("socket"));
    client.writeSync(new Uint8Array([i]));
    if (i % 2 === 0) await Promise.resolve();
    controller.abort();
    const accepted = await accepting.catch(() => listener.accept());
    using server = accepted;
    const p = new Uint8Array(1);
    assertEquals([await server.read(p), p[0]], [1, i]);
  }
});

Deno.test("for await over a listener ends when it is closed", async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  const listener = UnixListener.listen(path);
  const clients = [1, 2, 3].map(() => UnixStream.connectSync(path));
  let count = 0;
  for await (using _server of listener) {
    if (++count === 3) setTimeout(() => listener.close());
  }
  assertEquals(count, 3);
  for (const client of clients) client.close();
});

Deno.test("closing a listener refuses those who wait, keeps those accepted", async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  const listener = UnixListener.listen(path);
  using one = await UnixStream.connect(path);
  using server = await listener.accept();
  using two = await UnixStream.connect(path);
  listener.close();
  assertEquals(await server.write(new Uint8Array(3)), 3);
  assertEquals(await one.read(new Uint8Array(8)), 3);
  const end = await two.read(new Uint8Array(1)).catch((error) => error);
  assert(end === null || end instanceof Deno.errors.ConnectionReset);
});

Deno.test("UnixListener of messages accepts UnixSeqpackets", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  using listener = UnixListener.listen(path, { type: "seqpacket" });
  using client = await UnixSeqpacket.connect(path);
  using server = await listener.accept();
  assert(server instanceof UnixSeqpacket);
  await client.send("ping");
  assertEquals((await server.receive())!.data.length, 4);
});

Deno.test("what macOS does not have says so", { ignore: LINUX }, () => {
  const { NotSupported } = Deno.errors;
  assertThrows(() => UnixListener.listen("\0name"), NotSupported, "darwin");
  assertThrows(
    () => UnixListener.listen("/tmp/x", { type: "seqpacket" }),
    NotSupported,
    "MessageStream",
  );
  assertThrows(() => UnixSeqpacket.pair(), NotSupported);
});

Deno.test("a socket's file has exactly the mode asked for, whatever the umask", async () => {
  const script = `
    import { UnixDatagram, UnixListener } from "@ipc/core/socket";
    const dir = Deno.makeTempDirSync();
    const modes = [];
    for (const umask of [0, 0o022, 0o077, 0o777]) {
      Deno.umask(umask);
      for (const mode of [undefined, 0o600, 0o666, 0o622, 0o4, 0]) {
        for (const make of [UnixListener.listen, UnixDatagram.bind]) {
          using socket = make(dir + "/socket", { mode });
          const found = Deno.statSync(dir + "/socket").mode & 0o7777;
          modes.push(found === (mode ?? 0o600));
        }
      }
      if (Deno.umask() !== umask) modes.push("umask");
    }
    Deno.removeSync(dir);
    console.log(modes.length, modes.every((same) => same === true));`;
  const { stdout, stderr } = await run(Deno.execPath(), denoArgs(script));
  assertEquals([stdout, stderr], ["48 true\n", ""]);
});

Deno.test("a socket's file is at no moment open to more than its mode says", {
  ignore: missing("python3") || !LINUX,
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline(30_000);
  const path = dir.join("socket");
  // Looks at the file as fast as it can, until there is another one.
  await using watcher = new Peer("python3", [
    "-c",
    `
import os, stat, sys
seen = set()
print("ready", flush=True)
while not os.path.exists(sys.argv[2]):
    try:
        seen.add(oct(stat.S_IMODE(os.stat(sys.argv[1]).st_mode)))
    except FileNotFoundError:
        pass
print(sorted(seen))`,
    path,
    dir.join("stop"),
  ], deadline);
  const script = `
    import { UnixDatagram, UnixListener } from "@ipc/core/socket";
    const [path, stop] = Deno.args;
    Deno.umask(0o137); // which takes away some of what is wanted
    for (let i = 0; i < 2000; i++) {
      UnixDatagram.bind(path, { mode: 0o622 }).close();
      UnixListener.listen(path, { mode: 0o622 }).close();
    }
    Deno.umask(0);
    for (let i = 0; i < 2000; i++) {
      UnixDatagram.bind(path, { mode: 0o622 }).close();
      UnixListener.listen(path, { mode: 0o622 }).close();
    }
    Deno.writeTextFileSync(stop, "");`;
  const args = [...denoArgs(script), path, dir.join("stop")];
  const { stderr } = await run(Deno.execPath(), args, deadline);
  assertEquals(stderr, "");
  const [ready, seen] = (await watcher.outcome).stdout.split("\n");
  assertEquals(ready, "ready");
  // The second is before the umask was made up for.
  const allowed = ["['0o622']", "['0o600', '0o622']"];
  assert(allowed.includes(seen), seen);
});

Deno.test("closing removes the file that was made, and no other", () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  const exists = () => [...Deno.readDirSync(dir.path)].length;
  for (const make of [UnixListener.listen, UnixDatagram.bind]) {
    make(path).close();
    assertEquals(exists(), 0);

    make(path, { temporary: false }).close();
    assertEquals(exists(), 1);
    Deno.removeSync(path);

    // The number of the inode may well be the same.
    using first = make(path);
    Deno.removeSync(path);
    using second = make(path);
    first.close();
    assertEquals(exists(), 1);
    Deno.removeSync(path);
    Deno.writeTextFileSync(path, "keep me");
    second.close();
    assertEquals(Deno.readTextFileSync(path), "keep me");
    Deno.removeSync(path);
  }
});

Deno.test("relative paths work, and are removed from another directory, too", async () => {
  using dir = new TempDir();
  const script = `
    import { UnixListener, UnixStream } from "@ipc/core/socket";
    Deno.chdir(Deno.args[0]);
    Deno.mkdirSync("a");
    const listener = UnixListener.listen("a/../socket");
    using client = UnixStream.connectSync("./socket");
    console.log(listener.localPath, client.remotePath);
    Deno.chdir("a");
    listener.close();
    console.log([...Deno.readDirSync("..")].map(({ name }) => name));`;
  const args = [...denoArgs(script), dir.path];
  const { stdout, stderr } = await run(Deno.execPath(), args);
  assertEquals([stdout, stderr], [`a/../socket a/../socket\n[ "a" ]\n`, ""]);
});

Deno.test("a name that is taken is AddrInUse, and stays", () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  using _listener = UnixListener.listen(path);
  for (const replaceStale of [false, true]) {
    for (const make of [UnixListener.listen, UnixDatagram.bind]) {
      const error = assertThrows(
        () => make(path, { replaceStale }),
        Deno.errors.AddrInUse,
        path,
      ) as Error & { code: string; syscall: string };
      assertEquals([error.code, error.syscall], ["EADDRINUSE", "bind"]);
    }
  }
  UnixStream.connectSync(path).close();
});

Deno.test("replaceStale removes the file of a dead socket of any type", async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  const types = LINUX ? ["stream", "seqpacket"] as const : ["stream"] as const;
  const deaths = [
    ...types.map((type) => () =>
      UnixListener.listen(path, { type: type as "stream", temporary: false })
    ),
    () => UnixDatagram.bind(path, { temporary: false }),
  ];
  for (const live of deaths) {
    live().close();
    assertThrows(() => UnixListener.listen(path), Deno.errors.AddrInUse);
    using listener = UnixListener.listen(path, { replaceStale: true });
    using client = await UnixStream.connect(path);
    using _server = await listener.accept();
    assertEquals(client.remotePath, path);
    listener.close();
    live().close();
    UnixDatagram.bind(path, { replaceStale: true }).close();
    assertEquals([...Deno.readDirSync(dir.path)], []);
  }
  UnixListener.listen(path, { replaceStale: true }).close();
});

Deno.test("replaceStale works where no other name would be short enough", {
  ignore: !LINUX,
}, async () => {
  using dir = new TempDir();
  const directory = dir.join("x".repeat(105 - dir.path.length - 1));
  Deno.mkdirSync(directory);
  const path = `${directory}/s`;
  UnixListener.listen(path, { temporary: false }).close();
  using _listener = UnixListener.listen(path, { replaceStale: true });
  using _client = await UnixStream.connect(path);
  assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["s"]);
  assertThrows(
    () => UnixListener.listen(path, { replaceStale: true }),
    Deno.errors.AddrInUse,
  );
});

Deno.test("replaceStale leaves alone what lives or is no socket", async () => {
  using dir = new TempDir();
  const path = dir.join("thing");
  const options = { replaceStale: true };
  const { AddrInUse } = Deno.errors;
  const things: [() => Disposable | void, string][] = [
    [() => Deno.writeTextFileSync(path, "keep me"), "a regular file"],
    [() => Deno.mkdirSync(path), "a directory"],
    [() => Deno.symlinkSync(dir.join("nowhere"), path), "a symbolic link"],
    [() => UnixListener.listen(path), "somebody"],
    [() => UnixDatagram.bind(path), "somebody"],
  ];
  for (const [make, what] of things) {
    const made = make();
    const before = Deno.lstatSync(path);
    assertThrows(() => UnixListener.listen(path, options), AddrInUse, what);
    assertThrows(() => UnixDatagram.bind(path, options), AddrInUse, what);
    assertEquals(Deno.lstatSync(path).ino, before.ino);
    assertEquals([...Deno.readDirSync(dir.path)].length, 1);
    if (made) made[Symbol.dispose]();
    else Deno.removeSync(path);
  }
  // A datagram socket that is connected refuses everybody else.
  using one = UnixDatagram.bind(path);
  using two = UnixDatagram.bind(dir.join("two"));
  one.connect(dir.join("two"));
  assertThrows(() => UnixListener.listen(path, options), AddrInUse);
  await one.send("still there");
  assertEquals((await two.receive()).data.length, 11);
});

Deno.test("those who replace dead sockets of one directory take turns", {
  ignore: missing("python3"),
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  const path = dir.join("socket");
  UnixListener.listen(path, { temporary: false }).close();
  const source = `
import fcntl, os, sys, time
directory = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(directory, fcntl.LOCK_EX)
open(sys.argv[1] + "/locked", "w").close()
time.sleep(float(sys.argv[2]))
open(sys.argv[1] + "/unlocked", "w").close()
`;
  const options = { replaceStale: true };
  {
    const args = ["-c", source, dir.path, "0.2"];
    await using _other = new Peer("python3", args, deadline);
    await appears(dir.join("locked"), deadline.signal);
    using _listener = UnixListener.listen(path, options);
    assert(Deno.statSync(dir.join("unlocked")).isFile, "it has waited");
  }
  Deno.removeSync(dir.join("locked"));
  UnixListener.listen(path, { temporary: false }).close();
  const args = ["-c", source, dir.path, "1000"];
  await using _other = new Peer("python3", args, deadline);
  await appears(dir.join("locked"), deadline.signal);
  assertThrows(
    () => UnixListener.listen(path, options),
    Busy,
    "another program has locked the directory",
  );
  assert(Deno.lstatSync(path).isSocket);
});

Deno.test("of many who replace the same dead socket, one gets it", async () => {
  using dir = new TempDir();
  using deadline = new Deadline(30_000);
  const path = dir.join("socket");
  const script = `
    import { UnixListener, UnixStream } from "@ipc/core/socket";
    const [path] = Deno.args;
    let won = 0, odd = 0;
    for (let i = 0; i < 100 || won === 0; i++) {
      try {
        const listener = UnixListener.listen(path, { replaceStale: true, temporary: false });
        won++;
        // Whoever has it can be reached by it.
        for (let i = 0; i < 5; i++) {
          using client = UnixStream.connectSync(path);
          using server = listener.acceptSync({ timeout: 5000 });
          if (server.peer.pid !== Deno.pid) odd++;
        }
        listener.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
    console.log(won > 0, odd);`;
  const args = [...denoArgs(script), path];
  const { signal } = deadline;
  const outcomes = await Promise.all(
    [1, 2, 3, 4].map(() => run(Deno.execPath(), args, { signal })),
  );
  for (const { stdout, stderr } of outcomes) {
    assertEquals([stdout, stderr], ["true 0\n", ""]);
  }
  const left = [...Deno.readDirSync(dir.path)].map(({ name }) => name);
  assertEquals(left, ["socket"]);
});

Deno.test("abstract names have no file, and end with the socket", {
  ignore: !LINUX,
}, async () => {
  const name = `\0ipc-test-${crypto.randomUUID()}-ü`;
  const listener = UnixListener.listen(name);
  assertEquals(listener.localPath, name);
  using client = await UnixStream.connect(name);
  using server = await listener.accept();
  assertEquals([client.remotePath, server.localPath], [name, name]);
  assertThrows(() => UnixListener.listen(name), Deno.errors.AddrInUse);
  assertThrows(
    () => UnixListener.listen(name, { mode: 0o600 }),
    TypeError,
    "has no mode",
  );
  listener.close();
  assertThrows(
    () => UnixStream.connectSync(name),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("a listener without a name gets one that the kernel chooses", {
  ignore: !LINUX,
}, async () => {
  using listener = UnixListener.listen();
  using other = UnixListener.listen();
  assert(/^\0[0-9a-f]{5}$/.test(listener.localPath!));
  assert(listener.localPath !== other.localPath);
  using client = await UnixStream.connect(listener.localPath!);
  using server = await listener.accept();
  assertEquals(client.remotePath, server.localPath);
});

Deno.test("names that cannot be are refused before any call", async () => {
  const most = LINUX ? 107 : 103;
  const long = "/tmp/" + "x".repeat(most - 4);
  const listen = UnixListener.listen;
  const bind = UnixDatagram.bind;
  const connect = UnixStream.connectSync;
  for (const use of [listen, bind, connect]) {
    const error = assertThrows(() => use(long), RangeError, `${most} bytes`);
    assert(error.message.includes(`current value is ${most + 1} bytes`));
    assertThrows(() => use("/tmp/" + "ü".repeat(most / 2)), RangeError);
    assertThrows(() => use(""), TypeError, "empty");
    assertThrows(() => use("/tmp/a\0b"), TypeError, "NUL");
    assertThrows(() => use("/tmp/\ud800"), TypeError, "UTF-8");
    assertThrows(() => use(5 as unknown as string), TypeError, "string");
    assertThrows(() => use(new URL("https://deno.com/")), TypeError);
    if (!LINUX) continue;
    assertThrows(() => use("\0"), TypeError, "empty");
    assertThrows(() => use("\0" + "x".repeat(108)), RangeError, "108 bytes");
  }
  await assertRejects(() => UnixStream.connect(long), RangeError);
  for (const mode of [-1, 1.5, 0o10000, NaN]) {
    assertThrows(() => listen("/tmp/x", { mode }), RangeError, "mode");
  }
  for (const backlog of [-1, 1.5, NaN]) {
    assertThrows(() => listen("/tmp/x", { backlog }), RangeError, "backlog");
  }
  const type = "dgram" as "stream";
  assertThrows(() => listen("/tmp/x", { type }), TypeError, '"dgram"');
});

Deno.test("a name as long as can be works", async () => {
  using dir = new TempDir();
  const most = LINUX ? 107 : 103;
  const path = dir.join("x".repeat(most - dir.path.length - 1));
  using listener = UnixListener.listen(path, { replaceStale: true });
  using client = await UnixStream.connect(path);
  using _server = await listener.accept();
  assertEquals([client.remotePath, listener.localPath], [path, path]);
  if (!LINUX) return;
  const name = `\0${crypto.randomUUID()}`.padEnd(108, "x");
  using abstract = UnixListener.listen(name);
  assertEquals(abstract.localPath, name);
});

Deno.test("a path that leads nowhere is a clear error", () => {
  using dir = new TempDir();
  assertThrows(
    () => UnixListener.listen(dir.join("missing/socket")),
    Deno.errors.NotFound,
    "its directory is missing",
  );
  Deno.writeTextFileSync(dir.join("file"), "");
  assertThrows(
    () => UnixListener.listen(dir.join("file/socket")),
    Deno.errors.NotADirectory,
  );
});

Deno.test("UnixListener.fromFd() takes over what listens, and nothing else", async () => {
  using dir = new TempDir();
  const path = dir.join("socket");
  using bare = BarePair.sockets();
  assertThrows(
    () => UnixListener.fromFd(bare.reader.fd),
    TypeError,
    "not a socket that listens",
  );
  using listener = UnixListener.listen(path);
  assertThrows(() => UnixListener.fromFd(listener.fd), Busy);
  using datagram = UnixDatagram.bind();
  assertThrows(() => UnixListener.fromFd(datagram.fd), TypeError, "datagram");

  const [here, there] = UnixStream.pair();
  await here.send("a listener", { fds: [listener] });
  using message = await there.receive();
  using other = UnixListener.fromFd(message!.fds[0].take());
  listener.close();
  assertThrows(() => Deno.lstatSync(path), Deno.errors.NotFound);
  assertEquals(other.localPath, path);
  here.close();
  there.close();
});

Deno.test(
  "too many open files is said at accept, and the client goes on waiting",
  {
    ignore: !LINUX,
  },
  async () => {
    const script = `
    import { IpcError, UnixListener, UnixStream } from "@ipc/core/socket";
    const listener = UnixListener.listen();
    const client = UnixStream.connectSync(listener.localPath);
    const others = [];
    try {
      for (;;) others.push(...UnixStream.pair());
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
    }
    let spare;
    try { for (;;) spare = UnixListener.listen(), others.push(spare); } catch {}
    try {
      await listener.accept();
    } catch (error) {
      console.log(error instanceof IpcError, error.message);
    }
    for (const other of others) other.close();
    using server = await listener.accept();
    console.log(server.peer.pid === Deno.pid);
    client.close();
    listener.close();`;
    const args = denoArgs(script).map((arg) => `'${arg}'`).join(" ");
    const { stdout, stderr } = await run("sh", [
      "-c",
      `ulimit -n 200; exec ${Deno.execPath()} ${args}`,
    ]);
    assertEquals(stderr, "");
    const [first, second] = stdout.split("\n");
    assert(
      first.startsWith("true EMFILE: too many open files, accept '"),
      first,
    );
    assertEquals(second, "true");
  },
);
