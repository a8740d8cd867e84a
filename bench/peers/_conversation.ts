/** Deno's own streams as endpoints. */

import type { Endpoint } from "../case.ts";
import { present } from "../stream_endpoint.ts";

/** The endpoint that reads from one stream and writes to the other. */
export function conversation(
  reader: { read(p: Uint8Array): Promise<number | null> },
  writer: { write(p: Uint8Array): Promise<number> },
): Endpoint {
  return {
    async: {
      async send(p) {
        let sent = 0;
        while (sent < p.length) {
          sent += await writer.write(sent === 0 ? p : p.subarray(sent));
        }
      },
      async receive(p) {
        let filled = 0;
        while (filled < p.length) {
          const rest = filled === 0 ? p : p.subarray(filled);
          filled += present(await reader.read(rest));
        }
      },
    },
  };
}
