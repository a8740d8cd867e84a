/**
 * Where messages are put together and received into before they are copied out
 * at their true size. One for all queues: whoever fills it empties it in the
 * same attempt.
 */

import { firstOf } from "../_internal/first_of.ts";
import type { SysvMessage } from "./sysv_message.ts";

/** Memory by bytes and by words of 32 bits. */
export interface Scratch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
  /** The text of the last message that was copied out. */
  text: Uint8Array<ArrayBuffer>;
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
  const bytes = new Uint8Array(words.buffer);
  return { bytes, words, text: bytes.subarray(TYPE_SIZE) };
}

/** Copies out the message that was received. */
export function readMessage(
  scratch: Scratch,
  length: number,
  into: Uint8Array<ArrayBuffer> | undefined,
): SysvMessage {
  const { bytes, words } = scratch;
  let data: Uint8Array<ArrayBuffer>;
  if (into === undefined) data = bytes.slice(TYPE_SIZE, TYPE_SIZE + length);
  else {
    data = firstOf(into, length);
    data.set(textOf(scratch, length));
  }
  return {
    data,
    // In two parts, as a bigint would cost more than all the rest.
    type: words[1] * WORD + (words[0] >>> 0),
  };
}

/**
 * What is behind the type. A view takes longer to make than a short message to
 * copy, and messages often are as long as the last.
 */
function textOf(scratch: Scratch, length: number): Uint8Array<ArrayBuffer> {
  if (scratch.text.length !== length) {
    scratch.text = scratch.bytes.subarray(TYPE_SIZE, TYPE_SIZE + length);
  }
  return scratch.text;
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
