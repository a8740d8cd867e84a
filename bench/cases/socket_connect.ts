import { UnixListener, UnixStream } from "../../socket/mod.ts";
import type { Case, Place, Role } from "../case.ts";
import { denoConnections } from "../peers/deno_connections.ts";
import {
  shortConnections,
  shortConnectionsSync,
  whenListening,
} from "../short_connections.ts";
import { streamEndpoint } from "../stream_endpoint.ts";

/** A connection for each message and its answer. */
export const socketConnect: Case = {
  name: "socket connect",
  voices: ["sync", "async", "async, no spin"],
  sizes: [1],
  measures: ["round trip"],
  c: { source: "connect.c" },
  peers: [denoConnections],
  async open(place, role) {
    const { next, nextSync } = await door(place, role);
    return {
      sync: shortConnectionsSync(role, () => {
        const stream = nextSync();
        const { sync } = streamEndpoint(stream, stream);
        return { ...sync!, close: () => stream.close() };
      }),
      async: shortConnections(role, async () => {
        const stream = await next();
        const { async } = streamEndpoint(stream, stream);
        return { ...async!, close: () => stream.close() };
      }),
    };
  },
};

/** Where a side gets its connections. */
interface Door {
  next(): Promise<UnixStream>;
  nextSync(): UnixStream;
}

async function door({ directory }: Place, role: Role): Promise<Door> {
  const path = `${directory}/socket`;
  if (role === "b") {
    const listener = UnixListener.listen(path);
    // The first is only a knock.
    (await listener.accept()).close();
    return {
      next: () => listener.accept(),
      nextSync: () => listener.acceptSync(),
    };
  }
  await whenListening(async () => (await UnixStream.connect(path)).close());
  return {
    next: () => UnixStream.connect(path),
    nextSync: () => UnixStream.connectSync(path),
  };
}
