/** The one reader of `errno`, and the one check of a system call's result. */

import { constants } from "node:os";
import { libc } from "./_ffi.ts";
import { toError } from "./error.ts";
import { platform, supported } from "./platform.ts";

/** The error numbers of this system by name. */
export const E: Readonly<Record<string, number>> = {
  ...constants.errno,
  ...platform.errno,
};

/** What an error says beside what the kernel said. */
export interface ErrorContext {
  /** The object that was worked on: its path or name. */
  readonly on?: string;
  /** What kind of object that is, for "no such …" and "… already exists". */
  readonly kind?: string;
  /** What to do about it. */
  readonly hint?: string;
}

/**
 * Where this thread's errno lives. Kept from the beginning: looking the place
 * up after a failed call allocates, and a collection may change errno.
 */
const cell: Int32Array = errnoCell();

function errnoCell(): Int32Array {
  if (!supported) return new Int32Array(1);
  try {
    const pointer = libc.__errno_location()!;
    return new Int32Array(
      Deno.UnsafePointerView.getArrayBuffer(pointer, 4),
    );
  } catch {
    // FFI is not permitted: every call says so itself, before errno matters.
    return new Int32Array(1);
  }
}

/** The error number of the call just made; read it before anything else. */
export function errno(): number {
  return cell[0];
}

/**
 * The result of a system call that answers -1 when it fails, or its error.
 *
 * @param result What the call answered.
 * @param syscall Its name.
 * @param context What it worked on.
 */
export function check(
  result: number,
  syscall: string,
  context?: ErrorContext,
): number {
  if (result >= 0) return result;
  throw systemError(cell[0], syscall, context);
}

/**
 * For the functions that return the error number instead of setting errno:
 * posix_spawn and all that begins with pthread.
 */
export function checkReturned(
  number: number,
  syscall: string,
  context?: ErrorContext,
): void {
  if (number !== 0) throw systemError(number, syscall, context);
}

/**
 * For a call on a non-blocking descriptor that answered -1: returns undefined
 * when it has to be made again later, throws when it failed.
 */
export function wouldBlock(
  syscall: string,
  context?: ErrorContext,
): undefined {
  const number = cell[0];
  if (number === E.EAGAIN || number === E.EINTR) return undefined;
  throw systemError(number, syscall, context);
}

/** The error for an error number, however it was learned. */
export function systemError(
  number: number,
  syscall: string,
  { on, kind, hint }: ErrorContext = {},
): Error {
  const code = nameOf(number);
  let message = `${code}: ${describe(code, number, kind)}, ${syscall}`;
  if (on !== undefined) message += ` '${on}'`;
  if (hint !== undefined) message += `: ${hint}`;
  return toError(message, { code, errno: number, syscall });
}

/** The error for a wait that outlasted its time. */
export function timedOut(
  milliseconds: number,
  what: string,
  on?: string,
): Error {
  return systemError(E.ETIMEDOUT, what, {
    on,
    hint: `waited ${milliseconds} ms`,
  });
}

/** The error for an object that was closed. */
export function closedError(syscall: string, on?: string): Error {
  return systemError(E.EBADF, syscall, { on, hint: "it is closed" });
}

/** Where two names share a number, the one the manual pages use. */
const PREFERRED: readonly string[] = ["EAGAIN", "ENOTSUP"];

function nameOf(number: number): string {
  const names = Object.keys(E).filter((name) => E[name] === number);
  return names.find((name) => PREFERRED.includes(name)) ?? names[0] ??
    `E${number}`;
}

function describe(code: string, number: number, kind?: string): string {
  if (kind !== undefined && code === "ENOENT") return `no such ${kind}`;
  if (kind !== undefined && code === "EEXIST") return `${kind} already exists`;
  // The C library knows of connections only.
  if (code === "ETIMEDOUT") return "timed out";
  const pointer = libc.strerror(number);
  if (pointer === null) return `error ${number}`;
  const text = new Deno.UnsafePointerView(pointer).getCString();
  return text[0].toLowerCase() + text.slice(1);
}
