/** `struct sockaddr_un`: the names of sockets. unix(7) */

import { toPath, wellFormed } from "../_internal/arguments.ts";
import {
  AF_UNIX,
  notSupported,
  os,
  type Platform,
  platform,
} from "../_internal/platform.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** As large as an address can come. */
export const ADDRESS_SIZE = 128;

/** Whether `name` is one in the abstract namespace rather than a path. */
export function isAbstract(name: string): boolean {
  return name.startsWith("\0");
}

/** A name for errors: abstract ones are written with "@", as ss(8) does. */
export function printable(name: string): string {
  return isAbstract(name) ? `@${name.slice(1)}` : name;
}

/**
 * The name of a socket from what callers may pass: a path, or after a NUL a
 * name in the abstract namespace.
 */
export function toName(name: string | URL, verb: string): string {
  if (typeof name !== "string" || !isAbstract(name)) {
    return toPath(name, verb);
  }
  if (os !== "linux") {
    notSupported("an abstract socket name", "use a path");
  }
  if (name.length === 1) {
    throw new TypeError(`Cannot ${verb}: the abstract name must not be empty`);
  }
  return name;
}

/** Whether a path is no longer than the path in an address can be. */
export function isShortEnough(path: string): boolean {
  return encoder.encode(path).length < platform.sockaddrUn.pathSize;
}

/** The address of a socket, exactly as long as the kernel has to be told. */
export function encodeAddress(
  name: string,
  verb: string,
  { sockaddrUn, sockaddrUn: { path } }: Platform = platform,
): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(wellFormed(name, verb, "the name"));
  // A path is followed by a NUL here, which not every reader of it adds.
  const end = isAbstract(name) ? 0 : 1;
  const most = sockaddrUn.pathSize - end;
  if (bytes.length > most) {
    throw new RangeError(
      `Cannot ${verb}: the name must be at most ${most} bytes long: ` +
        `current value is ${bytes.length} bytes, ${JSON.stringify(name)}; ` +
        `a relative path may be shorter`,
    );
  }
  const address = new Uint8Array(path + bytes.length + end);
  address.set(bytes, path);
  writeFamily(address, AF_UNIX, sockaddrUn);
  return address;
}

/** The address without a name: binding to it has Linux choose one. */
export function unnamedAddress(): Uint8Array<ArrayBuffer> {
  const address = new Uint8Array(platform.sockaddrUn.path);
  writeFamily(address, AF_UNIX, platform.sockaddrUn);
  return address;
}

/** macOS has the length in the first byte, and the family in one byte. */
function writeFamily(
  address: Uint8Array,
  family: number,
  layout: Platform["sockaddrUn"],
): void {
  if (layout.family === 1) address[0] = address.length;
  address[layout.family] = family;
}

/**
 * The name in an address that came from the kernel; undefined if it has none.
 *
 * @param address Where it is.
 * @param length How many bytes of it the kernel says there are.
 * @throws {Deno.errors.InvalidData} If it is not UTF-8, which no string could
 * stand for.
 */
export function decodeAddress(
  address: Uint8Array,
  length: number,
  { sockaddrUn: { path, pathSize, family } }: Platform = platform,
): string | undefined {
  const end = Math.min(length, address.length, path + pathSize);
  if (end <= path) return undefined;
  let bytes = address.subarray(path, end);
  const abstract = family === 0 && bytes[0] === 0;
  const nul = bytes.indexOf(0);
  if (!abstract && nul >= 0) bytes = bytes.subarray(0, nul);
  if (bytes.length === 0) return undefined;
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Deno.errors.InvalidData(
      `The name of a socket is not UTF-8: its bytes are ${toHex(bytes)}`,
    );
  }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
}
