import {
  type ChildStatus,
  Pipe,
  spawn,
  type SpawnOptions,
} from "../../pipe/mod.ts";
import { Deadline } from "./peer.ts";
import { readAll } from "./read_all.ts";

/** How a child ended, and what it printed. */
export interface Spawned extends ChildStatus {
  readonly stdout: string;
}

/** Runs a program by `spawn`, reading its standard output to the end. */
export async function spawned(
  command: string,
  options: SpawnOptions = {},
): Promise<Spawned> {
  using deadline = new Deadline();
  using output = Pipe.open();
  await using child = spawn(command, {
    ...options,
    fds: { 0: "null", ...options.fds, 1: output.writer },
  });
  output.writer.close();
  const bytes = await readAll(output.reader, deadline);
  const stdout = new TextDecoder().decode(bytes);
  return { ...await child.status, stdout };
}
