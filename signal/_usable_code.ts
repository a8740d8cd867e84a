import { mayExecute } from "../_internal/executable.ts";
import { type MachineCode, machineCode } from "./_machine_code.ts";

let permitted: boolean | undefined;

/** The code for this machine; undefined if there is none, or it cannot be run. */
export function usableCode(): MachineCode | undefined {
  if (machineCode === undefined) return undefined;
  permitted ??= mayExecute();
  return permitted ? machineCode : undefined;
}
