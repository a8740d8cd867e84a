/**
 * Messages in a stream of bytes: each after its length, as four bytes with the
 * most significant first. Nothing here reads or writes anything.
 */

const HEADER = 4;
const CHUNK = 16_384;

/** A message with its length before it. */
export function encodeFrame(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER + data.length);
  new DataView(frame.buffer).setUint32(0, data.length);
  frame.set(data, HEADER);
  return frame;
}

/**
 * Takes a stream apart. Whoever reads it fills {@linkcode space} and says by
 * {@linkcode fill} how much of it, and asks for what is complete by then.
 */
export class FrameReader {
  readonly #maxLength: number;
  /** What was read and not asked for yet: from #begin to #end. */
  readonly #buffer = new Uint8Array(CHUNK);
  #begin = 0;
  #end = 0;
  /** A message that was not complete when it began, and how much there is. */
  #message: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @param maxLength The longest message, in bytes. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Where to put what is read next; never empty. */
  get space(): Uint8Array<ArrayBuffer> {
    return this.#message?.subarray(this.#filled) ??
      this.#buffer.subarray(this.#end);
  }

  /** Says that so many bytes of {@linkcode space} were filled. */
  fill(count: number): void {
    if (this.#message === undefined) this.#end += count;
    else this.#filled += count;
  }

  /**
   * The next message that is complete, in memory of its own; undefined if none
   * is.
   *
   * @throws {Deno.errors.InvalidData} If it is announced as longer than is
   * allowed, before any memory is set aside for it.
   */
  next(): Uint8Array<ArrayBuffer> | undefined {
    return this.#message === undefined
      ? this.#fromBuffer()
      : this.#completed(this.#message);
  }

  #completed(
    message: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer> | undefined {
    if (this.#filled < message.length) return undefined;
    this.#message = undefined;
    return message;
  }

  #fromBuffer(): Uint8Array<ArrayBuffer> | undefined {
    const there = this.#end - this.#begin;
    if (there < HEADER) return this.#compact();
    const length = this.#length();
    const body = this.#begin + HEADER;
    if (there < HEADER + length) {
      // The rest is read to where it belongs.
      this.#message = new Uint8Array(length);
      this.#message.set(this.#buffer.subarray(body, this.#end));
      this.#filled = this.#end - body;
      this.#begin = this.#end = 0;
      return undefined;
    }
    this.#begin = body + length;
    return this.#buffer.slice(body, this.#begin);
  }

  #length(): number {
    const view = new DataView(this.#buffer.buffer, this.#begin, HEADER);
    const length = view.getUint32(0);
    if (length <= this.#maxLength) return length;
    throw new Deno.errors.InvalidData(
      `The peer announced a message of ${length} bytes: ` +
        `maxLength is ${this.#maxLength}`,
    );
  }

  /** Makes room behind what there is of a length. */
  #compact(): undefined {
    this.#buffer.copyWithin(0, this.#begin, this.#end);
    this.#end -= this.#begin;
    this.#begin = 0;
  }

  /**
   * What an end of the stream means now.
   *
   * @throws {Deno.errors.UnexpectedEof} If it is in the middle of a message.
   */
  end(): void {
    const there = this.#message ? this.#filled : this.#end - this.#begin;
    if (this.#message === undefined && there === 0) return;
    const all = this.#message
      ? `${this.#message.length} bytes of the message`
      : `${HEADER} bytes of the length`;
    throw new Deno.errors.UnexpectedEof(
      `The stream ended in the middle of a message: ` +
        `there were ${there} of ${all}`,
    );
  }
}
