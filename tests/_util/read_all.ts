import type { PipeReader } from "../../pipe/mod.ts";

/** Everything up to the end, which closes the reader; unless aborted before. */
export async function readAll(
  reader: PipeReader,
  options: { readonly signal: AbortSignal },
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = reader.readable.pipeThrough(new TransformStream(), options);
  return await new Response(stream).bytes();
}
