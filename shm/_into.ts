import { bytes } from "../_internal/arguments.ts";
import type { RingReceiveOptions } from "./ring_receive_options.ts";

/** Where a message goes; undefined for memory of its own. */
export function intoOf(
  options: RingReceiveOptions | undefined,
): Uint8Array<ArrayBuffer> | undefined {
  const into = options?.into;
  return into === undefined ? undefined : bytes(into, "receive");
}
