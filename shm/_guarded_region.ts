import { blank, MappedRegion } from "../_internal/mapped_region.ts";
import { type Address, unmap } from "../_internal/mapping.ts";
import { type Guard, guard } from "./_bus_guard.ts";

/** Mapped memory of an object that somebody else can make shorter. */
export class GuardedRegion extends MappedRegion {
  readonly #guards: readonly Guard[];

  /**
   * @param address Where it is mapped.
   * @param length How long it is, in bytes.
   * @param name What is mapped, for errors.
   */
  constructor(address: Address, length: number, name: string) {
    const guarded = guard(address, length);
    const guards = guarded === undefined ? [] : [guarded];
    function end(): void {
      guarded?.release();
      unmap(address, length);
    }
    function abandon(): void {
      blank(address, length);
      guarded?.release();
    }
    function mirror(
      address: Address,
      length: number,
    ): (() => void) | undefined {
      if (guarded === undefined) return () => {};
      const another = guard(address, length);
      if (another === undefined) return undefined;
      guards.push(another);
      return () => another.release();
    }
    super(address, length, { unmap: end, abandon, name, mirror });
    this.#guards = guards;
  }

  /** How many of its pages were used although they were not there. */
  get missingPages(): number {
    return this.#guards.reduce((sum, { missing }) => sum + missing, 0);
  }
}
