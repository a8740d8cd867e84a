import {
  type ChildStatus,
  Pipe,
  spawn,
  type SpawnOptions,
} from "../../pipe/mod.ts";

/** How a child ended, and what it printed. */
export interface Spawned extends ChildStatus {
  readonly stdout: string;
}

/** Runs a program by `spawn`, reading its standard output to the end. */
export async function spawned(
  command: string,
  options: SpawnOptions = {},
): Promise<Spawned> {
  using output = Pipe.open();
  await using child = spawn(command, {
    ...options,
    fds: { 0: "null", ...options.fds, 1: output.writer },
  });
  output.writer.close();
  const stdout = await new Response(output.reader.readable).text();
  return { ...await child.status, stdout };
}
