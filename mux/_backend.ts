/** What the reactor needs of the kernel: epoll, kqueue or futexes. */

/** There is something to read, or nothing more will come. */
export const READ = 1;
/** Something can be written, or nothing ever can any more. */
export const WRITE = 2;
/**
 * What happens once and is over then. For kqueue: a process has ended, whose
 * negated id is the key. For futexes: a word was woken or has changed.
 */
export const EXIT = 4;
/** Something out of the ordinary: data out of band, say. */
export const PRIORITY = 8;

/** One owner of a descriptor, as numbers of descriptors are used again. */
export type Owner = symbol;

/** Readiness by keys: descriptors, or negated process ids. */
export interface Backend {
  /**
   * Asks for events, at least until they have come once. Asking again replaces
   * what was asked for; asking for nothing ends it.
   *
   * @param key The descriptor or negated process id.
   * @param interest READ, WRITE, PRIORITY or several; EXIT alone; 0 for nothing.
   * @param owner Who says so before the descriptor is closed, if anyone does:
   * what was asked for on behalf of the same owner can be relied on.
   * @returns False when there is nothing to wait for: always ready.
   */
  arm(key: number, interest: number, owner: Owner | undefined): boolean;
  /**
   * Whether what was asked for last still stands, for a descriptor that nobody
   * says is closed: the kernel forgets it then, even if the number is used
   * again at once.
   */
  stands(fd: number): boolean;
  /** Forgets a descriptor that is about to be closed. */
  disarm(fd: number): void;
  /**
   * Parks a pool thread until events are there, or {@linkcode wake}. Answers
   * how many there are; negative if it failed, on that thread.
   */
  wait(): Promise<number>;
  /** Hands over the events of the last wait. */
  drain(count: number, ready: (key: number, events: number) => void): void;
  /** Ends the wait that is under way, or the next. */
  wake(): void;
  /** Gives its descriptors back, while nobody waits; it is not used again. */
  close(): void;
}
