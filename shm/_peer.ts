/** The process on the other side, which may end without a word. */

import { E, systemError } from "../_internal/errno.ts";
import { either, later, soon } from "../_internal/park.ts";
import {
  isAlive,
  isHere,
  NOBODY,
  ownIdentity,
  pidOf,
} from "../_internal/process.ts";
import type { Park } from "../_internal/wait.ts";
import { type ExitParking, exitParking } from "../mux/exit_parking.ts";
import type { OwnedSide } from "./_owner.ts";

/** How often to look whether it lives, at the most, in milliseconds. */
const BETWEEN_LOOKS = 20;
/** How long a wait lasts before the process is watched. */
const PROMPT = 20;
/** How often a wait looks that has no process to watch. */
const LONELY = 1000;

/** Who has the other side. */
export class Peer {
  readonly #side: OwnedSide;
  #lastLook = -Infinity;
  /** Who was found to have ended. */
  #ended = NOBODY;
  /** Whose end has been told. */
  #told = NOBODY;
  #watched = NOBODY;
  #exit: ExitParking | undefined;

  constructor(side: OwnedSide) {
    this.#side = side;
  }

  /** Whether its process was found to have ended, and nobody was told yet. */
  get ended(): boolean {
    return this.#ended !== NOBODY;
  }

  /** Looks whether its process has ended, but not all the time. */
  look(): void {
    const now = performance.now();
    if (now - this.#lastLook < BETWEEN_LOOKS) return;
    this.#lastLook = now;
    const owner = this.#owner();
    if (owner === NOBODY || owner === this.#told) return;
    if (!isAlive(owner)) this.#ended = owner;
  }

  /** The error that its process has ended; once for each that has. */
  takeEnd(verb: string): Error | undefined {
    const ended = this.#ended;
    if (ended === NOBODY) return undefined;
    this.#ended = NOBODY;
    // Somebody else may have taken its place since.
    if (this.#owner() !== ended) return undefined;
    this.#told = ended;
    const { role, name } = this.#side;
    return systemError(E.EPIPE, verb, {
      on: name,
      hint: `process ${
        pidOf(ended)
      }, the ${role}, has ended without closing it`,
    });
  }

  /**
   * Parks like `park`, and also until another look may be worth it.
   *
   * @param ready Asked once, after a while, whether it is already.
   */
  beside(park: Park, ready: () => boolean = () => false): Park {
    const owner = this.#owner();
    if (owner !== this.#watched) {
      this.close();
      this.#watched = owner;
    }
    const watchable = owner !== NOBODY && owner !== this.#told &&
      owner !== ownIdentity() && isHere(owner);
    return either(
      park,
      later(PROMPT, (wake) => {
        if (ready()) return soon(wake);
        return watchable
          ? this.#parkOnExit(owner)(wake)
          : later(LONELY, soon)(wake);
      }),
    );
  }

  /** Stops watching it. */
  close(): void {
    this.#exit?.[Symbol.dispose]();
    this.#exit = undefined;
    this.#watched = NOBODY;
  }

  #parkOnExit(owner: bigint): Park {
    this.#exit ??= exitParking(pidOf(owner));
    this.#lastLook = -Infinity;
    // The number may have been given to another process just before.
    if (!isAlive(owner)) return soon;
    return this.#exit?.park ?? later(LONELY, soon);
  }

  #owner(): bigint {
    const { owners, index } = this.#side;
    return Atomics.load(owners, index);
  }
}
