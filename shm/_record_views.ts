/** Views of records in a ring. */

/** Up to so many bytes of records, the views of them are kept. */
const SMALL = 1 << 17;

/**
 * Making a view takes as long as copying a short message twice. In a small ring
 * messages of one length come to lie in the same places again and again.
 */
export class RecordViews {
  readonly #data: Uint8Array<ArrayBuffer>;
  readonly #unit: number;
  /** By where they begin; undefined for a ring that is not small. */
  readonly #kept: (Uint8Array<ArrayBuffer> | undefined)[] | undefined;

  /**
   * @param data The records.
   * @param unit What they begin at multiples of.
   */
  constructor(data: Uint8Array<ArrayBuffer>, unit: number) {
    this.#data = data;
    this.#unit = unit;
    this.#kept = data.length <= SMALL
      ? new Array(data.length / unit)
      : undefined;
  }

  /** The bytes from `at`, which are all there. */
  view(at: number, length: number): Uint8Array<ArrayBuffer> {
    const kept = this.#kept;
    if (kept === undefined) return this.#make(at, length);
    const slot = at / this.#unit;
    const view = kept[slot];
    if (view !== undefined && view.length === length) return view;
    return kept[slot] = this.#make(at, length);
  }

  #make(at: number, length: number): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#data;
    return new Uint8Array(buffer, byteOffset + at, length);
  }
}
