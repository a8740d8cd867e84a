/**
 * Pseudo-terminals: for programs that behave otherwise without a terminal, or
 * not at all, such as shells, editors and password prompts.
 *
 * @example Answer a question that is only asked on a terminal
 * ```ts
 * import { Pty } from "@ipc/core/pty";
 * import { assertStringIncludes } from "@std/assert";
 *
 * await using pty = Pty.spawn("sh", {
 *   args: ["-c", 'printf "Name? "; read -r name; echo "Hello, $name!"'],
 * });
 * let text = "";
 * const decoder = new TextDecoder();
 * for await (const chunk of pty) {
 *   text += decoder.decode(chunk, { stream: true });
 *   if (text.endsWith("Name? ")) {
 *     await pty.writeAll("Deno\r");
 *   }
 * }
 * assertStringIncludes(text, "Hello, Deno!");
 * ```
 *
 * @module
 */

export { Pty } from "./pty.ts";
export type { PtyOptions, PtySpawnOptions } from "./options.ts";
export type { PtySize } from "./_settings.ts";
export { Child, type ChildStatus } from "../pipe/child.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type { SignalName } from "../_internal/signals.ts";
export type {
  WriteAllOptions,
  WriteAllSyncOptions,
  WriteProgress,
} from "../_internal/stream.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
