/** Seals of memory files: fcntl(2), F_ADD_SEALS. Linux. */

import { libc as base } from "../_internal/_ffi.ts";
import { check } from "../_internal/errno.ts";
import { notSupported, os } from "../_internal/platform.ts";
import type { Seal } from "./seal.ts";

const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;

const SEALS: Readonly<Record<Seal, number>> = {
  "seal": 1,
  "shrink": 2,
  "grow": 4,
  "write": 8,
  "future-write": 16,
};

/** Adds seals. */
export function addSeals(fd: number, seals: readonly Seal[], on: string): void {
  requireLinux();
  const mask = seals.reduce((sum, seal) => sum | sealBit(seal), 0);
  check(base.fcntl(fd, F_ADD_SEALS, BigInt(mask)), "fcntl", {
    on,
    hint: "only a memfd made with `sealable` takes seals, until the last one",
  });
}

/** The seals that are set. */
export function getSeals(fd: number): Seal[] {
  requireLinux();
  const mask = base.fcntl(fd, F_GET_SEALS, 0n);
  // EINVAL: something that has no seals.
  if (mask < 0) return [];
  return (Object.keys(SEALS) as Seal[]).filter((seal) => mask & SEALS[seal]);
}

/** Whether it can only be mapped to be read. */
export function isWriteSealed(fd: number): boolean {
  const seals = os === "linux" ? getSeals(fd) : [];
  return seals.includes("write") || seals.includes("future-write");
}

/** Refuses what is no seal, before anything is done. */
export function requireSeals(seals: readonly Seal[]): void {
  for (const seal of seals) sealBit(seal);
}

function sealBit(seal: Seal): number {
  if (Object.hasOwn(SEALS, seal)) return SEALS[seal];
  throw new TypeError(
    `Cannot seal: a seal must be one of ${Object.keys(SEALS).join(", ")}: ` +
      `current value is ${seal}`,
  );
}

function requireLinux(): void {
  if (os !== "linux") notSupported("sealing memory");
}
