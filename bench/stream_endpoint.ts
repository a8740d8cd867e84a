/** Byte streams as endpoints: what pipes, FIFOs and stream sockets share. */

import type { Endpoint } from "./case.ts";

/** The part of a reading end that is measured. */
export interface StreamReader {
  read(p: Uint8Array): Promise<number | null>;
  readSync(p: Uint8Array): number | null;
}

/** The part of a writing end that is measured. */
export interface StreamWriter {
  writeAll(p: Uint8Array): Promise<void>;
  writeAllSync(p: Uint8Array): void;
}

/** The endpoint that reads from one stream and writes to the other. */
export function streamEndpoint(
  reader: StreamReader,
  writer: StreamWriter,
): Endpoint {
  return {
    sync: {
      send: (p) => writer.writeAllSync(p),
      receive(p) {
        let filled = 0;
        while (filled < p.length) {
          const rest = filled === 0 ? p : p.subarray(filled);
          filled += present(reader.readSync(rest));
        }
      },
    },
    async: {
      send: (p) => writer.writeAll(p),
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

/** How much was read; the end in the middle of a measure is an error. */
export function present(count: number | null): number {
  if (count === null) throw new Error("The other side has gone");
  return count;
}
