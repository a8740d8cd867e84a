import type { Case, Place, Role } from "../case.ts";
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
  for (;;) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (!isTooEarly(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function isTooEarly(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.ConnectionRefused;
}
