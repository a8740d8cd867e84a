/** Unix sockets whose peers die, and what nobody may not do with them. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { spawn } from "@ipc/core/pipe";
import { UnixDatagram, UnixListener, UnixStream } from "@ipc/core/socket";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { Deadline } from "./_util/peer.ts";
import { denoArgs, EXPOSE_GC, runDeno } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const { BrokenPipe, ConnectionRefused, ConnectionReset } = Deno.errors;

/** Starts a Deno that has a socket as its descriptor 3. */
function spawnDeno(source: string, socket: UnixStream | null, arg = "") {
  return spawn(Deno.execPath(), {
    args: [...denoArgs(source), arg],
    fds: socket ? { 3: socket } : {},
  });
}

Deno.test("a peer that is killed is the end for a reader, after its data", async () => {
  using deadline = new Deadline();
  const [ours, theirs] = UnixStream.pair();
  using stream = ours;
  const child = spawnDeno(
    `
    import { UnixStream } from "@ipc/core/socket";
    using stream = UnixStream.fromFd(3);
    await stream.send("alive");
    await stream.read(new Uint8Array(1));`,
    theirs,
  );
  theirs.close();
  const p = new Uint8Array(16);
  assertEquals(await stream.read(p, deadline), 5);
  const reading = stream.read(p, deadline);
  child.kill("SIGKILL");
  assertEquals(await reading, null);
  assertEquals((await child.status).signal, "SIGKILL");
  await assertRejects(() => stream.writeAll(p, deadline), BrokenPipe);
});

Deno.test("a peer that is killed wakes a writer that waits", async () => {
  using deadline = new Deadline();
  const [ours, theirs] = UnixStream.pair();
  using stream = ours;
  const child = spawnDeno(
    `
    import { UnixStream } from "@ipc/core/socket";
    using stream = UnixStream.fromFd(3);
    await stream.send("alive");
    await new Promise((done) => setTimeout(done, 1_000_000));`,
    theirs,
  );
  theirs.close();
  await stream.read(new Uint8Array(16), deadline);
  const writing = stream.writeAll(new Uint8Array(1 << 22), deadline);
  const failed = writing.catch((error) => error);
  child.kill("SIGKILL");
  const error = await failed;
  assert(error instanceof BrokenPipe || error instanceof ConnectionReset);
  await child.status;
});

Deno.test("a server that was killed is refused, and replaced by another", async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  const path = dir.join("socket");
  const source = `
    import { UnixListener, UnixStream } from "@ipc/core/socket";
    using control = UnixStream.fromFd(3);
    const listener = UnixListener.listen(Deno.args[0], { replaceStale: true });
    await control.send("ready");
    for await (const client of listener) client.close();`;
  for (let round = 0; round < 3; round++) {
    const [ours, theirs] = UnixStream.pair();
    using control = ours;
    const child = spawnDeno(source, theirs, path);
    theirs.close();
    assertEquals(await control.read(new Uint8Array(8), deadline), 5);
    using client = await UnixStream.connect(path);
    assertEquals(client.peer.pid, child.pid);
    assertEquals(await client.read(new Uint8Array(1), deadline), null);
    child.kill("SIGKILL");
    await child.status;
    await assertRejects(() => UnixStream.connect(path), ConnectionRefused);
  }
  assertEquals([...Deno.readDirSync(dir.path)].length, 1);
});

Deno.test("what nobody may not do with a socket says PermissionDenied", {
  ignore: !LINUX || Deno.uid() !== 0,
}, async () => {
  using dir = new TempDir();
  Deno.chmodSync(dir.path, 0o755);
  using listener = UnixListener.listen(dir.join("listener"));
  using _datagram = UnixDatagram.bind(dir.join("datagram"));
  using open = UnixListener.listen(dir.join("open"), { mode: 0o666 });
  UnixListener.listen(dir.join("stale"), { temporary: false }).close();
  const output = await runDeno(
    `
    import { UnixDatagram, UnixListener, UnixStream } from "@ipc/core/socket";
    ${BECOME_NOBODY}
    const [dir] = Deno.args;
    const me = { pid: Deno.pid, uid: 65534, gid: 65534 };
    attempt("listen", () => UnixListener.listen(dir + "/new"));
    attempt("bind", () => UnixDatagram.bind(dir + "/new"));
    attempt("connect", () => UnixStream.connectSync(dir + "/listener"));
    const socket = UnixDatagram.bind();
    attempt("connect", () => socket.connect(dir + "/datagram"));
    attempt("send", () => socket.sendSync("x", { to: dir + "/datagram" }));
    const replaceStale = true;
    attempt("replace", () => UnixListener.listen(dir + "/stale", { replaceStale }));
    attempt("replace", () => UnixListener.listen(dir + "/listener", { replaceStale }));
    attempt("connect", () => UnixStream.connectSync(dir + "/open"));
    const [here] = UnixStream.pair();
    attempt("be oneself", () => here.sendSync("x", { credentials: me }));
    attempt("be root", () => here.sendSync("x", { credentials: { ...me, uid: 0 } }));
    attempt("be init", () => here.sendSync("x", { credentials: { ...me, pid: 1 } }));
  `,
    [dir.path],
  );
  assertEquals(output.split("\n"), [
    "listen PermissionDenied EACCES",
    "bind PermissionDenied EACCES",
    "connect PermissionDenied EACCES",
    "connect PermissionDenied EACCES",
    "send PermissionDenied EACCES",
    "replace AddrInUse EADDRINUSE",
    "replace AddrInUse EADDRINUSE",
    "connect succeeded",
    "be oneself succeeded",
    "be root PermissionDenied EPERM",
    "be init PermissionDenied EPERM",
  ]);
  using client = await open.accept();
  assertEquals(client.peer.uid, 65534);
  assertEquals(listener.tryAccept(), undefined);
});

Deno.test("a socket that was forgotten is closed when it is collected", {
  ignore: !LINUX,
}, async () => {
  const output = await runDeno(
    `
    import { UnixDatagram, UnixListener, UnixStream } from "@ipc/core/socket";
    import { openDescriptors } from "tests/_util/counts.ts";
    const count = () => [...openDescriptors().values()]
      .filter((what) => what.startsWith("socket:")).length;
    // Deno itself opens a pair of sockets half a second after its start.
    await new Promise((done) => setTimeout(done, 700));
    const before = count();
    (function forget() {
      for (let i = 0; i < 20; i++) {
        UnixStream.pair();
        UnixDatagram.bind();
        UnixListener.listen();
      }
    })();
    if (count() - before !== 80) throw new Error();
    while (count() > before) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done));
    }
    console.log("closed");
  `,
    [],
    [EXPOSE_GC],
  );
  assertEquals(output, "closed");
});
