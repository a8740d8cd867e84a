/** Bytes that are used again and again, and copied in words of 64 bits then. */

/** Up to so many bytes that is faster than the copying that is built in. */
export const SHORT = 256;

/** Remembers the bytes that were used last. */
export class ReusedBytes {
  #last: Uint8Array<ArrayBuffer> | undefined;
  /** Null if they cannot be used in words, or there are none. */
  #words: BigInt64Array<ArrayBuffer> | null | undefined;

  /** The words of bytes, if these are the same as the last time. */
  words(bytes: Uint8Array<ArrayBuffer>): BigInt64Array<ArrayBuffer> | null {
    const words = this.#words;
    if (bytes !== this.#last || words === undefined) return this.#look(bytes);
    const { length } = bytes;
    // Their buffer may have been resized since, or detached.
    return words === null || length > 0 && words.length === length >> 3
      ? words
      : this.#look(bytes);
  }

  #look(bytes: Uint8Array<ArrayBuffer>): BigInt64Array<ArrayBuffer> | null {
    if (bytes !== this.#last) {
      this.#last = bytes;
      this.#words = undefined;
      return null;
    }
    return this.#words = wordsOf(bytes);
  }
}

function wordsOf(
  { buffer, byteOffset, length }: Uint8Array<ArrayBuffer>,
): BigInt64Array<ArrayBuffer> | null {
  return length > 0 && byteOffset % 8 === 0
    ? new BigInt64Array(buffer, byteOffset, length >> 3)
    : null;
}
