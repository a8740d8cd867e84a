/**
 * Workers that move money from one account in shared memory to another. One is
 * killed half-way, with the lock: whoever gets it next is told, and puts right
 * what was half done.
 *
 *     deno run -A examples/mutex_accounts.ts
 */

import { spawn } from "@ipc/core/pipe";
import { Mutex } from "@ipc/core/sem";
import { SharedMemory, Struct } from "@ipc/core/shm";

const WORKERS = 3;
const TOTAL = 1000;

const Accounts = new Struct({ from: "u32", to: "u32" });

if (Deno.args[0] === "worker") {
  using memory = SharedMemory.fromFd(3); // it was handed over
  await work(Mutex.at(memory, 64), Accounts.view(memory));
} else {
  using memory = SharedMemory.anonymous(4096);
  Mutex.init(memory, 64);
  const accounts = Accounts.view(memory);
  accounts.from = TOTAL;
  const args = ["run", "-A", "--quiet", import.meta.url, "worker"];
  const workers = Array.from(
    { length: WORKERS },
    () => spawn(Deno.execPath(), { args, fds: { 3: memory } }),
  );
  const statuses = await Promise.all(workers.map(({ status }) => status));
  const killed = statuses.filter(({ signal }) => signal === "SIGKILL").length;
  console.log(`${killed} of ${WORKERS} workers were killed`);
  console.log(`${accounts.from} left, ${accounts.to} moved`);
}

async function work(
  mutex: Mutex,
  accounts: { from: number; to: number },
): Promise<void> {
  for (;;) {
    using lock = await mutex.acquire();
    if (lock.ownerDied) {
      console.log("somebody has died, and may have lost something");
      accounts.to = TOTAL - accounts.from;
    }
    if (accounts.from === 0) return;
    accounts.from--;
    if (accounts.from === TOTAL / 2) Deno.kill(Deno.pid, "SIGKILL");
    accounts.to++;
  }
}
