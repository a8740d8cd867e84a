import type { Case, Place, Role } from "../case.ts";
import { whenListening } from "../short_connections.ts";

/** `Deno.listenDatagram` with `transport: "unixpacket"`. */
export const denoDatagram: Case = {
  name: "Deno unix datagram",
  voices: ["async"],
  async open(place, role) {
    const socket = Deno.listenDatagram(addressOf(place, role));
    const peer = addressOf(place, role === "a" ? "b" : "a");
    // The other side may not have got so far.
    if (role === "a") await whenListening(() => Deno.lstat(peer.path));
    return {
      async: {
        async send(p) {
          await socket.send(p, peer);
        },
        async receive(p) {
          await socket.receive(p);
        },
      },
    };
  },
};

function addressOf({ directory }: Place, role: Role) {
  return {
    transport: "unixpacket",
    path: `${directory}/datagram-${role}`,
  } as const;
}
