import { libc } from "../_internal/_ffi.ts";
import { Descriptor, setCloseOnExec } from "../_internal/descriptor.ts";
import { platform } from "../_internal/platform.ts";
import { decodeAddress } from "./_address.ts";
import { parseControl } from "./_control.ts";
import type { Credentials } from "./credentials.ts";
import type { Arrival } from "./_message.ts";

let newReceivedFd: (descriptor: Descriptor) => ReceivedFd;

/**
 * A descriptor that came with a message. It belongs to the message, and is
 * closed with it unless somebody takes it.
 *
 * @example Take over the end of a pipe
 * ```ts
 * import { Pipe, PipeReader } from "@ipc/core/pipe";
 * import { UnixStream } from "@ipc/core/socket";
 * import { assertEquals } from "@std/assert";
 *
 * const [here, there] = UnixStream.pair();
 * using pipe = Pipe.open();
 * await here.send("a pipe", { fds: [pipe.reader] });
 *
 * using message = await there.receive();
 * using reader = PipeReader.fromFd(message!.fds[0].take());
 * pipe.writer.writeSync(new Uint8Array(3));
 * assertEquals(await reader.read(new Uint8Array(8)), 3);
 * here.close();
 * there.close();
 * ```
 */
export class ReceivedFd implements Disposable {
  readonly #descriptor: Descriptor;

  static {
    newReceivedFd = (descriptor) => new ReceivedFd(descriptor);
  }

  private constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /**
   * The descriptor's number, while it belongs to the message. It may be sent
   * on, or given to a child; the `fromFd` of every class here takes it over as
   * {@linkcode take} does.
   *
   * @throws {Deno.errors.BadResource} If it was closed or taken.
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Takes it out of the message: whoever calls this closes it from now on.
   *
   * @returns The descriptor's number.
   * @throws {Deno.errors.BadResource} If it was closed or taken before.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * await here.send("a socket", { fds: [here] });
   * using message = await there.receive();
   * using copy = UnixStream.fromFd(message!.fds[0].take());
   * here.close();
   * there.close();
   * ```
   */
  take(): number {
    return this.#descriptor.release();
  }

  /**
   * Closes it; does nothing if it was closed or taken.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * await here.send("not wanted", { fds: [here] });
   * const message = await there.receive();
   * for (const fd of message!.fds) fd.close();
   * here.close();
   * there.close();
   * ```
   */
  close(): void {
    this.#descriptor.close();
  }

  /**
   * Closes it at the end of a block, unless it was taken.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * await here.send("a descriptor", { fds: [here] });
   * const message = await there.receive();
   * using fd = message!.fds[0];
   * console.log(fd.fd);
   * here.close();
   * there.close();
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Makes a message of what has arrived, with data that stays as it is. */
export let newReceived: (
  arrival: Arrival,
  data: Uint8Array<ArrayBuffer>,
  maxFds: number,
) => Received;

/**
 * A message, and what came with it. Descriptors that nobody takes are closed
 * with it: by `using`, or when it is collected.
 *
 * @example
 * ```ts
 * import { UnixSeqpacket } from "@ipc/core/socket";
 * import { assertEquals } from "@std/assert";
 *
 * if (Deno.build.os === "linux") {
 *   const [here, there] = UnixSeqpacket.pair();
 *   await here.send("ping");
 *   using message = await there.receive();
 *   assertEquals(new TextDecoder().decode(message!.data), "ping");
 *   assertEquals(message!.truncated, false);
 *   here.close();
 *   there.close();
 * }
 * ```
 */
export class Received implements Disposable {
  readonly #from: Uint8Array | undefined;

  // Only declared: to define each before the constructor sets it would double
  // what making a message takes.

  /** The bytes. Memory of its own, or a part of what was given as `into`. */
  declare readonly data: Uint8Array<ArrayBuffer>;
  /** The descriptors that came with it. */
  declare readonly fds: readonly ReceivedFd[];
  /**
   * Who sent it, as the kernel vouches for. Undefined on macOS, for a process
   * that has no number here, for what was sent before this socket was made, and
   * for what was sent through a stream before the first `receive`, unless it
   * was sent with `credentials`.
   */
  declare readonly credentials: Credentials | undefined;
  /**
   * Whether something of it was lost: bytes, because it was longer than
   * `maxBytes`, or descriptors, as {@linkcode fdsTruncated} tells. What is
   * lost is not lost of a stream, whose bytes wait for the next call.
   */
  declare readonly truncated: boolean;
  /**
   * Whether descriptors were lost, because there were more than `maxFds` or
   * than this process may have open. They are closed.
   */
  declare readonly fdsTruncated: boolean;

  static {
    newReceived = (arrival, data, maxFds) =>
      new Received(arrival, data, maxFds);
  }

  private constructor(
    arrival: Arrival,
    data: Uint8Array<ArrayBuffer>,
    maxFds: number,
  ) {
    const { name, nameLength, control, controlLength, flags } = arrival;
    const { fds, credentials } = parseControl(control, controlLength);
    this.data = data;
    this.fds = fds.length === 0 ? NONE : own(fds, maxFds);
    this.credentials = credentials;
    const lost = flags & platform.MSG_CTRUNC;
    this.fdsTruncated = lost !== 0 || fds.length > maxFds;
    this.truncated = this.fdsTruncated || (flags & platform.MSG_TRUNC) !== 0;
    this.#from = nameLength === 0 ? undefined : keep(name, nameLength);
  }

  /**
   * The name of the socket that sent it, to which an answer can be sent: a
   * path, or after a NUL an abstract name. Undefined if it has none, as the
   * sockets at the ends of connections usually have.
   *
   * @throws {Deno.errors.InvalidData} If the name is not UTF-8.
   */
  get from(): string | undefined {
    const name = this.#from;
    return name && decodeAddress(name, name.length);
  }

  /**
   * Closes the descriptors that nobody has taken.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * await here.send("a descriptor", { fds: [here] });
   * const message = await there.receive();
   * message!.close();
   * here.close();
   * there.close();
   * ```
   */
  close(): void {
    for (const fd of this.fds) fd.close();
  }

  /**
   * Closes the descriptors that nobody has taken, at the end of a block.
   *
   * @example
   * ```ts
   * import { UnixStream } from "@ipc/core/socket";
   *
   * const [here, there] = UnixStream.pair();
   * await here.send("ping");
   * using message = await there.receive();
   * console.log(message!.data.length);
   * here.close();
   * there.close();
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The name that came last: usually it comes again. */
let last = new Uint8Array(0);

function keep(name: Uint8Array, length: number): Uint8Array {
  if (last.length !== length || last.some((byte, i) => byte !== name[i])) {
    last = name.slice(0, length);
  }
  return last;
}

const NONE: readonly ReceivedFd[] = Object.freeze([]);

/** Owns the first of them; the surplus is closed. */
function own(fds: readonly number[], maxFds: number): ReceivedFd[] {
  for (const fd of fds.slice(maxFds)) libc.close(fd);
  return fds.slice(0, maxFds).map((fd) => {
    const descriptor = new Descriptor(fd, undefined, { transferable: true });
    if (platform.MSG_CMSG_CLOEXEC === 0) setCloseOnExec(fd);
    return newReceivedFd(descriptor);
  });
}
