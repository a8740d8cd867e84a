/** What programs begin with that are started in each of the ways there are. */

import { realtime, SignalStream } from "../../signal/mod.ts";
import { spawned } from "../_util/spawned.ts";
import { PRINT_SETS, type SignalSets, signalSets } from "../_util/signals.ts";

/** The sets of signals of programs, by how they were started. */
export async function children(): Promise<Record<string, SignalSets>> {
  const [program, args] = PRINT_SETS;
  const piped = { args, stdout: "piped" } as const;
  const command = new Deno.Command(program, piped);
  const detached = new Deno.Command(program, { ...piped, detached: true });
  const started = {
    output: command.output(),
    spawn: command.spawn().output(),
    "Deno.spawn": Deno.spawn(program, piped).output(),
    spawnAndWait: Deno.spawnAndWait(program, piped),
    detached: detached.output(),
    outputSync: command.outputSync(),
    spawnAndWaitSync: Deno.spawnAndWaitSync(program, piped),
    ours: spawned(program, { args }),
  };
  const sets = Object.entries(started).map(async ([how, output]) => {
    const { stdout } = await output;
    const text = typeof stdout === "string"
      ? stdout
      : new TextDecoder().decode(stdout);
    return [how, signalSets(text)] as const;
  });
  return Object.fromEntries(await Promise.all(sets));
}

// As a Worker.
if ("postMessage" in self) {
  using _ = SignalStream.open(["SIGUSR2", realtime(2)]);
  (self as unknown as Worker).postMessage(await children());
}
