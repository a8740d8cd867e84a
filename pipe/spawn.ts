import { cText, toPath } from "../_internal/arguments.ts";
import { E, systemError } from "../_internal/errno.ts";
import { fileTypeAt } from "../_internal/file.ts";
import { cString, cStrings } from "../_internal/memory.ts";
import type { ChildDescriptor } from "./child_descriptor.ts";
import { Attributes, FileActions } from "./_spawn_structs.ts";
import { type Child, newChild } from "./child.ts";
import { libc } from "./_ffi.ts";

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
   * they are named; nothing else is. (On Linux with a glibc before 2.34, what
   * this program itself has inherited above the highest number is, too.)
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
 * on this side; of a terminal that is handed over, and on macOS of
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
 * @throws {Deno.errors.NotADirectory} If `cwd` is something else.
 * @throws {Deno.errors.PermissionDenied} If it may not be run.
 * @throws {Deno.errors.BadResource} If a descriptor of `fds` is not open.
 * @throws {Deno.errors.WouldBlock} If there are as many processes as this user,
 * or the control group, may have.
 * @throws {IpcError} `E2BIG`, `EMFILE`, `ENOEXEC` … as the system says.
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
  return start(command, options);
}

/**
 * Starts a program as {@linkcode spawn} does.
 *
 * @param terminal The path of a terminal that it gets as its input and output,
 * and by which it is controlled if it leads a session.
 */
export function start(
  command: string,
  options: SpawnOptions,
  terminal?: string,
): Child {
  const { args = [], cwd, fds = {}, newSession = false } = options;
  if (command === "") {
    throw new TypeError("Cannot spawn: the command must not be empty");
  }
  cText(command, "spawn", "the command");
  for (const arg of args) cText(arg, "spawn", "an argument");
  const argv = cStrings([command, ...args]);
  const envp = cStrings(environment(options));

  using actions = new FileActions();
  if (cwd !== undefined) actions.changeDirectory(toPath(cwd, "spawn"));
  actions.give(fds, terminal);
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

/** What posix_spawn(3) failed of; it does not say where. */
function failure(number: number, command: string, cwd?: string | URL): Error {
  if (cwd !== undefined) checkDirectory(toPath(cwd, "spawn"));
  const context = { on: command, kind: "program", hint: hint(number, cwd) };
  return systemError(number, "posix_spawnp", context);
}

function hint(number: number, cwd?: string | URL): string | undefined {
  if (number === E.EACCES && cwd !== undefined) {
    return `or the working directory '${cwd}' may not be entered`;
  }
  if (number === E.EAGAIN) {
    return "there are as many processes as `ulimit -u` or the control group " +
      "allows";
  }
  if (number === E.ENOEXEC) {
    return "it is no program for this machine, nor a script that begins with #!";
  }
  return undefined;
}

function checkDirectory(path: string): void {
  const type = fileTypeAt(path, { kind: "working directory" });
  if (type !== "directory") throw systemError(E.ENOTDIR, "chdir", { on: path });
}

function environment({ env = {}, clearEnv = false }: SpawnOptions): string[] {
  for (const [name, value] of Object.entries(env)) {
    cText(name, "spawn", "a variable's name");
    cText(value, "spawn", `the value of ${name}`);
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
