/**
 * FIFOs: pipes with a name in the file system, for programs that were started
 * independently of each other.
 *
 * @example A server that reads what any program writes
 * ```ts
 * import { Fifo } from "@ipc/core/fifo";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `/tmp/jobs-${crypto.randomUUID()}`;
 * using fifo = Fifo.create(path, { temporary: true });
 * using reader = await fifo.openReader();
 *
 * // In a shell: echo hello > /tmp/…/jobs
 * const shell = new Deno.Command("sh", {
 *   args: ["-c", `echo hello > ${path}`],
 * }).spawn();
 *
 * let text = "";
 * for await (const chunk of reader) text += new TextDecoder().decode(chunk);
 * assertEquals(text, "hello\n");
 * await shell.status;
 * ```
 *
 * @module
 */

export { Fifo, type FifoOptions, type FifoReaderOptions } from "./fifo.ts";
export { PipeReader } from "../pipe/reader.ts";
export { PipeWriter } from "../pipe/writer.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type {
  WriteAllOptions,
  WriteAllSyncOptions,
  WriteProgress,
} from "../_internal/stream.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
