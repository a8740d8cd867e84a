/**
 * A server of several processes: this one listens, and sends its listening
 * socket to workers, which all accept from it. Whoever is free takes the next
 * client; a worker that dies is replaced, and no client is refused meanwhile.
 *
 *     deno run -A examples/socket_workers.ts /tmp/service
 *     nc -U /tmp/service           # in another terminal
 */

import { spawn } from "@ipc/core/pipe";
import { UnixListener, UnixStream } from "@ipc/core/socket";

const WORKERS = 2;
const CONTROL = 3;

const [path] = Deno.args;
if (path === undefined) {
  console.error("usage: socket_workers.ts PATH");
  Deno.exit(2);
}

if (path === "worker") {
  const control = UnixStream.fromFd(CONTROL);
  using message = await control.receive();
  const listener = UnixListener.fromFd(message!.fds[0].take());
  // The other end is closed when the server has gone, however it went.
  control.read(new Uint8Array(1)).then(() => Deno.exit());
  for await (const client of listener) {
    await client.send(`served by ${Deno.pid}\n`).catch(() => {});
    client.close();
  }
} else {
  using listener = UnixListener.listen(path, { replaceStale: true });
  Deno.addSignalListener("SIGINT", () => {
    listener.close();
    Deno.exit();
  });
  console.log(`serving at ${path}`);
  await Promise.all(Array.from({ length: WORKERS }, () => keep(listener)));
}

/** Starts a worker whenever there is none. */
async function keep(listener: UnixListener): Promise<never> {
  for (;;) {
    const [ours, theirs] = UnixStream.pair();
    using control = ours;
    const worker = spawn(Deno.execPath(), {
      args: ["run", "-A", import.meta.url, "worker"],
      fds: { [CONTROL]: theirs },
    });
    theirs.close();
    await control.send("listen here", { fds: [listener] });
    const { code } = await worker.status;
    console.log(`a worker ended with code ${code}`);
  }
}
