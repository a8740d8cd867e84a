/** Whether a lock keeps all others out, or only those that would. */
export type LockMode = "exclusive" | "shared";

/** One of the modes. */
export function lockMode(mode: LockMode, verb: string): LockMode {
  if (mode === "exclusive" || mode === "shared") return mode;
  throw new TypeError(
    `Cannot ${verb}: the mode must be "exclusive" or "shared": ` +
      `current value is ${JSON.stringify(mode)}`,
  );
}
