/**
 * Where messages are put together and received into before they are copied out
 * at their true size. One for all queues: whoever fills it empties it in the
 * same attempt.
 */

import type { SysvMessage } from "./sysv_message.ts";

/** Memory by bytes and by words of 32 bits. */
export interface Scratch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
}

// struct msgbuf { long mtype; char mtext[]; }
/** How many bytes the type has that System V messages begin with. */
export const TYPE_SIZE = 8;

const WORD = 2 ** 32;

let scratch = allocate(TYPE_SIZE + 8192);

/** Memory for so many bytes at least, good until the next call. */
export function scratchFor(size: number): Scratch {
  if (scratch.bytes.length < size) scratch = allocate(size);
  return scratch;
}

function allocate(size: number): Scratch {
  const words = new Int32Array(Math.ceil(size / 4));
  return { bytes: new Uint8Array(words.buffer), words };
}

/** Copies out the message that was received. */
export function readMessage(
  { bytes, words }: Scratch,
  length: number,
  into: Uint8Array | undefined,
): SysvMessage {
  const end = TYPE_SIZE + length;
  let data: Uint8Array;
  if (into === undefined) data = bytes.slice(TYPE_SIZE, end);
  else {
    data = into.subarray(0, length);
    data.set(bytes.subarray(TYPE_SIZE, end));
  }
  return {
    data: data as Uint8Array<ArrayBuffer>,
    // In two parts, as a bigint would cost more than all the rest.
    type: words[1] * WORD + (words[0] >>> 0),
  };
}

/** Puts a message together. */
export function writeMessage(
  type: number,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { bytes, words } = scratchFor(TYPE_SIZE + data.length);
  words[0] = type;
  words[1] = type / WORD;
  bytes.set(data, TYPE_SIZE);
  return bytes;
}
