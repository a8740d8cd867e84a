/** Bare TCP sockets of this machine, for what only they have. Linux. */

import { check, E, errno } from "../../_internal/errno.ts";
import { open } from "../../_internal/libc.ts";
import { Bare } from "./descriptors.ts";

const libc = open({
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int socket, const struct sockaddr *address, socklen_t len);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int listen(int socket, int backlog);
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int accept(int socket, struct sockaddr *address, socklen_t *len);
  accept: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int connect(int socket, const struct sockaddr *address, socklen_t len);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int getsockname(int socket, struct sockaddr *address, socklen_t *len);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // ssize_t send(int socket, const void *buffer, size_t length, int flags);
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
});

const AF_INET = 2;
const SOCK_STREAM = 1;
const MSG_OOB = 1;
const BACKLOG = 8;

/** A socket that listens on a port that was free. */
export class TcpListener extends Bare {
  readonly #address: Uint8Array<ArrayBuffer>;

  constructor() {
    super(check(libc.socket(AF_INET, SOCK_STREAM, 0), "socket"));
    // struct sockaddr_in: sin_family, sin_port and sin_addr in network order.
    const address = new Uint8Array(16);
    new DataView(address.buffer).setUint16(0, AF_INET, true);
    address.set([127, 0, 0, 1], 4);
    check(libc.bind(this.fd, address, address.length), "bind");
    check(libc.listen(this.fd, BACKLOG), "listen");
    const length = new Uint32Array([address.length]);
    check(libc.getsockname(this.fd, address, length), "getsockname");
    this.#address = address;
  }

  /** A socket that connects to this one. */
  connect(): Bare {
    const socket = new Bare(
      check(libc.socket(AF_INET, SOCK_STREAM, 0), "socket"),
    );
    const result = libc.connect(socket.fd, this.#address, 16);
    if (result < 0 && errno() !== E.EINPROGRESS) check(result, "connect");
    return socket;
  }

  /** The other side of one that connects. */
  accept(): Bare {
    return new Bare(check(libc.accept(this.fd, null, null), "accept"));
  }
}

/** Two sockets that are connected with each other. */
export function tcpPair(): readonly [Bare, Bare] {
  using listener = new TcpListener();
  const here = listener.connect();
  return [here, listener.accept()];
}

/** Sends a byte out of band. */
export function sendUrgent(socket: Bare): void {
  check(libc.send(socket.fd, new Uint8Array(1), 1n, MSG_OOB), "send");
}
