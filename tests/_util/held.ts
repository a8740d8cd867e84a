/**
 * What this process has open, told apart from what other tests have open at
 * the same time: in parallel they run in one process.
 */

import { readlinkSync } from "node:fs";
import { openDescriptors } from "./counts.ts";

/** The descriptors that are open to something in `directory`. */
export function descriptorsIn(directory: string): number[] {
  return [...openDescriptors()]
    .filter(([, target]) => target.startsWith(`${directory}/`))
    .map(([fd]) => fd);
}

/** What a descriptor is open to, such as `pipe:[123]`. Linux. */
export function targetOf(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`);
}

/** The descriptors that are open to `target`. Linux. */
export function descriptorsTo(target: string): number[] {
  return [...openDescriptors()]
    .filter(([, other]) => other === target)
    .map(([fd]) => fd);
}
