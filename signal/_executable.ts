/** Memory with machine code that can be run. */

import { type Address, map, protect, unmap } from "../_internal/mapping.ts";
import {
  MAP_PRIVATE,
  platform,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from "../_internal/platform.ts";
import { DATA, type MachineCode, machineCode } from "./_machine_code.ts";

/**
 * Maps code, with as much memory for its data after it. Never writable and
 * executable at once.
 *
 * @throws {Deno.errors.PermissionDenied} If memory may not be executed here.
 */
export function mapCode(code: Uint8Array): Address {
  const flags = MAP_PRIVATE | platform.MAP_ANONYMOUS;
  const address = map(2 * DATA, PROT_READ | PROT_WRITE, flags);
  try {
    const memory = Deno.UnsafePointerView.getArrayBuffer(address, code.length);
    new Uint8Array(memory).set(code);
    protect(address, DATA, PROT_READ | PROT_EXEC);
    return address;
  } catch (error) {
    unmap(address, 2 * DATA);
    throw error;
  }
}

let permitted: boolean | undefined;

/** The code for this machine; undefined if there is none, or it cannot be run. */
export function usableCode(): MachineCode | undefined {
  if (machineCode === undefined) return undefined;
  permitted ??= isPermitted();
  return permitted ? machineCode : undefined;
}

/** SELinux and systemd's MemoryDenyWriteExecute may say no: mprotect(2). */
function isPermitted(): boolean {
  try {
    unmap(mapCode(new Uint8Array(1)), 2 * DATA);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}
