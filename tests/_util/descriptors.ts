/** Bare descriptors, which no object of this package owns. */

import { libc } from "../../_internal/_ffi.ts";
import { setNonblocking } from "../../_internal/descriptor.ts";
import { check } from "../../_internal/errno.ts";
import { open } from "../../_internal/libc.ts";

const extra = open({
  // int pipe(int fildes[2]);
  pipe: { parameters: ["buffer"], result: "i32" },
  // int socketpair(int domain, int type, int protocol, int sv[2]);
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int shutdown(int socket, int how);
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  // int dup(int fildes);
  dup: { parameters: ["i32"], result: "i32" },
  // int dup2(int fildes, int fildes2);
  dup2: { parameters: ["i32", "i32"], result: "i32" },
});

// The same everywhere.
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SHUT_WR = 1;

const CHUNK = 65_536;

/** A non-blocking descriptor, closed at the end of the block if not before. */
export class Bare implements Disposable {
  #fd: number;

  /** Takes over `fd`. */
  constructor(fd: number) {
    setNonblocking(fd, true);
    this.#fd = fd;
  }

  /** The number; -1 when it is closed. */
  get fd(): number {
    return this.#fd;
  }

  /** Writes something small: one byte, unless it has to be something else. */
  write(data: Uint8Array<ArrayBuffer> = new Uint8Array(1)): void {
    check(libc.write(this.#fd, data, BigInt(data.length)), "write");
  }

  /** Writes until nothing more goes in. */
  fill(): void {
    const data = new Uint8Array(CHUNK);
    for (const length of [CHUNK, 1]) {
      while (libc.write(this.#fd, data, BigInt(length)) > 0);
    }
  }

  /** Reads until nothing more comes out. */
  drain(): void {
    const data = new Uint8Array(CHUNK);
    while (libc.read(this.#fd, data, BigInt(CHUNK)) > 0);
  }

  /** Tells a socket's peer that nothing more will come. */
  endWriting(): void {
    check(extra.shutdown(this.#fd, SHUT_WR), "shutdown");
  }

  /** Another descriptor of the same open file. */
  duplicate(): Bare {
    return new Bare(check(extra.dup(this.#fd), "dup"));
  }

  /**
   * Closes it and gives its number to `other` in one go, so that nobody else
   * in this process gets it in between.
   */
  replaceBy(other: Bare): Bare {
    const fd = this.#fd;
    check(extra.dup2(other.#fd, fd), "dup2");
    this.#fd = -1;
    other.close();
    return new Bare(fd);
  }

  /** Has somebody else close it, who is told the number. */
  release(): number {
    const fd = this.#fd;
    this.#fd = -1;
    return fd;
  }

  close(): void {
    if (this.#fd >= 0) libc.close(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Two descriptors that are connected with each other. */
export class BarePair implements Disposable {
  readonly #ends: readonly [Bare, Bare];

  private constructor(fds: Int32Array) {
    this.#ends = [new Bare(fds[0]), new Bare(fds[1])];
  }

  /** A pipe. */
  static pipe(): BarePair {
    const fds = new Int32Array(2);
    check(extra.pipe(fds), "pipe");
    return new BarePair(fds);
  }

  /** Two stream sockets. */
  static sockets(): BarePair {
    const fds = new Int32Array(2);
    check(extra.socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
    return new BarePair(fds);
  }

  /** The end of a pipe that is read from, or one of the sockets. */
  get reader(): Bare {
    return this.#ends[0];
  }

  /** The end of a pipe that is written to, or the other socket. */
  get writer(): Bare {
    return this.#ends[1];
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end.close();
  }
}
