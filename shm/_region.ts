import type { MappedRegion } from "../_internal/mapped_region.ts";
import { GuardedRegion } from "./_guarded_region.ts";

/** What of an object is mapped at the moment. */
export class Region {
  /** The object, for errors. */
  readonly name: string;
  #mapping: MappedRegion;
  #writable: boolean;

  /**
   * @param mapping All of it; closed by this.
   * @param name The object, for errors.
   * @param writable Whether what is written is seen by others.
   */
  constructor(mapping: MappedRegion, name: string, writable: boolean) {
    this.#mapping = mapping;
    this.name = name;
    this.#writable = writable;
  }

  get mapping(): MappedRegion {
    return this.#mapping;
  }

  get writable(): boolean {
    return this.#writable;
  }

  /** How many of its pages were used although they were not there. */
  get missingPages(): number {
    const mapping = this.#mapping;
    return mapping instanceof GuardedRegion ? mapping.missingPages : 0;
  }

  /** Closes what is mapped and goes on with another mapping. */
  replace(mapping: MappedRegion, writable: boolean): void {
    this.#mapping.close();
    this.#mapping = mapping;
    this.#writable = writable;
  }
}
