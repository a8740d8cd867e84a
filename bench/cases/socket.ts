import type { Watchable } from "../../mux/mod.ts";
import {
  type Received,
  UnixDatagram,
  UnixSeqpacket,
  UnixStream,
} from "../../socket/mod.ts";
import type { Case, Endpoint, Link } from "../case.ts";
import { denoDatagram } from "../peers/deno_datagram.ts";
import { streamEndpoint } from "../stream_endpoint.ts";

/** Two stream sockets that are connected with each other. */
export const socketStream: Case = socketCase(
  "socket stream",
  "stream.c",
  () => UnixStream.pair(),
  () => {
    const stream = UnixStream.fromFd(3);
    return streamEndpoint(stream, stream);
  },
);

/** Two sockets that keep messages apart, connected with each other. */
export const socketSeqpacket: Case = {
  ...socketCase(
    "socket seqpacket",
    "message.c",
    () => UnixSeqpacket.pair(),
    () => messageEndpoint(UnixSeqpacket.fromFd(3)),
  ),
  // The nearest that Deno has.
  peers: [denoDatagram],
};

/** Two datagram sockets that are connected with each other. */
export const socketDatagram: Case = {
  ...socketCase(
    "socket datagram",
    "message.c",
    () => UnixDatagram.pair(),
    () => messageEndpoint(UnixDatagram.fromFd(3)),
  ),
  peers: [denoDatagram],
};

function socketCase(
  name: string,
  source: string,
  pair: () => [Watchable & Disposable, Watchable & Disposable],
  open: () => Endpoint,
): Case {
  function link(): Link {
    const [a, b] = pair();
    return {
      fds: { a: { 3: a, 4: a }, b: { 3: b, 4: b } },
      [Symbol.dispose]() {
        a[Symbol.dispose]();
        b[Symbol.dispose]();
      },
    };
  }
  return {
    name,
    voices: ["sync", "async", "async, no spin"],
    c: { source, link },
    link,
    open,
  };
}

/** The part of a message socket that is measured. */
interface MessageSocket {
  send(p: Uint8Array): Promise<number>;
  sendSync(p: Uint8Array): number;
  receive(options: { into: Uint8Array }): Promise<Received | null>;
  receiveSync(options: { into: Uint8Array }): Received | null;
}

function messageEndpoint(socket: MessageSocket): Endpoint {
  return {
    sync: {
      send: (p) => void socket.sendSync(p),
      receive: (p) => whole(socket.receiveSync({ into: p }), p),
    },
    async: {
      async send(p) {
        await socket.send(p);
      },
      async receive(p) {
        whole(await socket.receive({ into: p }), p);
      },
    },
  };
}

function whole(message: Received | null, p: Uint8Array): void {
  if (message?.data.length === p.length) return;
  throw new Error("The other side has gone");
}
