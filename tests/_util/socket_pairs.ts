/** Sockets that are connected with each other, and closed after the test. */

import { Deadline } from "./peer.ts";
import { UnixDatagram, UnixSeqpacket, UnixStream } from "@ipc/core/socket";

/**
 * Two ends, closed at the end of the block; and at the deadline, so that a wait
 * that would be for ever is a failure.
 */
export class Ends<T extends Disposable> implements Disposable {
  readonly here: T;
  readonly there: T;
  readonly #deadline = new Deadline();

  constructor([here, there]: [T, T]) {
    this.here = here;
    this.there = there;
    const close = () => this.#close();
    this.#deadline.signal.addEventListener("abort", close);
  }

  #close(): void {
    this.here[Symbol.dispose]();
    this.there[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#deadline[Symbol.dispose]();
    this.#close();
  }
}

/** Two streams. */
export function streams(): Ends<UnixStream> {
  return new Ends(UnixStream.pair());
}

/** Two sockets that keep messages apart. Linux. */
export function seqpackets(): Ends<UnixSeqpacket> {
  return new Ends(UnixSeqpacket.pair());
}

/** Two datagram sockets. */
export function datagrams(): Ends<UnixDatagram> {
  return new Ends(UnixDatagram.pair());
}
