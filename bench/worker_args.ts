import { fileURLToPath } from "node:url";
import type { Assignment } from "./orders.ts";

const worker = fileURLToPath(new URL("./worker.ts", import.meta.url));

/** The arguments with which Deno runs a worker. */
export function workerArgs(assignment: Assignment): string[] {
  return ["run", "-A", "--quiet", worker, JSON.stringify(assignment)];
}
