/** Where the records of signals in a stream's pipe come from. */
export interface Source {
  /** Whether they come although the JavaScript thread is blocked. */
  readonly whileBlocked: boolean;
  /** How many signals did not fit into the pipe. */
  readonly dropped: number;
  /** Called before a stream waits, to see whether something has changed. */
  look(): void;
  /** Has signals handled as before; nothing is written when it returns. */
  close(): void;
}
