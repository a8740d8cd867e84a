/** Bytes as C wants them. */

const encoder = new TextEncoder();

/** A NUL-terminated string. The caller has refused NULs within it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text + "\0");
}

/**
 * A NULL-terminated array of strings, as `argv` and `envp` are. The strings
 * are kept beside it: the collector does not see that the array points at them.
 */
export function cStrings(
  texts: readonly string[],
): { readonly array: BigUint64Array<ArrayBuffer>; readonly kept: unknown } {
  const kept = texts.map(cString);
  const array = new BigUint64Array(texts.length + 1);
  kept.forEach((string, i) => array[i] = address(string));
  return { array, kept };
}

/** The address of `bytes`, good for as long as the caller keeps them. */
export function address(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}
