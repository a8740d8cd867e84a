/** Where the fields of structs are, and how to get at them. */

import { closedError } from "../_internal/errno.ts";
import { cText, wholeNumber } from "../_internal/arguments.ts";
import type { ArrayOf, AtomicField, FieldType, ScalarType } from "./field.ts";

/** One field and where it is. */
export interface PlacedField {
  readonly name: string;
  readonly type: FieldType;
  readonly offset: number;
}

/** How to get at a field in some memory. */
export interface Access {
  readonly get: () => unknown;
  /** Undefined for what is not replaced as a whole. */
  readonly set?: (value: never) => void;
}

type Numbers = ArrayOf[keyof ArrayOf];

const ARRAYS = {
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How many bytes a type has, and what it has to begin at a multiple of. */
export function measure(
  type: FieldType,
): { readonly size: number; readonly alignment: number } {
  if (typeof type === "string") {
    const size = elementSize(type);
    return { size, alignment: size };
  }
  const most = 2 ** 31 - 1;
  wholeNumber(type.length, "lay out a struct", "a length", 1, most);
  const alignment = type.type === "text" ? 1 : elementSize(type.type);
  return { size: alignment * type.length, alignment };
}

function elementSize(type: ScalarType): number {
  if (Object.hasOwn(ARRAYS, type)) return ARRAYS[type].BYTES_PER_ELEMENT;
  const known = [...Object.keys(ARRAYS), "text"].join(", ");
  throw new TypeError(
    `Cannot lay out a struct: a type must be one of ${known}: ` +
      `current value is ${type}`,
  );
}

/** How to get at a field. */
export function accessTo(
  { type }: PlacedField,
  bytes: Uint8Array<ArrayBuffer>,
): Access {
  if (typeof type !== "string") {
    return type.type === "text"
      ? accessToText(bytes)
      : { get: always(numbersAt(type.type, bytes)) };
  }
  const numbers = numbersAt(type, bytes) as Uint8Array;
  return type === "bool" ? accessToTruth(numbers) : {
    get: () => numbers[0] ?? gone(),
    set: (value: never) => {
      // What is written to detached memory would vanish silently.
      if (numbers.length === 0) gone();
      numbers[0] = value;
    },
  };
}

function always(numbers: Numbers): () => Numbers {
  return () => numbers.length > 0 ? numbers : gone();
}

function accessToTruth(numbers: Uint8Array): Access {
  return {
    get: () => (numbers[0] ?? gone()) !== 0,
    set: (value: boolean) => {
      if (numbers.length === 0) gone();
      numbers[0] = value ? 1 : 0;
    },
  };
}

function accessToText(bytes: Uint8Array<ArrayBuffer>): Access {
  const size = bytes.length;
  return {
    get() {
      if (bytes.length === 0) gone();
      const end = bytes.indexOf(0);
      return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
    },
    set(text: string) {
      if (bytes.length === 0) gone();
      const encoded = encoder.encode(cText(text, "set a text", "it"));
      if (encoded.length > size) {
        throw new RangeError(
          `Cannot set a text: it must have at most ${size} bytes: ` +
            `it has ${encoded.length}`,
        );
      }
      bytes.set(encoded);
      bytes.fill(0, encoded.length);
    },
  };
}

/** Atomic operations on a field; undefined for a type that has none. */
export function atomicAccessTo(
  { type }: PlacedField,
  bytes: Uint8Array<ArrayBuffer>,
): AtomicField<number> | undefined {
  if (typeof type !== "string" || !isAtomic(type)) return undefined;
  // Of 64 bits they are bigints, for which all is written in the same way.
  const numbers = numbersAt(type, bytes) as Int32Array<ArrayBuffer>;
  return {
    load: () => Atomics.load(numbers, 0),
    store: (value) => void Atomics.store(numbers, 0, value),
    add: (value) => Atomics.add(numbers, 0, value),
    sub: (value) => Atomics.sub(numbers, 0, value),
    and: (value) => Atomics.and(numbers, 0, value),
    or: (value) => Atomics.or(numbers, 0, value),
    xor: (value) => Atomics.xor(numbers, 0, value),
    exchange: (value) => Atomics.exchange(numbers, 0, value),
    compareExchange: (expected, replacement) =>
      Atomics.compareExchange(numbers, 0, expected, replacement),
  };
}

function isAtomic(type: ScalarType): boolean {
  return !["f32", "f64", "bool"].includes(type);
}

function numbersAt(
  type: ScalarType,
  { buffer, byteOffset, length }: Uint8Array<ArrayBuffer>,
): Numbers {
  const count = length / ARRAYS[type].BYTES_PER_ELEMENT;
  return new ARRAYS[type](buffer, byteOffset, count);
}

function gone(): never {
  throw closedError("use", "the memory of a struct");
}
