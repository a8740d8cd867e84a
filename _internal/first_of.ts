/** The part of given memory that a message has filled. */

/** Larger memory is not kept from the collector by being remembered. */
const MOST = 65_536;

let last = new Uint8Array(0);

/**
 * The first bytes of `into`: itself if they are all of it. Making a view takes
 * as long as many a system call, and messages often are as long as the last.
 */
export function firstOf(
  into: Uint8Array<ArrayBuffer>,
  length: number,
): Uint8Array<ArrayBuffer> {
  if (length === into.length) return into;
  const same = last.buffer === into.buffer &&
    last.byteOffset === into.byteOffset && last.length === length;
  if (same) return last;
  const part = into.subarray(0, length);
  if (into.length <= MOST) last = part;
  return part;
}
