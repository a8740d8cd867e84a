import type { Stage } from "./stage.ts";

/** A mechanism with one kind of program on the other side. */
export interface Case {
  /** The mechanism's name, as in `@ipc/core/fifo`. */
  readonly mechanism: string;
  /** The program on the other side. */
  readonly peer: string;
  /** A program without which it cannot be played. */
  readonly needs?: string;
  /** Plays with a process that is started on the stage. */
  play(stage: Stage): Promise<Played>;
}

/** What came of it. */
export interface Played {
  /** How many times "ping" was answered. */
  readonly rounds: number;
  /** How long the answers took, in milliseconds. */
  readonly times: readonly number[];
}
