/**
 * sendmsg(2) and recvmsg(2). The structs they take point at each other, which
 * the collector does not see: so they are made once, for all messages, and hold
 * whatever else they point at.
 */

import { attached } from "../_internal/arguments.ts";
import {
  check,
  E,
  errno,
  type ErrorContext,
  systemError,
  wouldBlock,
} from "../_internal/errno.ts";
import { address } from "../_internal/memory.ts";
import { os, platform } from "../_internal/platform.ts";
import { ADDRESS_SIZE } from "./_address.ts";
import { controlSize } from "./_control.ts";
import { libc } from "./_ffi.ts";

/** What is longer needs memory of its own. */
export const SCRATCH_SIZE = 1 << 19;

/** The structs, one after the other in one piece of memory. */
const HEADER = 0;
const IOV = 64;
const NAME = IOV + 16;
const CONTROL = NAME + ADDRESS_SIZE;
const SCRATCH = Math.ceil((CONTROL + controlSize()) / 64) * 64;

const { msghdr } = platform;
const NAME_LENGTH = (HEADER + msghdr.nameLength) / 4;
const CONTROL_LENGTH = (HEADER + msghdr.controlLength) / 4;
const FLAGS = (HEADER + msghdr.flags) / 4;

/** Structs of one direction, which point at each other. */
class Structs {
  readonly #words: Uint32Array;
  readonly #pointers: BigUint64Array;
  readonly #base: bigint;
  /** The data they point at, outside of this memory. */
  #data: Uint8Array<ArrayBuffer> | undefined;
  /** `struct msghdr`. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** Where the address is. */
  readonly name: Uint8Array<ArrayBuffer>;
  /** Where the ancillary data is. */
  readonly control: Int32Array<ArrayBuffer>;
  /** Where the data may be. */
  readonly scratch: Uint8Array<ArrayBuffer>;

  constructor(scratchSize: number) {
    const memory = new ArrayBuffer(SCRATCH + scratchSize);
    this.#words = new Uint32Array(memory, 0, NAME / 4);
    this.#pointers = new BigUint64Array(memory, 0, NAME / 8);
    this.#base = address(new Uint8Array(memory));
    this.header = new Uint8Array(memory, HEADER, msghdr.size);
    this.name = new Uint8Array(memory, NAME, ADDRESS_SIZE);
    this.control = new Int32Array(memory, CONTROL, controlSize() / 4);
    this.scratch = new Uint8Array(memory, SCRATCH);
    this.#point(HEADER + msghdr.name, NAME);
    this.#point(HEADER + msghdr.iov, IOV);
    this.#point(HEADER + msghdr.control, CONTROL);
    this.#words[(HEADER + msghdr.iovLength) / 4] = 1;
  }

  #point(from: number, to: number): void {
    this.#pointers[from / 8] = this.#base + BigInt(to);
  }

  /** Where the data is, and how much; no more than there is room for now. */
  setData(data: Uint8Array<ArrayBuffer>, length: number): void {
    // To learn an address takes as long as to receive a message. Memory that
    // was transferred to somebody else has no length any more.
    if (data !== this.#data) {
      this.#pointers[IOV / 8] = address(data);
      this.#data = data;
    }
    this.#words[IOV / 4 + 2] = length;
  }

  setLengths(name: number, control: number): void {
    this.#words[NAME_LENGTH] = name;
    this.#words[CONTROL_LENGTH] = control;
  }

  get nameLength(): number {
    return this.#words[NAME_LENGTH];
  }

  get controlLength(): number {
    return this.#words[CONTROL_LENGTH];
  }

  get flags(): number {
    return this.#words[FLAGS];
  }
}

let outgoing: Structs | undefined;
let incoming: Structs | undefined;

// Nobody who shares the open file can make these block by clearing O_NONBLOCK.
const SEND_FLAGS = platform.MSG_DONTWAIT | platform.MSG_NOSIGNAL;
const RECEIVE_FLAGS = platform.MSG_DONTWAIT | platform.MSG_CMSG_CLOEXEC;

/** send(2) that never waits, in place of write(2). */
export function sendBytes(
  fd: number,
  p: Uint8Array<ArrayBuffer>,
  length: bigint,
): number {
  return libc.send(fd, p, length, SEND_FLAGS);
}

/** recv(2) that never waits, in place of read(2). */
export function receiveBytes(
  fd: number,
  p: Uint8Array<ArrayBuffer>,
  length: bigint,
): number {
  return libc.recv(fd, p, length, platform.MSG_DONTWAIT);
}

