/** What programs begin with that are started in each of the ways there are. */

import { realtime, SignalStream } from "../../signal/mod.ts";
import { spawned } from "../_util/spawned.ts";
import { PRINT_SETS, type SignalSets, signalSets } from "../_util/signals.ts";

/** The sets of signals of programs, by how they were started. */
export async function children(): Promise<Record<string, SignalSets>> {
  const [program, args] = PRINT_SETS;
  const piped = { args, stdout: "piped" } as const;
  const command = new Deno.Command(program, piped);
  const outputs = {
    output: await command.output(),
    outputSync: command.outputSync(),
    spawn: await command.spawn().output(),
    "Deno.spawn": await Deno.spawn(program, piped).output(),
    spawnAndWait: await Deno.spawnAndWait(program, piped),
    spawnAndWaitSync: Deno.spawnAndWaitSync(program, piped),
    detached: await new Deno.Command(program, { ...piped, detached: true })
      .output(),
  };
  const sets = Object.entries(outputs).map(([how, { stdout }]) =>
    [how, signalSets(new TextDecoder().decode(stdout))] as const
  );
  const ours = signalSets((await spawned(program, { args })).stdout);
  return Object.fromEntries([...sets, ["ours", ours]]);
}

// As a Worker.
if ("postMessage" in self) {
  using _ = SignalStream.open(["SIGUSR2", realtime(2)]);
  (self as unknown as Worker).postMessage(await children());
}
