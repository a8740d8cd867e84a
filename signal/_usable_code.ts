import { CODE_DATA, mapCode } from "../_internal/executable.ts";
import { unmap } from "../_internal/mapping.ts";
import { type MachineCode, machineCode } from "./_machine_code.ts";

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
    unmap(mapCode(new Uint8Array(1)), 2 * CODE_DATA);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}
