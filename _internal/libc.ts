/** Typed functions of the C library, or of another that stands in for it. */

import { os, platform, supported } from "./platform.ts";

/**
 * Opens a library, the C library unless said otherwise, and answers the
 * functions in `symbols`.
 *
 * Never throws: what this system's library lacks becomes a function that
 * throws `Deno.errors.NotSupported` when called, and so does every function on
 * a system that is not supported; where FFI is not permitted, the functions
 * throw `Deno.errors.NotCapable`.
 *
 * Call it at the top level of a module: a library that is opened inside a test
 * counts as a leaked resource there. It is never closed.
 */
export function open<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
  library: string = platform.libc,
): Deno.DynamicLibrary<S>["symbols"] {
  const functions: Record<string, unknown> = {};
  const opened = supported ? tryOpen(library, symbols) : undefined;
  for (const key of Object.keys(symbols)) {
    functions[key] = opened instanceof Error
      ? thrower(() => explain(opened, key))
      : isMissing(opened, key)
      ? thrower(() => new Deno.errors.NotSupported(unsupported(key)))
      : opened[key];
  }
  return functions as Deno.DynamicLibrary<S>["symbols"];
}

type Opened = Record<string, unknown>;

function tryOpen(
  library: string,
  symbols: Deno.ForeignLibraryInterface,
): Opened | Error {
  try {
    return Deno.dlopen(library, withProbes(symbols)).symbols;
  } catch (error) {
    return error as Error;
  }
}

function isMissing(
  opened: Opened | undefined,
  key: string,
): opened is undefined {
  return opened === undefined || (opened[PROBE + key] ?? opened[key]) === null;
}

const PROBE = "probe ";

/**
 * The table as `dlopen` takes it, under the names of this platform.
 *
 * A missing symbol that is optional becomes null, but not when it is also
 * nonblocking: those are looked up a second time as blocking ones.
 */
function withProbes(
  symbols: Deno.ForeignLibraryInterface,
): Record<string, Deno.ForeignFunction> {
  const table: Record<string, Deno.ForeignFunction> = {};
  for (const [key, symbol] of Object.entries(symbols)) {
    const declared = symbol as Deno.ForeignFunction;
    const plain = declared.name ?? key;
    const name = platform.symbolNames[plain] ?? plain;
    table[key] = { ...declared, name, optional: true };
    if (declared.nonblocking) {
      table[PROBE + key] = {
        name,
        parameters: [],
        result: "void",
        optional: true,
      };
    }
  }
  return table;
}

function unsupported(name: string): string {
  return `@ipc/core cannot call ${name} here: ${os} does not have it`;
}

function explain(error: Error, name: string): Error {
  // Under a path the permission is not "granted" as a whole.
  const { state } = Deno.permissions.querySync({ name: "ffi" });
  if (state === "granted") return error;
  return new Deno.errors.NotCapable(
    `Cannot call ${name}: @ipc/core needs --allow-ffi, without a path`,
    { cause: error },
  );
}

/** A function that throws, with the stack of its caller. */
function thrower(error: () => Error): () => never {
  return () => {
    throw error();
  };
}
