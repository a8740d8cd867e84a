/** Words of memory to wait on. */

import { type Word, wordAt } from "../../_internal/futex.ts";
import { MappedRegion } from "../../_internal/mapped_region.ts";
import { map } from "../../_internal/mapping.ts";
import {
  MAP_SHARED,
  platform,
  PROT_READ,
  PROT_WRITE,
} from "../../_internal/platform.ts";
import { parked } from "../../_internal/wait.ts";
import { futexParking } from "../../mux/futex.ts";

/** Words in a mapping of their own, all zero at first. */
export class Words implements Disposable {
  readonly #region: MappedRegion;
  readonly words: readonly Word[];

  constructor(count: number) {
    const flags = MAP_SHARED | platform.MAP_ANONYMOUS;
    const length = 4 * count;
    const address = map(length, PROT_READ | PROT_WRITE, flags);
    this.#region = new MappedRegion(address, length);
    const { bytes } = this.#region;
    this.words = Array.from({ length: count }, (_, i) => wordAt(bytes, 4 * i));
  }

  [Symbol.dispose](): void {
    this.#region.close();
  }
}

/**
 * Resolves when the word is not 0 any more.
 *
 * @param word What to wait on.
 * @param together Whether to share a thread; by default where that is possible.
 * @param signal Ends the wait.
 */
export async function waitFor(
  word: Word,
  together?: () => boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { park } = futexParking(word, () => 0, together);
  // Who has no thread wakes from time to time to have a look.
  do {
    await parked(park, signal);
    if (word.length === 0) throw new Deno.errors.BadResource("closed");
  } while (Atomics.load(word, 0) === 0);
}
