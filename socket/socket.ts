import type { Descriptor } from "../_internal/descriptor.ts";
import { check } from "../_internal/errno.ts";
import { platform } from "../_internal/platform.ts";
import { ADDRESS_SIZE, decodeAddress } from "./_address.ts";
import { libc } from "./_ffi.ts";
import { checkBufferSize, getOption, setOption } from "./_socket_option.ts";

/** What all Unix sockets have in common. */
export abstract class UnixSocket implements Disposable {
  readonly #descriptor: Descriptor;

  /** Made by the classes that are built on it. */
  protected constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /**
   * The descriptor's number, for `select`, `poll`, `spawn`, or to be sent.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * The name it is bound to: a path as it was given, or after a NUL an
   * abstract name; undefined if it has none.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.InvalidData} If the name is not UTF-8.
   */
  get localPath(): string | undefined {
    return readName(this.fd, "getsockname");
  }

  /**
   * How many bytes the kernel holds on their way to the peer. Linux answers
   * twice of what was set, and holds half of that.
   *
   * @throws {RangeError} If it is set to something that is no size.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get sendBufferSize(): number {
    return getOption(this.fd, platform.SO_SNDBUF);
  }

  set sendBufferSize(bytes: number) {
    checkBufferSize(bytes, "sendBufferSize");
    setOption(this.fd, platform.SO_SNDBUF, bytes);
  }

  /**
   * How many bytes the kernel holds on their way from the peer. Linux answers
   * twice of what was set.
   *
   * @throws {RangeError} If it is set to something that is no size.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get receiveBufferSize(): number {
    return getOption(this.fd, platform.SO_RCVBUF);
  }

  set receiveBufferSize(bytes: number) {
    checkBufferSize(bytes, "receiveBufferSize");
    setOption(this.fd, platform.SO_RCVBUF, bytes);
  }

  /**
   * Closes it. Waits that are pending reject with `Deno.errors.BadResource`. A
   * second call does nothing.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * here.close();
   * there.close();
   * ```
   */
  close(): void {
    this.#descriptor.close();
  }

  /**
   * Closes it at the end of a block.
   *
   * @example
   * ```ts
   * import { UnixDatagram } from "@ipc/core/socket";
   *
   * using socket = UnixDatagram.bind();
   * console.log(socket.fd);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The name of this side or the other: getsockname(2), getpeername(2). */
export function readName(
  fd: number,
  syscall: "getsockname" | "getpeername",
): string | undefined {
  const address = new Uint8Array(ADDRESS_SIZE);
  const length = new Uint32Array([ADDRESS_SIZE]);
  check(libc[syscall](fd, address, length), syscall, { on: `fd ${fd}` });
  return decodeAddress(address, length[0]);
}
