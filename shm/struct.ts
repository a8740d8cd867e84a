import { wholeNumber } from "../_internal/arguments.ts";
import type { MemoryRegion } from "../_internal/mapped_region.ts";
import {
  accessTo,
  atomicAccessTo,
  measure,
  type PlacedField,
} from "./_fields.ts";
import type {
  ArrayType,
  AtomicField,
  FieldType,
  FieldValue,
  ScalarType,
} from "./field.ts";

/** The fields of a struct, in their order. */
export type StructFields = Readonly<Record<string, FieldType>>;

/** A struct in memory: its fields are read and written where they are. */
export type StructView<F extends StructFields> =
  & {
    -readonly [K in keyof F as F[K] extends ArrayType ? never : K]: FieldValue<
      F[K]
    >;
  }
  & {
    readonly [K in keyof F as F[K] extends ArrayType ? K : never]: FieldValue<
      F[K]
    >;
  };

/** The integers of a struct, with atomic operations. */
export type StructAtomics<F extends StructFields> = {
  readonly [
    K in keyof F as F[K] extends Exclude<ScalarType, "f32" | "f64" | "bool"> ? K
      : never
  ]: AtomicField<
    F[K] extends "i64" | "u64" ? bigint : number
  >;
};

/**
 * How a number of named fields lie in memory: as a C compiler lays out a struct
 * of the same fields in the same order.
 *
 * @example State that processes share
 * ```ts
 * import { SharedMemory, Struct } from "@ipc/core/shm";
 * import { assertEquals } from "@std/assert";
 *
 * const Stats = new Struct({
 *   requests: "u64",
 *   load: "f64",
 *   healthy: "bool",
 *   name: { type: "text", length: 32 },
 *   samples: { type: "u32", length: 16 },
 * });
 *
 * using memory = SharedMemory.anonymous(Stats.size);
 * const stats = Stats.view(memory);
 * stats.name = "web";
 * stats.healthy = true;
 * stats.samples[3] = 7;
 *
 * const counters = Stats.atomics(memory);
 * counters.requests.add(1n);
 * assertEquals(stats.requests, 1n);
 * ```
 */
export class Struct<const F extends StructFields> {
  /** How many bytes it has. */
  readonly size: number;
  /** What it has to begin at a multiple of. */
  readonly alignment: number;
  /** Where each field begins, in bytes. */
  readonly offsets: Readonly<Record<keyof F & string, number>>;
  readonly #fields: readonly PlacedField[];

  /**
   * Lays out a struct.
   *
   * @param fields The types of the fields by their names.
   * @throws {TypeError} If a type is none.
   * @throws {RangeError} If a length is not a whole number from 1 on.
   *
   * @example
   * ```ts
   * import { Struct } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * const Point = new Struct({ tag: "u8", x: "f64", y: "f64" });
   * assertEquals(Point.size, 24);
   * assertEquals(Point.offsets, { tag: 0, x: 8, y: 16 });
   * ```
   */
  constructor(fields: F) {
    const placed: PlacedField[] = [];
    let [end, most] = [0, 1];
    for (const [name, type] of Object.entries(fields)) {
      const { size, alignment } = measure(type);
      const offset = roundUp(end, alignment);
      placed.push({ name, type, offset });
      end = offset + size;
      most = Math.max(most, alignment);
    }
    this.size = roundUp(end, most);
    this.alignment = most;
    this.#fields = placed;
    this.offsets = Object.fromEntries(
      placed.map(({ name, offset }) => [name, offset]),
    ) as Record<keyof F & string, number>;
  }

  /**
   * A struct that lies in memory, as an object with its fields. What is read
   * and written is the memory itself; single numbers are never torn, but
   * nothing more is guaranteed among processes: for that see
   * {@linkcode atomics}.
   *
   * @param memory The memory.
   * @param offset Where in it the struct begins, in bytes.
   * @returns The fields. When the memory was closed or resized, they throw
   * `Deno.errors.BadResource`.
   * @throws {RangeError} If it does not fit there, or does not begin at a
   * multiple of its alignment.
   *
   * @example
   * ```ts
   * import { SharedMemory, Struct } from "@ipc/core/shm";
   *
   * const Point = new Struct({ x: "f64", y: "f64" });
   * using memory = SharedMemory.anonymous(10 * Point.size);
   * const third = Point.view(memory, 2 * Point.size);
   * third.x = 1.5;
   * ```
   */
  view(memory: MemoryRegion, offset: number = 0): StructView<F> {
    const view = {};
    for (const [name, access] of this.#access(memory, offset, accessTo)) {
      Object.defineProperty(view, name, { ...access, enumerable: true });
    }
    return Object.preventExtensions(view) as StructView<F>;
  }

  /**
   * The integers of a struct that lies in memory, with operations that are
   * atomic among all processes and Workers: counters, flags, states.
   *
   * @param memory The memory.
   * @param offset Where in it the struct begins, in bytes.
   * @returns The operations by the fields' names.
   * @throws {RangeError} If it does not fit there, or does not begin at a
   * multiple of its alignment.
   *
   * @example
   * ```ts
   * import { SharedMemory, Struct } from "@ipc/core/shm";
   * import { assertEquals } from "@std/assert";
   *
   * const State = new Struct({ phase: "u32" });
   * using memory = SharedMemory.anonymous(State.size);
   * const { phase } = State.atomics(memory);
   * assertEquals(phase.compareExchange(0, 1), 0); // only one gets a 0
   * ```
   */
  atomics(memory: MemoryRegion, offset: number = 0): StructAtomics<F> {
    const all = this.#access(memory, offset, atomicAccessTo);
    const some = all.filter(([, access]) => access !== undefined);
    return Object.fromEntries(some) as unknown as StructAtomics<F>;
  }

  #access<A>(
    memory: MemoryRegion,
    offset: number,
    access: (field: PlacedField, bytes: Uint8Array<ArrayBuffer>) => A,
  ): [string, A][] {
    const { bytes } = memory;
    const most = bytes.length - this.size;
    if (most < 0) {
      throw new RangeError(
        `Cannot place a struct: the memory must have ${this.size} bytes: ` +
          `there are ${bytes.length}`,
      );
    }
    wholeNumber(offset, "place a struct", "the offset in bytes", 0, most);
    if ((bytes.byteOffset + offset) % this.alignment !== 0) {
      throw new RangeError(
        `Cannot place a struct: the offset in bytes must be a multiple of ` +
          `${this.alignment}: current value is ${offset}`,
      );
    }
    return this.#fields.map((field) => {
      const begin = offset + field.offset;
      const part = bytes.subarray(begin, begin + measure(field.type).size);
      return [field.name, access(field, part)];
    });
  }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
