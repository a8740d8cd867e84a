import { fdNumber, toPath, withoutNul } from "../_internal/arguments.ts";
import { libc as base } from "../_internal/_ffi.ts";
import { E, systemError } from "../_internal/errno.ts";
import { cString, cStrings } from "../_internal/memory.ts";
import {
  O_RDWR,
  platform,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
} from "../_internal/platform.ts";
import { fdOf, type Watchable } from "../mux/watchable.ts";
import { blockingDuplicate, duplicate } from "./_handover.ts";
import { type Child, newChild } from "./child.ts";
import { libc } from "./_ffi.ts";

/**
 * What a child gets under a descriptor's number: a descriptor of ours,
 * `"inherit"` for the one that has the same number here, or `"null"` for
 * `/dev/null`.
 */
export type ChildDescriptor = Watchable | "inherit" | "null";

/** Options of {@linkcode spawn}. */
export interface SpawnOptions {
  /** The program's arguments, without its name. */
  readonly args?: readonly string[];
  /** Variables that are added to the environment, or replace those there. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Leaves out of the environment what is not in `env`.
   *
   * @default {false}
   */
  readonly clearEnv?: boolean;
  /** The working directory; this program's by default. */
  readonly cwd?: string | URL;
  /**
   * What the child gets under which number. 0, 1 and 2 are inherited unless
   * they are named; nothing else is.
   */
  readonly fds?: Readonly<Record<number, ChildDescriptor>>;
  /**
   * Makes the child the leader of a session of its own, without a controlling
   * terminal: setsid(2).
   *
   * @default {false}
   */
  readonly newSession?: boolean;
}

/**
 * Starts a program with any descriptors under any numbers.
 *
 * The program is looked for in this program's `PATH`. The child gets its
 * descriptors blocking, as programs expect. Pipes and FIFOs stay non-blocking
 * on this side; of a socket or terminal that is handed over, and on macOS of
 * everything, close the copy on this side: it would block this thread.
 * Remember to close this side's copy of the child's end of a pipe anyway, or
 * the end of the data never comes.
 *
 * Signals are not blocked in the child, and SIGPIPE, which Deno ignores, ends
 * it as usual. See
 * [posix_spawn(3)](https://man7.org/linux/man-pages/man3/posix_spawn.3.html).
 *
 * @param command The program: a name to look for, or a path.
 * @param options Arguments, environment, descriptors and so on.
 * @returns The child.
 * @throws {TypeError} If a text contains NUL, or a variable's name is none.
 * @throws {RangeError} If a key of `fds` is not a descriptor's number.
 * @throws {Deno.errors.NotFound} If there is no such program or directory.
 * @throws {Deno.errors.PermissionDenied} If it may not be run.
 * @throws {Deno.errors.BadResource} If a descriptor of `fds` is not open.
 * @throws {IpcError} `E2BIG`, `EAGAIN`, `EMFILE` … as the system says.
 *
 * @example Give a child its input and output
 * ```ts
 * import { Pipe, spawn } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using output = Pipe.open();
 * await using child = spawn("echo", {
 *   args: ["hello"],
 *   fds: { 0: "null", 1: output.writer },
 * });
 * output.writer.close();
 * const text = await new Response(output.reader.readable).text();
 * assertEquals(text, "hello\n");
 * assertEquals((await child.status).success, true);
 * ```
 */
export function spawn(command: string, options: SpawnOptions = {}): Child {
  const { args = [], cwd, fds = {}, newSession = false } = options;
  if (command === "") {
    throw new TypeError("Cannot spawn: the command must not be empty");
  }
  withoutNul(command, "spawn", "the command");
  for (const arg of args) withoutNul(arg, "spawn", "an argument");
  const argv = cStrings([command, ...args]);
  const envp = cStrings(environment(options));

  using actions = new FileActions();
  if (cwd !== undefined) actions.changeDirectory(toPath(cwd, "spawn"));
  actions.give(fds);
  using attributes = new Attributes(newSession);

  const pid = new Int32Array(1);
  const number = libc.posix_spawnp(
    pid,
    cString(command),
    actions.struct,
    attributes.struct,
    argv.array,
    envp.array,
  );
  if (number !== 0) throw failure(number, command, cwd);
  return newChild(pid[0], command);
}

