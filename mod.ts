/**
 * Every way in which processes on one machine can talk to each other.
 *
 * Each mechanism is also an entry point of its own, such as
 * `@ipc/core/fifo`, and loads only what it needs.
 *
 * @example A named pipe
 * ```ts
 * import { Fifo } from "@ipc/core";
 *
 * const path = `/tmp/jobs-${crypto.randomUUID()}`;
 * using fifo = Fifo.create(path, { temporary: true });
 * using reader = await fifo.openReader();
 * using writer = await fifo.openWriter();
 *
 * await writer.writeAll(new TextEncoder().encode("ping"));
 * console.log(await reader.read(new Uint8Array(16)));
 * ```
 *
 * @module
 */

export * from "./event/mod.ts";
export * from "./fifo/mod.ts";
export * from "./lock/mod.ts";
export * from "./mq/mod.ts";
export * from "./mux/mod.ts";
export * from "./pipe/mod.ts";
export * from "./pty/mod.ts";
export * from "./sem/mod.ts";
export * from "./shm/mod.ts";
export * from "./signal/mod.ts";
export * from "./socket/mod.ts";
