/** What a field of a struct can be, and what it is in JavaScript. */

/** A number, or a truth value, of a fixed size. */
export type ScalarType =
  | "i8"
  | "u8"
  | "i16"
  | "u16"
  | "i32"
  | "u32"
  | "i64"
  | "u64"
  | "f32"
  | "f64"
  | "bool";

/** Several numbers of a type. */
export interface ArrayType {
  /** The type of each. */
  readonly type: Exclude<ScalarType, "bool">;
  /** How many there are. */
  readonly length: number;
}

/** A text, in UTF-8, with NULs to the end of its room. */
export interface TextType {
  /** Says that it is a text. */
  readonly type: "text";
  /** How many bytes there are for it. */
  readonly length: number;
}

/** The type of a field. */
export type FieldType = ScalarType | ArrayType | TextType;

/** What an array of numbers of a type is in JavaScript. */
export interface ArrayOf {
  /** 8 bits with a sign. */
  readonly i8: Int8Array<ArrayBuffer>;
  /** 8 bits. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** 16 bits with a sign. */
  readonly i16: Int16Array<ArrayBuffer>;
  /** 16 bits. */
  readonly u16: Uint16Array<ArrayBuffer>;
  /** 32 bits with a sign. */
  readonly i32: Int32Array<ArrayBuffer>;
  /** 32 bits. */
  readonly u32: Uint32Array<ArrayBuffer>;
  /** 64 bits with a sign. */
  readonly i64: BigInt64Array<ArrayBuffer>;
  /** 64 bits. */
  readonly u64: BigUint64Array<ArrayBuffer>;
  /** C's `float`. */
  readonly f32: Float32Array<ArrayBuffer>;
  /** C's `double`. */
  readonly f64: Float64Array<ArrayBuffer>;
}

/** What a field of a type is in JavaScript. */
export type FieldValue<T extends FieldType> = T extends "i64" | "u64" ? bigint
  : T extends "bool" ? boolean
  : T extends ScalarType ? number
  : T extends TextType ? string
  : T extends ArrayType ? ArrayOf[T["type"]]
  : never;

/** A number on which operations are atomic among all processes. */
export interface AtomicField<V extends number | bigint> {
  /** Reads it. */
  load(): V;
  /** Writes it. */
  store(value: V): void;
  /** Adds, and answers what was there before. */
  add(value: V): V;
  /** Subtracts, and answers what was there before. */
  sub(value: V): V;
  /** Keeps the bits of `value`, and answers what was there before. */
  and(value: V): V;
  /** Sets the bits of `value`, and answers what was there before. */
  or(value: V): V;
  /** Flips the bits of `value`, and answers what was there before. */
  xor(value: V): V;
  /** Writes it, and answers what was there before. */
  exchange(value: V): V;
  /** Writes it if `expected` is there, and answers what was there before. */
  compareExchange(expected: V, replacement: V): V;
}
