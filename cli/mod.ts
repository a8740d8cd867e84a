/**
 * The `ipc` command: looks at the objects through which processes talk, removes
 * what was left behind, and sends, receives, acquires and watches from a shell.
 *
 * ```sh
 * deno install --global -A --name ipc jsr:@ipc/core/cli
 * ipc --help
 * ```
 *
 * @example
 * ```ts
 * import { ipc } from "@ipc/core/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await ipc(["ls", "mq", "--json"]), 0);
 * ```
 *
 * @module
 */

import { ipc } from "./ipc.ts";

export { ipc };

if (import.meta.main) Deno.exit(await ipc(Deno.args));
