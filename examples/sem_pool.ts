/**
 * Runs commands, at most so many at a time, however many terminals they are
 * started in. Who is killed, even by `kill -9`, gives its place to the next:
 *
 *     deno run -A examples/sem_pool.ts run 2 /tmp sleep 10   # as often as you like
 *     deno run -A examples/sem_pool.ts show /tmp
 *     deno run -A examples/sem_pool.ts remove /tmp
 */

import { spawn } from "@ipc/core/pipe";
import { ftok, SysvSemaphoreSet } from "@ipc/core/sem";

const [command, ...args] = Deno.args;
if (command === "run" && args.length > 2) {
  const [places, path, program, ...rest] = args;
  await run(Number(places), path, program, rest);
} else if (command === "show" && args.length === 1) {
  show(args[0]);
} else if (command === "remove" && args.length === 1) {
  SysvSemaphoreSet.open(ftok(args[0], 80)).remove();
} else {
  console.error(
    "usage: sem_pool.ts run PLACES PATH COMMAND…|show PATH|remove PATH",
  );
  Deno.exit(2);
}

async function run(
  places: number,
  path: string,
  program: string,
  args: string[],
): Promise<void> {
  // Whoever comes first makes it: its number of places is that of all.
  const options = { count: 1, values: [places] };
  using pool = SysvSemaphoreSet.ensure(ftok(path, 80), options);
  using _place = await pool.acquire(); // given back by the kernel, if need be
  await using child = spawn(program, { args });
  Deno.exitCode = (await child.status).code ?? 1;
}

function show(path: string): void {
  using pool = SysvSemaphoreSet.open(ftok(path, 80));
  const [{ value, waiting }] = pool.stat().semaphores;
  console.log(`${value} free, ${waiting} waiting`);
}
