/** The descriptors that locks are held by, and when they are closed. */

import type { Descriptor } from "../_internal/descriptor.ts";
import { identityOf } from "../_internal/file.ts";
import { identityOfFile, openToLock } from "./_open.ts";
import type { FileLockOptions, Lockable } from "./lock_options.ts";

/** A descriptor that is used, and how to end that. */
export interface FileUse {
  readonly descriptor: Descriptor;
  readonly end: () => void;
}

/** One that several locks use. */
interface Shared {
  readonly descriptor: Descriptor;
  users: number;
}

/** Those of locks of kind "posix", by their file. */
const shared = new Map<string, Shared>();

/**
 * A descriptor of its own, so that the lock ends neither before nor after the
 * object that has it. But closing any descriptor of a file ends all locks of
 * the process on it: so those of kind "posix" share one.
 */
export function useFile(
  file: Lockable,
  verb: string,
  options: FileLockOptions,
): FileUse {
  if (options.kind === "posix") return useShared(file, verb, options);
  const descriptor = openToLock(file, verb, options);
  return { descriptor, end: () => descriptor.close() };
}

/** A descriptor just to look at the locks of a file, which has to be there. */
export function lookAtFile(
  file: Lockable,
  verb: string,
  options: FileLockOptions,
): FileUse {
  const looking: FileLockOptions = {
    kind: options.kind,
    mode: "shared",
    create: false,
  };
  const identity = shared.size > 0 ? identityOfFile(file, verb) : undefined;
  return identity !== undefined && shared.has(identity)
    ? useShared(file, verb, looking)
    : useFile(file, verb, looking);
}

function useShared(
  file: Lockable,
  verb: string,
  options: FileLockOptions,
): FileUse {
  const found = identityOfFile(file, verb);
  const known = found === undefined ? undefined : shared.get(found);
  const entry = known ??
    { descriptor: openToLock(file, verb, options), users: 0 };
  const { descriptor } = entry;
  const identity = found ?? identityOf(descriptor.fd);
  shared.set(identity, entry);
  entry.users++;
  return {
    descriptor,
    end() {
      if (--entry.users > 0) return;
      shared.delete(identity);
      descriptor.close();
    },
  };
}
