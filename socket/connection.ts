import type { Descriptor } from "../_internal/descriptor.ts";
import { SHUT_WR } from "../_internal/platform.ts";
import type {
  SyncWaitOptions,
  WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { shutdown } from "./_message.ts";
import type { Receiver } from "./_receiver.ts";
import { getPeer } from "./_socket_option.ts";
import type { PeerCredentials } from "./credentials.ts";
import type { ReceiveOptions } from "./message_options.ts";
import type { Received } from "./received.ts";
import { readName, UnixSocket } from "./socket.ts";

/** What the two kinds of connection have in common. */
export abstract class UnixConnection extends UnixSocket {
  readonly #descriptor: Descriptor;
  readonly #receiver: Receiver;
  readonly #writing: WaitQueue;

  /** Made by the classes that are built on it. */
  protected constructor(
    descriptor: Descriptor,
    receiver: Receiver,
    writing: WaitQueue,
  ) {
    super(descriptor);
    this.#descriptor = descriptor;
    this.#receiver = receiver;
    this.#writing = writing;
  }

  /**
   * Who is at the other end, as the kernel vouches for: the process that
   * connected, that listened, or that made the pair, and as whom it ran then.
   * SO_PEERCRED of unix(7); LOCAL_PEERCRED on macOS.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get peer(): PeerCredentials {
    return getPeer(this.fd);
  }

  /**
   * The name the other side is bound to; undefined if it has none, as sockets
   * that connect usually have.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.NotConnected} If the other side has gone, on macOS.
   * @throws {Deno.errors.InvalidData} If the name is not UTF-8.
   */
  get remotePath(): string | undefined {
    return readName(this.fd, "getpeername");
  }

  /**
   * Receives what is there without waiting.
   *
   * @param options How much to take.
   * @returns What has arrived, null at the end, undefined if it would have to
   * wait or others wait already.
   * @throws {Deno.errors.ConnectionReset} If the peer closed without having
   * received all.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * assertEquals(there.tryReceive(), undefined);
   * here.close();
   * assertEquals(there.tryReceive(), null);
   * there.close();
   * ```
   */
  tryReceive(options?: ReceiveOptions): Received | null | undefined {
    return this.#receiver.tryReceive(options);
  }

  /**
   * Receives, blocking the thread until something is there.
   *
   * @param options How much to take, and the longest to wait.
   * @returns What has arrived, or null at the end.
   * @throws {Deno.errors.TimedOut} If nothing came in time.
   * @throws {Deno.errors.ConnectionReset} If the peer closed without having
   * received all.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous wait is pending.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * here.sendSync("ping");
   * using message = there.receiveSync({ timeout: 1000 });
   * assertEquals(message!.data.length, 4);
   * here.close();
   * there.close();
   * ```
   */
  receiveSync(options?: ReceiveOptions & SyncWaitOptions): Received | null {
    return this.#receiver.receiveSync(options);
  }

  /**
   * Receives, waiting until something is there: of a seqpacket socket one
   * message, of a stream what is there, and never past descriptors, which come
   * with the first byte that they were sent with.
   *
   * Of a stream the kernel tells who sent what from the first call on.
   *
   * @param options How much to take, and a signal that ends the wait; then
   * nothing was taken.
   * @returns What has arrived, or null at the end.
   * @throws {Deno.errors.ConnectionReset} If the peer closed without having
   * received all.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * await here.send("ping");
   * using message = await there.receive();
   * assertEquals(new TextDecoder().decode(message!.data), "ping");
   * here.close();
   * there.close();
   * ```
   */
  receive(options?: ReceiveOptions & WaitOptions): Promise<Received | null> {
    return this.#receiver.receive(options);
  }

  /**
   * Ends sending, after what is pending: the other side comes to the end, and
   * can still answer. shutdown(2)
   *
   * @returns When that has been done, which is at once if nothing is pending.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   * import { assertEquals } from "@std/assert";
   *
   * const [here, there] = UnixStream.pair();
   * await here.closeWrite();
   * assertEquals(await there.read(new Uint8Array(8)), null);
   * await there.writeAll(new Uint8Array(3));
   * assertEquals(await here.read(new Uint8Array(8)), 3);
   * here.close();
   * there.close();
   * ```
   */
  async closeWrite(): Promise<void> {
    const end = (): true => {
      const { fd, name } = this.#descriptor;
      shutdown(fd, SHUT_WR, { on: name });
      return true;
    };
    await (this.#writing.try(end) ?? this.#writing.run(end));
  }
}
