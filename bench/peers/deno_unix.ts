import type { Case, Place, Role } from "../case.ts";
import { whenListening } from "../short_connections.ts";
import { conversation } from "./_conversation.ts";

/** `Deno.listen` and `Deno.connect` with `transport: "unix"`. */
export const denoUnix: Case = {
  name: "Deno unix socket",
  voices: ["async"],
  async open(place, role) {
    const connection = await connect(place, role);
    return conversation(connection, connection);
  },
};

async function connect(place: Place, role: Role): Promise<Deno.Conn> {
  const path = `${place.directory}/socket`;
  if (role === "b") {
    using listener = Deno.listen({ transport: "unix", path });
    return await listener.accept();
  }
  return await whenListening(() => Deno.connect({ transport: "unix", path }));
}
