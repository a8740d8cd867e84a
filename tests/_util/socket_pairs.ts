/** Sockets that are connected with each other, and closed after the test. */

import { UnixDatagram, UnixSeqpacket, UnixStream } from "@ipc/core/socket";

/** Two ends, closed at the end of the block. */
export class Ends<T extends Disposable> implements Disposable {
  readonly here: T;
  readonly there: T;

  constructor([here, there]: [T, T]) {
    this.here = here;
    this.there = there;
  }

  [Symbol.dispose](): void {
    this.here[Symbol.dispose]();
    this.there[Symbol.dispose]();
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
