import type { BufferOptions } from "./buffer_options.ts";

/** Options of a socket that gets a name. */
export interface BindOptions extends BufferOptions {
  /**
   * Permission bits of the socket's file, exactly as given: the umask does not
   * apply. Who may not write it cannot connect or send; there is no moment in
   * which others can. Not for abstract names, which everybody may use.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /**
   * Whether to remove a socket's file under the path that no socket is bound
   * to any more, such as one that a killed server has left behind. What
   * somebody listens on, and what is no socket, stays.
   *
   * @default {false}
   */
  readonly replaceStale?: boolean;
  /**
   * Whether closing removes the file, if it is still the one that was made.
   *
   * @default {true}
   */
  readonly temporary?: boolean;
}
