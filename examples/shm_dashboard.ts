/**
 * Workers that count what they do in shared memory, and a program that looks on
 * without disturbing them:
 *
 *     deno run -A examples/shm_dashboard.ts
 */

import { SharedMemory, Struct } from "@ipc/core/shm";
import { spawn } from "@ipc/core/pipe";

const WORKERS = 3;
const JOBS = 10_000;

const Worker = new Struct({
  pid: "u32",
  jobs: "u32",
  name: { type: "text", length: 16 },
});
const Board = new Struct({ total: "u64", done: "u32" });
if (Deno.args[0] === "worker") {
  // The memory was handed over as descriptor 3.
  using memory = SharedMemory.fromFd(3);
  const me = Worker.view(memory, offsetOf(Number(Deno.args[1])));
  const board = Board.atomics(memory);
  me.pid = Deno.pid;
  me.name = `worker ${Deno.args[1]}`;
  for (let job = 0; job < JOBS; job++) {
    me.jobs++; // written by this worker only
    board.total.add(1n); // written by all of them
  }
  board.done.add(1);
} else {
  using memory = SharedMemory.anonymous(offsetOf(WORKERS));
  const children = Array.from(
    { length: WORKERS },
    (_, index) =>
      spawn(Deno.execPath(), {
        args: ["run", "-A", import.meta.url, "worker", `${index}`],
        fds: { 3: memory },
      }),
  );
  const board = Board.view(memory);
  while (board.done < WORKERS) {
    console.error(`${board.total} jobs so far`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (let index = 0; index < WORKERS; index++) {
    const { name, jobs } = Worker.view(memory, offsetOf(index));
    console.log(`${name}: ${jobs} jobs`);
  }
  console.log(`together: ${board.total}`);
  for (const child of children) await child.status;
}

/** The board comes first, then a struct for each worker. */
function offsetOf(index: number): number {
  return Board.size + index * Worker.size;
}
