/** What programs begin with that are started in each of the ways there are. */

import {
  type ChildProcess,
  execFile,
  execFileSync,
  spawn,
  spawnSync,
  type StdioOptions,
} from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { realtime, SignalStream } from "../../signal/mod.ts";
import { spawned } from "../_util/spawned.ts";
import { PRINT_SETS, type SignalSets, signalSets } from "../_util/signals.ts";

/** The sets of signals of programs, by how they were started. */
export async function children(): Promise<Record<string, SignalSets>> {
  // Not those with a shell between: that may unblock everything itself.
  const sets = Object.entries({ ...ofDeno(), ...ofNode(), ...ours() })
    .map(async ([how, output]) => [how, signalSets(await output)] as const);
  return Object.fromEntries(await Promise.all(sets));
}

type Outputs = Record<string, string | Promise<string>>;

const [program, args] = PRINT_SETS;

function ofDeno(): Outputs {
  const piped = { args, stdout: "piped" } as const;
  const command = new Deno.Command(program, piped);
  // With these two, Deno forks.
  const detached = new Deno.Command(program, { ...piped, detached: true });
  const user = new Deno.Command(program, { ...piped, uid: Deno.uid()! });
  return {
    output: printed(command.output()),
    outputSync: decoded(command.outputSync()),
    spawn: printed(command.spawn().output()),
    detached: printed(detached.spawn().output()),
    user: printed(user.output()),
    "Deno.spawn": printed(Deno.spawn(program, piped).output()),
    spawnAndWait: printed(Deno.spawnAndWait(program, piped)),
    spawnAndWaitSync: decoded(Deno.spawnAndWaitSync(program, piped)),
  };
}

function ofNode(): Outputs {
  const encoding = "utf8";
  // Deno forks for these, too: fork() of node:child_process adds a channel.
  const four: StdioOptions = ["pipe", "pipe", "pipe", "pipe"];
  const channel: StdioOptions = ["pipe", "pipe", "pipe", "ipc"];
  const node = {
    spawn: written(spawn(program, args)),
    detached: written(spawn(program, args, { detached: true })),
    four: written(spawn(program, args, { stdio: four })),
    channel: written(spawn(program, args, { stdio: channel })),
    execFile: written(execFile(program, args)),
    spawnSync: spawnSync(program, args, { encoding }).stdout,
    fourSync: spawnSync(program, args, { encoding, stdio: four }).stdout,
    execFileSync: execFileSync(program, args, { encoding }),
  };
  return Object.fromEntries(
    Object.entries(node).map(([how, output]) => [`node: ${how}`, output]),
  );
}

function ours(): Outputs {
  return { ours: spawned(program, { args }).then(({ stdout }) => stdout) };
}

async function printed(output: Promise<Deno.CommandOutput>): Promise<string> {
  return decoded(await output);
}

function decoded({ stdout }: Deno.CommandOutput): string {
  return new TextDecoder().decode(stdout);
}

async function written(child: ChildProcess): Promise<string> {
  const closed = once(child, "close");
  const output = await text(child.stdout!);
  await closed;
  return output;
}

// As a Worker, with a stream of its own if that is its name.
if ("postMessage" in self) {
  using _ = self.name === "with a stream"
    ? SignalStream.open(["SIGUSR2", realtime(2)])
    : undefined;
  (self as unknown as Worker).postMessage(await children());
}
