/** Options of `Pty.open`. */
export interface PtyOptions {
  /**
   * How many characters there are in a line, from 1 to 65,535.
   *
   * @default {80}
   */
  readonly columns?: number;
  /**
   * How many lines there are, from 1 to 65,535.
   *
   * @default {24}
   */
  readonly rows?: number;
}

/** Options of `Pty.spawn`. */
export interface PtySpawnOptions extends PtyOptions {
  /** The program's arguments, without its name. */
  readonly args?: readonly string[];
  /**
   * Variables that are added to the environment, or replace those there. `TERM`
   * is `xterm-256color` unless it is among them, and `COLUMNS` and `LINES` are
   * left out, since they tell of another terminal.
   */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Leaves out of the environment what is not in `env`, except for `TERM`.
   *
   * @default {false}
   */
  readonly clearEnv?: boolean;
  /** The working directory; this program's by default. */
  readonly cwd?: string | URL;
}
