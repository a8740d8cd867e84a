import type { Case, Place, Role } from "../case.ts";
import { shortConnections, whenListening } from "../short_connections.ts";
import { conversation } from "./_conversation.ts";

/** `Deno.listen` and `Deno.connect`, anew for each message and its answer. */
export const denoConnections: Case = {
  name: "Deno unix connections",
  voices: ["async"],
  open(place, role) {
    const next = door(place, role);
    return {
      async: shortConnections(role, async () => {
        const connection = await next();
        const { async } = conversation(connection, connection);
        return { ...async!, close: () => connection.close() };
      }),
    };
  },
};

function door({ directory }: Place, role: Role): () => Promise<Deno.Conn> {
  const options = { transport: "unix", path: `${directory}/socket` } as const;
  if (role === "a") return () => whenListening(() => Deno.connect(options));
  const listener = Deno.listen(options);
  return () => listener.accept();
}
