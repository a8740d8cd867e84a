/**
 * Anonymous pipes, and programs started with any descriptor under any number.
 *
 * A pipe is the plainest way for a process to talk to one that it starts: bytes
 * go in at one end and come out at the other. It needs no name, and it ends by
 * itself when either side does.
 *
 * @example Talk to a child through two pipes
 * ```ts
 * import { Pipe, spawn } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using down = Pipe.open();
 * using up = Pipe.open();
 * const child = spawn("cat", { fds: { 0: down.reader, 1: up.writer } });
 * down.reader.close();
 * up.writer.close();
 *
 * await down.writer.writeAll(new TextEncoder().encode("ping"));
 * const buffer = new Uint8Array(16);
 * const count = await up.reader.read(buffer);
 * assertEquals(new TextDecoder().decode(buffer.subarray(0, count!)), "ping");
 *
 * down.writer.close(); // the end of its input
 * assertEquals((await child.status).code, 0);
 * ```
 *
 * @module
 */

export { Child, type ChildStatus } from "./child.ts";
export type { ChildDescriptor } from "./child_descriptor.ts";
export { duplicate } from "./duplicate.ts";
export { Pipe, type PipeOptions } from "./pipe.ts";
export { PipeReader } from "./reader.ts";
export { spawn, type SpawnOptions } from "./spawn.ts";
export { splice, tee } from "./splice.ts";
export { PipeWriter } from "./writer.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type { SignalName } from "../_internal/signals.ts";
export type {
  WriteAllOptions,
  WriteAllSyncOptions,
  WriteProgress,
} from "../_internal/stream.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
export type { Watchable } from "../mux/watchable.ts";
