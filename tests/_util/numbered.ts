/** Numbered messages in which a wrong byte is noticed, as in testdata/ring.c. */

/** How long a message is, by its number. */
export function lengthOf(number: number, longest: number): number {
  return (Math.imul(number, 2654435761) >>> 0) % (longest + 1);
}

/** The message with that number. */
export function numbered(
  number: number,
  longest: number,
): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(lengthOf(number, longest));
  for (let i = 0; i < data.length; i++) data[i] = number * 31 + i * 7;
  return data;
}

/** Whether that is the message with that number. */
export function isNumbered(
  data: Uint8Array,
  number: number,
  longest: number,
): boolean {
  if (data.length !== lengthOf(number, longest)) return false;
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== (number * 31 + i * 7 & 255)) return false;
  }
  return true;
}
