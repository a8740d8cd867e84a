/** On which processors the two processes run. */

/** A way of placing two processes. */
export interface Placement {
  readonly name: PlacementName;
  /** What the command line begins with. */
  readonly prefix: readonly string[];
}

/** Both on the same core, or wherever the system puts them. */
export type PlacementName = "one core" | "free";

/** What can be done on this machine; one core only where taskset(1) is. */
export async function placements(): Promise<Placement[]> {
  const free: Placement = { name: "free", prefix: [] };
  const pin = ["taskset", "-c", "0"];
  if (!await works([...pin, "true"])) return [free];
  return [{ name: "one core", prefix: pin }, free];
}

async function works([command, ...args]: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, { args }).output();
    return success;
  } catch {
    return false;
  }
}
