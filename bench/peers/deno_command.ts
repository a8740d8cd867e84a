import type { Case, Endpoint, Place } from "../case.ts";
import type { Assignment } from "../orders.ts";
import { workerArgs } from "../worker_args.ts";
import { conversation } from "./_conversation.ts";

/** `Deno.Command` with piped standard input and output. */
export const denoCommand: Case = {
  name: "Deno.Command pipes",
  voices: ["async"],
  startsPeer: true,
  open(place, role) {
    return role === "a" ? parent(place) : conversation(Deno.stdin, Deno.stdout);
  },
};

function parent(place: Place): Endpoint {
  const assignment: Assignment = {
    case: denoCommand.name,
    voice: "async",
    role: "b",
    place,
  };
  const child = new Deno.Command(Deno.execPath(), {
    args: workerArgs(assignment),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  return conversation(chunkReader(child.stdout), chunkWriter(child.stdin));
}

function chunkWriter(stream: WritableStream<Uint8Array>) {
  const writer = stream.getWriter();
  return {
    async write(p: Uint8Array): Promise<number> {
      await writer.write(p);
      return p.length;
    },
  };
}

function chunkReader(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  let chunk: Uint8Array = new Uint8Array(0);
  return {
    async read(p: Uint8Array): Promise<number | null> {
      if (chunk.length === 0) {
        const { done, value } = await reader.read();
        if (done) return null;
        chunk = value;
      }
      const part = chunk.subarray(0, p.length);
      p.set(part);
      chunk = chunk.subarray(part.length);
      return part.length;
    },
  };
}
