/** Arguments, checked before the kernel sees them. */

import { fileURLToPath } from "node:url";

/** A file's path from what callers may pass. */
export function toPath(path: string | URL, verb: string): string {
  const text = path instanceof URL ? fileURLToPath(path) : path;
  if (typeof text !== "string") {
    throw new TypeError(`Cannot ${verb}: the path must be a string or a URL`);
  }
  if (text === "") {
    throw new TypeError(`Cannot ${verb}: the path must not be empty`);
  }
  return cText(text, verb, "the path");
}

/**
 * A text that C can take: one with a NUL would be cut off there, and one with
 * half a surrogate pair would become another.
 */
export function cText(text: string, verb: string, what: string): string {
  if (typeof text !== "string") {
    throw new TypeError(`Cannot ${verb}: ${what} must be a string`);
  }
  if (text.includes("\0")) {
    throw new TypeError(
      `Cannot ${verb}: ${what} must not contain a NUL character: ` +
        `current value is ${JSON.stringify(text)}`,
    );
  }
  return wellFormed(text, verb, what);
}

/** A text that UTF-8 can encode. */
export function wellFormed(text: string, verb: string, what: string): string {
  if (text.isWellFormed()) return text;
  throw new TypeError(
    `Cannot ${verb}: ${what} must be text that UTF-8 can encode: ` +
      `current value is ${JSON.stringify(text)}`,
  );
}

/** A whole number from `least` to `most`, both included. */
export function wholeNumber(
  value: number,
  verb: string,
  what: string,
  least: number,
  most: number,
): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const problem = `Cannot ${verb}: ${what} must be a whole number ` +
    `from ${least} to ${most}: current value is ${value}`;
  throw typeof value === "number"
    ? new RangeError(problem)
    : new TypeError(problem);
}

const MOST_FD = 0x7fffffff;

/** A descriptor's number. */
export function fdNumber(fd: number, verb: string): number {
  return wholeNumber(fd, verb, "the descriptor", 0, MOST_FD);
}

/** Permission bits, as chmod(2) takes them. */
export function fileMode(mode: number, verb: string): number {
  return wholeNumber(mode, verb, "the mode", 0, 0o7777);
}

/** Milliseconds to wait, `undefined` for ever. */
export function timeout(
  milliseconds: number | undefined,
  verb: string,
): number {
  if (milliseconds === undefined) return Infinity;
  if (typeof milliseconds !== "number") {
    throw new TypeError(
      `Cannot ${verb}: the timeout must be a number of milliseconds`,
    );
  }
  if (milliseconds >= 0) return milliseconds;
  throw new RangeError(
    `Cannot ${verb}: the timeout must not be negative: ` +
      `current value is ${milliseconds}`,
  );
}

/** Something whose bytes the kernel may read or fill. */
export function bytes(
  value: Uint8Array,
  verb: string,
): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) return attached(value, verb);
  throw new TypeError(`Cannot ${verb}: the data must be a Uint8Array`);
}

/**
 * Bytes that are still there: memory that was transferred to somebody else
 * looks as if there were none. Also for each attempt of what waits.
 */
export function attached(
  value: Uint8Array,
  verb: string,
): Uint8Array<ArrayBuffer> {
  const bytes = value as Uint8Array<ArrayBuffer>;
  if (bytes.length > 0 || !bytes.buffer.detached) return bytes;
  throw new TypeError(
    `Cannot ${verb}: the memory of the data was transferred`,
  );
}

const encoder = new TextEncoder();

/** A message as bytes; a string is UTF-8. */
export function messageBytes(
  data: Uint8Array | string,
  verb: string,
): Uint8Array<ArrayBuffer> {
  if (typeof data === "string") return encoder.encode(data);
  if (data instanceof Uint8Array) return attached(data, verb);
  throw new TypeError(
    `Cannot ${verb}: the message must be a Uint8Array or a string`,
  );
}
