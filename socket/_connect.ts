/** Connecting to the name of a socket. connect(2) */

import { backoff } from "../_internal/backoff.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { E, errno, systemError, wouldBlock } from "../_internal/errno.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { encodeAddress, printable, toName } from "./_address.ts";
import { libc } from "./_ffi.ts";
import { newSocket } from "./_open.ts";
import { checkBuffers, setBuffers } from "./_socket_option.ts";
import type { BufferOptions } from "./buffer_options.ts";

/**
 * Pauses between two tries, in milliseconds. The kernel does not announce that
 * a listener has room for another connection: unix(7) answers EAGAIN, and poll
 * says nothing.
 */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 50;

/** A connection that is being made. */
export class Connecting {
  /** As it is called in errors. */
  readonly #name: string;
  readonly #address: Uint8Array<ArrayBuffer>;
  readonly #type: number;
  readonly #options: BufferOptions;

  /**
   * @param name Where to.
   * @param type SOCK_STREAM and so on.
   * @param options The sizes of its buffers.
   */
  constructor(name: string | URL, type: number, options: BufferOptions = {}) {
    const text = toName(name, "connect");
    this.#name = printable(text);
    this.#address = encodeAddress(text, "connect");
    this.#type = type;
    this.#options = options;
    checkBuffers(options);
  }

  /** Attempts once; undefined if there is no room. */
  try(): Descriptor | undefined {
    const descriptor = this.#socket();
    try {
      if (this.#attempt(descriptor)) return descriptor;
    } catch (error) {
      descriptor.close();
      throw error;
    }
    descriptor.close();
    return undefined;
  }

  /** Blocks the thread until there is room. */
  runSync(options?: SyncWaitOptions): Descriptor {
    const descriptor = this.#socket();
    try {
      newQueue(this.#name).runSync(() => this.#attempt(descriptor), options);
      return descriptor;
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /** Waits until there is room. */
  async run(options?: WaitOptions): Promise<Descriptor> {
    options?.signal?.throwIfAborted();
    const descriptor = this.#socket();
    try {
      await newQueue(this.#name).run(() => this.#attempt(descriptor), options);
      return descriptor;
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  #socket(): Descriptor {
    const descriptor = newSocket(this.#type, this.#name);
    setBuffers(descriptor.fd, this.#options);
    return descriptor;
  }

  #attempt(descriptor: Descriptor): true | undefined {
    return attemptConnect(descriptor.fd, this.#address, this.#name);
  }
}

/**
 * Connects; undefined if there is no room for another connection.
 *
 * @param fd The socket.
 * @param address Where to.
 * @param name What to call that in errors.
 */
export function attemptConnect(
  fd: number,
  address: Uint8Array<ArrayBuffer>,
  name: string,
): true | undefined {
  if (libc.connect(fd, address, address.length) >= 0) return true;
  const number = errno();
  const hint = HINTS[number];
  const context = { on: name, kind: "socket", hint };
  if (hint !== undefined) {
    throw systemError(number, "connect", context);
  }
  return wouldBlock("connect", context);
}

const HINTS: Readonly<Record<number, string | undefined>> = {
  [E.ECONNREFUSED]: "nobody listens there",
  [E.EPROTOTYPE]: "the socket there is of another type",
  [E.EACCES]: "this user may not write the socket's file or search a directory",
};

function newQueue(name: string): WaitQueue {
  return new WaitQueue(backoff(FIRST_PAUSE, LONGEST_PAUSE), "connect", name);
}