function failure(number: number, command: string, cwd?: string | URL): Error {
  const hint = cwd !== undefined && number === E.ENOENT
    ? `or the working directory '${cwd}' does not exist`
    : undefined;
  const context = { on: command, kind: "program", hint };
  return systemError(number, "posix_spawnp", context);
}

function environment({ env = {}, clearEnv = false }: SpawnOptions): string[] {
  for (const [name, value] of Object.entries(env)) {
    withoutNul(name, "spawn", "a variable's name");
    withoutNul(value, "spawn", `the value of ${name}`);
    if (name === "" || name.includes("=")) {
      throw new TypeError(
        `Cannot spawn: a variable's name must not be empty or contain "=": ` +
          `current value is ${JSON.stringify(name)}`,
      );
    }
  }
  const all = clearEnv ? env : { ...Deno.env.toObject(), ...env };
  return Object.entries(all).map(([name, value]) => `${name}=${value}`);
}

// Both are structs of at most this size on Linux, and a pointer on macOS.
const STRUCT_SIZE = 336;

/** `posix_spawn_file_actions_t`: what the child does before the program. */
class FileActions implements Disposable {
  readonly struct = new Uint8Array(STRUCT_SIZE);
  readonly #duplicates: number[] = [];

  constructor() {
    returned(
      libc.posix_spawn_file_actions_init(this.struct),
      "posix_spawn_file_actions_init",
    );
  }

  changeDirectory(path: string): void {
    returned(
      libc.posix_spawn_file_actions_addchdir_np(this.struct, cString(path)),
      "posix_spawn_file_actions_addchdir_np",
    );
  }

  give(fds: Readonly<Record<number, ChildDescriptor>>): void {
    const wanted = Object.entries(fds).map(([key, source]) =>
      [fdNumber(Number(key), "spawn"), source] as const
    );
    // Above all of the child's numbers, so that putting one descriptor in its
    // place never overwrites another that is still to be put in its own.
    const least = 1 +
      wanted.reduce((most, [target]) => Math.max(most, target), 2);
    for (const [target, source] of wanted) this.#giveOne(target, source, least);
  }

  #giveOne(target: number, source: ChildDescriptor, least: number): void {
    if (source === "null") {
      const path = cString("/dev/null");
      return returned(
        libc.posix_spawn_file_actions_addopen(
          this.struct,
          target,
          path,
          O_RDWR,
          0,
        ),
        "posix_spawn_file_actions_addopen",
      );
    }
    const fd = source === "inherit"
      ? duplicate(target, least)
      : blockingDuplicate(fdOf(source, "spawn"), least);
    this.#duplicates.push(fd);
    returned(
      libc.posix_spawn_file_actions_adddup2(this.struct, fd, target),
      "posix_spawn_file_actions_adddup2",
    );
  }

  [Symbol.dispose](): void {
    libc.posix_spawn_file_actions_destroy(this.struct);
    for (const fd of this.#duplicates) base.close(fd);
  }
}

/** `posix_spawnattr_t`: what must not leak from this process to the child. */
class Attributes implements Disposable {
  readonly struct = new Uint8Array(STRUCT_SIZE);

  constructor(newSession: boolean) {
    returned(libc.posix_spawnattr_init(this.struct), "posix_spawnattr_init");
    const flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
      (newSession ? platform.POSIX_SPAWN_SETSID : 0);
    libc.posix_spawnattr_setflags(this.struct, flags);
    libc.posix_spawnattr_setsigdefault(this.struct, signalSet(SIGPIPE));
    libc.posix_spawnattr_setsigmask(this.struct, signalSet());
  }

  [Symbol.dispose](): void {
    libc.posix_spawnattr_destroy(this.struct);
  }
}

const SIGPIPE = 13;

/** `sigset_t`: one bit a signal, 128 bytes on Linux and 4 on macOS. */
function signalSet(...signals: number[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(128);
  for (const signal of signals) set[signal - 1 >> 3] |= 1 << (signal - 1 & 7);
  return set;
}

/** These functions return the error number instead of setting errno. */
function returned(number: number, syscall: string): void {
  if (number !== 0) throw systemError(number, syscall);
}
