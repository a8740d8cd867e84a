/**
 * A program of which one instance runs at a time. A second one says who is in
 * its way and ends; or waits, to take over whenever and however the first ends:
 *
 *     deno run -A examples/lock_single_instance.ts /tmp/service.lock
 *     deno run -A examples/lock_single_instance.ts /tmp/service.lock --wait
 */

import { FileLock } from "@ipc/core/lock";

const [path, wait] = Deno.args;
if (path === undefined) {
  console.error("usage: lock_single_instance.ts PATH [--wait]");
  Deno.exit(2);
}

// The file is empty and stays there: it is the lock on it that counts.
using lock = wait === "--wait"
  ? await FileLock.acquire(path)
  : FileLock.tryAcquire(path);
if (lock === undefined) {
  console.error(`it is running already: process ${FileLock.holder(path)}`);
  Deno.exit(1);
}

const stop = Promise.withResolvers<void>();
Deno.addSignalListener("SIGINT", () => stop.resolve());
console.log("running, until Ctrl-C");
const work = setInterval(() => {}, 1000); // what the program does
await stop.promise;
clearInterval(work);
console.log("ended");
