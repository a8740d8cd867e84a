/** What is done about a signal: sigaction(2). Linux. */

import { libc } from "./_ffi.ts";
import { check } from "./errno.ts";

// struct sigaction { void (*sa_handler)(int); sigset_t sa_mask; int sa_flags;
//                    void (*sa_restorer)(void); }
export const SIGACTION_SIZE = 152;
const SIGACTION_MASK = 8;
const SIGACTION_FLAGS = 136;
export const SA_SIGINFO = 0x4;
export const SA_RESTART = 0x10000000;
/** What is there instead of a handler. */
export const SIG_DFL = 0n;
export const SIG_IGN = 1n;

/** The part of the struct that is told and asked for. */
export interface Action {
  /** The function's address, {@linkcode SIG_DFL} or {@linkcode SIG_IGN}. */
  readonly handler: bigint;
  readonly flags: number;
}

/** What is done about a signal. */
export function getAction(signal: number): Action {
  const view = new DataView(getStruct(signal).buffer);
  return {
    handler: view.getBigInt64(0, true),
    flags: view.getInt32(SIGACTION_FLAGS, true),
  };
}

/**
 * Has something done about a signal.
 *
 * @param alone Whether no other signal is handled by the same thread meanwhile.
 */
export function setAction(
  signal: number,
  { handler, flags }: Action,
  alone = false,
): void {
  const struct = new Uint8Array(SIGACTION_SIZE);
  const view = new DataView(struct.buffer);
  view.setBigInt64(0, handler, true);
  view.setInt32(SIGACTION_FLAGS, flags, true);
  if (alone) struct.fill(0xff, SIGACTION_MASK, SIGACTION_FLAGS);
  setStruct(signal, struct);
}

/** The whole struct, to be put back. */
export function getStruct(
  signal: number,
  struct: Uint8Array<ArrayBuffer> = new Uint8Array(SIGACTION_SIZE),
): Uint8Array<ArrayBuffer> {
  const result = libc.sigaction(signal, null, struct);
  check(result, "sigaction", { on: `signal ${signal}` });
  return struct;
}

/** Puts a struct back. */
export function setStruct(
  signal: number,
  struct: Uint8Array<ArrayBuffer>,
): void {
  const result = libc.sigaction(signal, struct, null);
  check(result, "sigaction", { on: `signal ${signal}` });
}
