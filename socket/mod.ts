/**
 * Unix domain sockets with everything that the kernel gives: streams, messages
 * and datagrams, descriptors that go with them, and who is at the other end.
 *
 * @example A server and a client, usually two programs
 * ```ts
 * import { UnixListener, UnixStream } from "@ipc/core/socket";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `/tmp/jobs-${crypto.randomUUID()}`;
 * using listener = UnixListener.listen(path, { mode: 0o600 });
 *
 * using client = await UnixStream.connect(path);
 * await client.writeAll(new TextEncoder().encode("ping"));
 *
 * using server = await listener.accept();
 * assertEquals(server.peer.pid, Deno.pid);
 * const p = new Uint8Array(16);
 * const count = await server.read(p);
 * assertEquals(new TextDecoder().decode(p.subarray(0, count!)), "ping");
 * ```
 *
 * @module
 */

export type { BindOptions } from "./bind_options.ts";
export type { BufferOptions } from "./buffer_options.ts";
export { UnixConnection } from "./connection.ts";
export type { Credentials, PeerCredentials } from "./credentials.ts";
export { type DatagramSendOptions, UnixDatagram } from "./datagram.ts";
export { type ListenOptions, UnixListener } from "./listener.ts";
export type { ReceiveOptions, SendOptions } from "./message_options.ts";
export {
  type ByteConnection,
  MessageStream,
  type MessageStreamOptions,
} from "./message_stream.ts";
export { Received, ReceivedFd } from "./received.ts";
export { UnixSeqpacket } from "./seqpacket.ts";
export { UnixSocket } from "./socket.ts";
export { UnixStream } from "./stream.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
export type {
  WriteAllOptions,
  WriteAllSyncOptions,
  WriteProgress,
} from "../_internal/stream.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
export type { Watchable } from "../mux/watchable.ts";