/**
 * Sends once; undefined if that would have to wait.
 *
 * @param fd The socket.
 * @param data What to send.
 * @param context What to say in errors.
 * @param control Ancillary data, if there is any.
 * @param to An address, if not the one that the socket is connected to.
 */
export function attemptSend(
  fd: number,
  data: Uint8Array<ArrayBuffer>,
  context: ErrorContext,
  control?: Uint8Array<ArrayBuffer>,
  to?: Uint8Array<ArrayBuffer>,
): number | undefined {
  // Else it would be sent as a message that is empty.
  attached(data, "send");
  const count = control !== undefined
    ? sendMessage(fd, data, control, to)
    : to !== undefined
    ? sendTo(fd, data, to)
    : libc.send(fd, data, BigInt(data.length), SEND_FLAGS);
  return count >= 0 ? count : failure(context, control !== undefined);
}

function sendTo(
  fd: number,
  data: Uint8Array<ArrayBuffer>,
  to: Uint8Array<ArrayBuffer>,
): number {
  const length = BigInt(data.length);
  return libc.sendto(fd, data, length, SEND_FLAGS, to, to.length);
}

function sendMessage(
  fd: number,
  data: Uint8Array<ArrayBuffer>,
  control: Uint8Array<ArrayBuffer>,
  to: Uint8Array<ArrayBuffer> | undefined,
): number {
  const structs = outgoing ??= new Structs(0);
  if (to !== undefined) structs.name.set(to);
  structs.control.set(new Int32Array(control.buffer));
  structs.setData(data, data.length);
  structs.setLengths(to?.length ?? 0, control.length);
  return libc.sendmsg(fd, structs.header, SEND_FLAGS);
}

function failure(context: ErrorContext, withControl: boolean): undefined {
  const number = errno();
  // The queue of the one to receive it is full: macOS has a number for that.
  if (os === "darwin" && number === E.ENOBUFS) return undefined;
  const hint = withControl && number === E.EBADF
    ? "a descriptor of `fds` is not open"
    : HINTS[number];
  if (hint !== undefined) {
    throw systemError(number, "send", { ...context, hint });
  }
  return wouldBlock("send", context);
}

const HINTS: Readonly<Record<number, string | undefined>> = {
  [E.EMSGSIZE]: "more than the socket's send buffer holds, see sendBufferSize",
  [E.ECONNREFUSED]: "nobody receives there any more",
  [E.ENOTCONN]: "it is connected to nobody, and `to` was not given",
  [E.ETOOMANYREFS]:
    "more descriptors are on their way than this user may have open",
};

/** What the last recvmsg answered; good until the next. */
export interface Arrival {
  /** How many bytes there are. */
  readonly count: number;
  /** Where they are. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The address of the sender, and how long it is. */
  readonly name: Uint8Array<ArrayBuffer>;
  readonly nameLength: number;
  /** Ancillary data, and how many bytes there are. */
  readonly control: Int32Array<ArrayBuffer>;
  readonly controlLength: number;
  /** The MSG_ flags that the kernel has set. */
  readonly flags: number;
}

/** What to receive. */
export interface Wanted {
  /**
   * Where the data goes; memory that the next call uses again if undefined.
   */
  readonly into: Uint8Array<ArrayBuffer> | undefined;
  /** How many bytes at the most; `SCRATCH_SIZE` if `into` is undefined. */
  readonly length: number;
}

/**
 * Receives once; undefined if that would have to wait.
 *
 * @param fd The socket.
 * @param wanted What to receive.
 * @param named Whether to ask for the name of the sender.
 * @param context What to say in errors.
 */
export function attemptReceive(
  fd: number,
  { into, length }: Wanted,
  named: boolean,
  context: ErrorContext,
): Arrival | undefined {
  const structs = incoming ??= new Structs(SCRATCH_SIZE);
  const { scratch, name, control } = structs;
  const data = into ?? scratch;
  if (data.length < length) {
    throw new TypeError(
      "Cannot receive: the memory of `into` was taken away meanwhile",
    );
  }
  structs.setData(data, length);
  structs.setLengths(named ? ADDRESS_SIZE : 0, control.byteLength);
  const count = libc.recvmsg(fd, structs.header, RECEIVE_FLAGS);
  if (count < 0) return wouldBlock("recvmsg", context);
  const { nameLength, controlLength, flags } = structs;
  return { count, data, name, nameLength, control, controlLength, flags };
}

/** shutdown(2); a peer that has gone already is no error. */
export function shutdown(fd: number, how: number, context: ErrorContext): void {
  const result = libc.shutdown(fd, how);
  if (result < 0 && errno() === E.ENOTCONN) return;
  check(result, "shutdown", context);
}
