/** The struct of `tests/testdata/messages.c`. */

/** The size of the struct, in bytes. */
export const MESSAGE_SIZE = 32;

const TEXT_SIZE = 16;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** One message. */
export interface Message {
  readonly sender: number;
  readonly number: number;
  readonly value: number;
  readonly text: string;
}

/** The bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_SIZE);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, message.sender, LITTLE_ENDIAN);
  view.setInt32(4, message.number, LITTLE_ENDIAN);
  view.setFloat64(8, message.value, LITTLE_ENDIAN);
  new TextEncoder().encodeInto(message.text, bytes.subarray(16));
  return bytes;
}

/** The message that begins at `offset`. */
export function decodeMessage(bytes: Uint8Array, offset: number = 0): Message {
  const view = new DataView(
    bytes.buffer,
    bytes.byteOffset + offset,
    MESSAGE_SIZE,
  );
  const text = new TextDecoder().decode(
    bytes.subarray(offset + MESSAGE_SIZE - TEXT_SIZE, offset + MESSAGE_SIZE),
  );
  return {
    sender: view.getInt32(0, LITTLE_ENDIAN),
    number: view.getInt32(4, LITTLE_ENDIAN),
    value: view.getFloat64(8, LITTLE_ENDIAN),
    text: text.slice(0, text.indexOf("\0")),
  };
}
