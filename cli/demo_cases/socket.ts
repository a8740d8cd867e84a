/** Unix sockets of all types; run as a program, this is the server. */

import {
  type Received,
  UnixDatagram,
  UnixListener,
  UnixSeqpacket,
  UnixStream,
} from "../../socket/mod.ts";
import type { Case } from "../_demo/case.ts";
import {
  overBytes,
  playClient,
  playEchoClient,
  playServer,
  type Talk,
} from "../_demo/ping_pong.ts";
import type { Stage } from "../_demo/stage.ts";

const decoder = new TextDecoder();

/** A conversation over messages. */
function overMessages(
  socket: {
    send(data: string, options: Options): Promise<number>;
    receive(options: { signal?: AbortSignal }): Promise<Received | null>;
  },
  options: Options,
): Talk {
  return {
    async send(text) {
      await socket.send(text, options);
    },
    async receive() {
      const message = await socket.receive(options);
      if (message === null) throw new Error("the peer hung up");
      return decoder.decode(message.data);
    },
  };
}

interface Options {
  readonly signal?: AbortSignal;
  readonly to?: string;
}

/** Starts the server, which tells that it is there by what it sends first. */
function startServer(stage: Stage, type: string, path: string): void {
  stage.startModule(import.meta.url, [type, path]);
}

const withStream: Case = {
  mechanism: "socket",
  peer: "deno",
  async play(stage) {
    const path = stage.path("socket");
    using listener = UnixListener.listen(path);
    startServer(stage, "stream", path);
    using stream = await listener.accept(stage);
    const talk = overBytes(stream, stream, stage.signal);
    return await playClient(talk, stage.rounds);
  },
};

const withSeqpacket: Case = {
  mechanism: "socket",
  peer: "deno seqpacket",
  async play(stage) {
    const path = stage.path("socket");
    using listener = UnixListener.listen(path, { type: "seqpacket" });
    startServer(stage, "seqpacket", path);
    using connection = await listener.accept(stage);
    const talk = overMessages(connection, stage);
    return await playClient(talk, stage.rounds);
  },
};

const withDatagram: Case = {
  mechanism: "socket",
  peer: "deno datagram",
  async play(stage) {
    using socket = UnixDatagram.bind(stage.path("client"));
    startServer(stage, "datagram", stage.path("client"));
    using ready = await socket.receive(stage);
    const options = { signal: stage.signal, to: ready.from };
    return await playClient(overMessages(socket, options), stage.rounds);
  },
};

const withCat: Case = {
  mechanism: "socket",
  peer: "cat",
  needs: "cat",
  async play(stage) {
    const [ours, theirs] = UnixStream.pair();
    using stream = ours;
    stage.start("cat", [], { 0: theirs, 1: theirs });
    theirs.close();
    const talk = overBytes(stream, stream, stage.signal);
    return await playEchoClient(talk, stage.rounds);
  },
};

/** The cases of sockets that need nothing special. */
export const socketCases: readonly Case[] = [
  withStream,
  ...(Deno.build.os === "linux" ? [withSeqpacket] : []),
  withDatagram,
  withCat,
];

async function serve(type: string, path: string): Promise<void> {
  if (type === "stream") {
    using stream = await UnixStream.connect(path);
    await playServer(overBytes(stream, stream));
  } else if (type === "seqpacket") {
    using connection = await UnixSeqpacket.connect(path);
    await playServer(overMessages(connection, {}));
  } else {
    using socket = UnixDatagram.bind(`${path}-server`);
    await socket.send("ready", { to: path });
    await playServer(overMessages(socket, { to: path }));
  }
}

if (import.meta.main) {
  const [type, path] = Deno.args;
  await serve(type, path);
}
