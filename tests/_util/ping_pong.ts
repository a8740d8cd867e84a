/** The classic of the field, over the ends of pipes and FIFOs. */

import type { PipeReader, PipeWriter } from "@ipc/core/pipe";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Says "ping" so many times, then "end"; answers what was answered. */
export async function playClient(
  reader: PipeReader,
  writer: PipeWriter,
  rounds: number,
  options: { readonly signal: AbortSignal },
): Promise<string[]> {
  const answers: string[] = [];
  for (let round = 0; round < rounds; round++) {
    await writer.writeAll(encoder.encode("ping"), options);
    answers.push(await receive(reader, options));
  }
  await writer.writeAll(encoder.encode("end"), options);
  return answers;
}

/** Answers "pong" until "end" is said; answers what was said before. */
export async function playServer(
  reader: PipeReader,
  writer: PipeWriter,
  options: { readonly signal: AbortSignal },
): Promise<string[]> {
  const requests: string[] = [];
  for (;;) {
    const request = await receive(reader, options);
    if (request === "end") return requests;
    requests.push(request);
    await writer.writeAll(encoder.encode("pong"), options);
  }
}

async function receive(
  reader: PipeReader,
  options: { readonly signal: AbortSignal },
): Promise<string> {
  const word = new Uint8Array(4);
  const count = await reader.read(word, options);
  if (count === null) throw new Error("the peer has hung up");
  return decoder.decode(word.subarray(0, count));
}
