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
  try {
    if (!supported) throw new Deno.errors.NotSupported(unsupported("it"));
    const opened = Deno.dlopen(library, withProbes(symbols)).symbols;
    for (const key of Object.keys(symbols)) {
      const missing = (opened[PROBE + key] ?? opened[key]) === null;
      functions[key] = missing
        ? thrower(new Deno.errors.NotSupported(unsupported(key)))
        : opened[key];
    }
  } catch (error) {
    for (const key of Object.keys(symbols)) {
      functions[key] = thrower(explain(error, key));
    }
  }
  return functions as Deno.DynamicLibrary<S>["symbols"];
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

function explain(error: unknown, name: string): unknown {
  if (!(error instanceof Deno.errors.NotCapable)) return error;
  return new Deno.errors.NotCapable(
    `Cannot call ${name}: @ipc/core needs --allow-ffi, without a path`,
    { cause: error },
  );
}

function thrower(error: unknown): () => never {
  return () => {
    throw error;
  };
}
