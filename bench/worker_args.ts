import { fileURLToPath } from "node:url";
import type { Assignment } from "./orders.ts";

const worker = fileURLToPath(new URL("./worker.ts", import.meta.url));

/** The arguments with which Deno runs a worker. */
export function workerArgs(assignment: Assignment): string[] {
  // For Deno.listenDatagram of Unix sockets.
  const flags = ["-A", "--quiet", "--unstable-net"];
  return ["run", ...flags, worker, JSON.stringify(assignment)];
}
