import { messageBytes, wholeNumber } from "../_internal/arguments.ts";
import { Descriptor } from "../_internal/descriptor.ts";
import { E } from "../_internal/errno.ts";
import { os } from "../_internal/platform.ts";
import {
  ByteReader,
  ByteWriter,
  type WriteAllOptions,
  type WriteAllSyncOptions,
} from "../_internal/stream.ts";
import type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
import { readParking, writeParking } from "../mux/parking.ts";
import { type Child, reap } from "../pipe/child.ts";
import { environmentFor } from "./_environment.ts";
import { openMaster, openSlave } from "./_master.ts";
import type { PtyOptions, PtySpawnOptions } from "./options.ts";
import { Session } from "./_session.ts";
import {
  getEcho,
  getSize,
  isRaw,
  type PtySize,
  setEcho,
  setRaw,
  setSize,
  setUtf8,
} from "./_settings.ts";
import { startDirectly, startThroughShell } from "./_start.ts";
import { typingInto } from "./_typing.ts";

const MOST = 65_535;

/**
 * A pseudo-terminal: this program is the terminal, with its keyboard and
 * screen, to programs that expect one. What they print is read here; what is
 * written here they get as if it were typed.
 *
 * As in any terminal, what is typed comes back as it is shown, lines can be
 * edited until Enter (`\r`) sends them off, Ctrl-C (`\x03`) interrupts the
 * program in the foreground, Ctrl-D (`\x04`) ends its input, and lines that are
 * printed end in `\r\n`. What a line has beyond 4,095 bytes is lost (1,024 on
 * macOS). A program that wants it otherwise changes that, and so can
 * {@linkcode Pty.setRaw}.
 *
 * See [pty(7)](https://man7.org/linux/man-pages/man7/pty.7.html).
 *
 * @example What a program prints to a terminal
 * ```ts
 * import { Pty } from "@ipc/core/pty";
 * import { assertEquals } from "@std/assert";
 *
 * await using pty = Pty.spawn("stty", { args: ["size"], columns: 100, rows: 40 });
 * assertEquals(await new Response(pty.readable).text(), "40 100\r\n");
 * assertEquals((await pty.child.status).code, 0);
 * ```
 */
export class Pty implements Disposable, AsyncDisposable {
  /** The path of the side that programs have, such as `/dev/pts/3`. */
  readonly name: string;
  /** The program that was started in it by {@linkcode Pty.spawn}. */
  readonly child: Child | undefined;
  readonly #descriptor: Descriptor;
  readonly #reader: ByteReader;
  readonly #writer: ByteWriter;
  readonly #session: Session | undefined;
  #disposed = false;
  /** Its asynchronous disposal, once that has begun. */
  #ending: Promise<void> | undefined;

  private constructor(
    { columns = 80, rows = 24 }: PtyOptions,
    launch?: (terminal: string, slave: Descriptor | undefined) => Child,
  ) {
    const size = checkSize(columns, rows, "open a pseudo-terminal");
    const { fd, name } = openMaster();
    this.name = name;
    this.#descriptor = new Descriptor(fd, name);
    try {
      // A terminal of macOS has no size before its other side is open, and
      // loses it when that is closed.
      const slave = os === "darwin" ? openSlave(this.#descriptor) : undefined;
      // From the beginning: a program may ask before it is told of a change.
      setSize(fd, size);
      setUtf8(fd);
      this.child = launch?.(name, slave);
      if (this.child !== undefined) {
        this.#session = new Session(this.child.pid);
        // Or the end would never come.
        slave?.close();
      }
    } catch (error) {
      this.#descriptor.close();
      if (this.child !== undefined) endAlone(this.child);
      throw error;
    }
    this.#reader = new ByteReader(
      this.#descriptor,
      readParking(this.#descriptor),
      // Linux says so when nobody has the other side any more; macOS answers
      // nothing, as at any end.
      { endError: E.EIO },
    );
    this.#writer = new ByteWriter(
      this.#descriptor,
      writeParking(this.#descriptor),
      { write: typingInto(name) },
    );
  }

  /**
   * Makes a pseudo-terminal for any program that opens it by its
   * {@linkcode Pty.name}.
   *
   * @param options Its size.
   * @returns The terminal; close it when done.
   * @throws {RangeError} If the size is out of range.
   * @throws {Deno.errors.NotFound} If there is no `/dev/ptmx`.
   * @throws {IpcError} `ENOSPC` or `EMFILE` if there are too many.
   *
   * @example A serial line that is none
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   * import { assertEquals } from "@std/assert";
   *
   * using pty = Pty.open();
   * pty.setRaw(true);
   * const device = await Deno.open(pty.name, { write: true });
   * await device.write(new TextEncoder().encode("AT\r"));
   * const p = new Uint8Array(16);
   * assertEquals(await pty.read(p), 3);
   * device.close();
   * ```
   */
  static open(options: PtyOptions = {}): Pty {
    return new Pty(options);
  }

  /**
   * Starts a program in a new pseudo-terminal: with that as its input, output
   * and errors, as the leader of a session of its own that is controlled by it.
   *
   * Use `await using`: it ends all programs of the session, also those that the
   * first one has started and left behind. And read: a program stops when some
   * kilobytes that it has printed wait for somebody who reads them.
   *
   * The program is looked for in this program's `PATH`, whatever `env` says.
   *
   * @param command The program: a name to look for, or a path.
   * @param options Arguments, environment, size and so on.
   * @returns The terminal, with the program as its `child`.
   * @throws {TypeError} If a text contains NUL, or a variable's name is none.
   * @throws {RangeError} If the size is out of range.
   * @throws {Deno.errors.NotFound} If there is no such program or directory.
   * @throws {Deno.errors.NotADirectory} If `cwd` is something else.
   * @throws {Deno.errors.PermissionDenied} If it may not be run.
   * @throws {Deno.errors.WouldBlock} If there are as many processes as this
   * user, or the control group, may have.
   * @throws {IpcError} `ENOSPC`, `EMFILE`, `E2BIG` … as the system says.
   *
   * @example Talk to a shell
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * await using pty = Pty.spawn("sh", { env: { PS1: "$ " } });
   * await pty.writeAll("exit 3\r");
   * console.log(await pty.child.status); // { success: false, code: 3, … }
   * ```
   */
  static spawn(
    command: string,
    options: PtySpawnOptions = {},
  ): Pty & { readonly child: Child } {
    const { args, cwd } = options;
    const all = { args, cwd, env: environmentFor(options) };
    return new Pty(
      options,
      (terminal, slave) =>
        slave === undefined
          ? startDirectly(command, all, terminal)
          : startThroughShell(command, all, terminal, slave),
    ) as Pty & { readonly child: Child };
  }

  /**
   * The descriptor's number, for `select`, `poll` and the like.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * How many characters it shows.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get size(): PtySize {
    return getSize(this.fd);
  }

  /**
   * Changes how many characters it shows. The programs in the foreground get
   * SIGWINCH, unless it was so already.
   *
   * @param columns How many there are in a line, from 1 to 65,535.
   * @param rows How many lines there are, from 1 to 65,535.
   * @throws {RangeError} If either is out of range.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   * import { assertEquals } from "@std/assert";
   *
   * using pty = Pty.open();
   * pty.resize(132, 43);
   * assertEquals(pty.size, { columns: 132, rows: 43 });
   * ```
   */
  resize(columns: number, rows: number): void {
    const size = checkSize(columns, rows, "resize a pseudo-terminal");
    setSize(this.fd, size);
  }

  /**
   * Whether it passes on everything as it is, without showing, editing or
   * interpreting it.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get raw(): boolean {
    return isRaw(this.fd);
  }

  /**
   * Has it pass on everything as it is, or have lines edited again. Programs
   * change that too: this is for those that do not.
   *
   * See [termios(3)](https://man7.org/linux/man-pages/man3/termios.3.html).
   *
   * @param raw Whether everything is passed on as it is.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   * import { assertEquals } from "@std/assert";
   *
   * using pty = Pty.open();
   * pty.setRaw(true);
   * assertEquals([pty.raw, pty.echo], [true, false]);
   * pty.setRaw(false);
   * assertEquals([pty.raw, pty.echo], [false, true]);
   * ```
   */
  setRaw(raw: boolean): void {
    setRaw(this.fd, raw);
  }

  /**
   * Whether it shows what is typed: whether what is written comes back. It can
   * be set.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get echo(): boolean {
    return getEcho(this.fd);
  }

  set echo(echo: boolean) {
    setEcho(this.fd, echo);
  }

  /**
   * Reads what programs have printed, without waiting.
   *
   * @param p Where to put it.
   * @returns How many bytes were read; null if nobody has the terminal open
   * any more; undefined if nothing is there yet, or others wait already.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   * import { assertEquals } from "@std/assert";
   *
   * using pty = Pty.open();
   * assertEquals(pty.tryRead(new Uint8Array(16)), undefined);
   * ```
   */
  tryRead(p: Uint8Array): number | null | undefined {
    return this.#reader.tryRead(p);
  }

  /**
   * Reads what programs have printed, blocking the thread until something is
   * there.
   *
   * @param p Where to put it.
   * @param options The longest to wait.
   * @returns How many bytes were read; null if nobody has the terminal open
   * any more.
   * @throws {Deno.errors.TimedOut} If nothing came in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous read is pending.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   * import { assertEquals } from "@std/assert";
   *
   * using pty = Pty.spawn("echo", { args: ["hello"] });
   * assertEquals(pty.readSync(new Uint8Array(16)), 7);
   * ```
   */
  readSync(p: Uint8Array, options?: SyncWaitOptions): number | null {
    return this.#reader.readSync(p, options);
  }

  /**
   * Reads what programs have printed, waiting until something is there. The
   * end comes when no program has the terminal open any more: not with the
   * first one, if that has left others behind. On macOS it comes with the first
   * one, and for a terminal by {@linkcode Pty.open} never.
   *
   * @param p Where to put it.
   * @param options A signal that ends the wait; then nothing was taken.
   * @returns How many bytes were read; null at the end.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   * import { assertEquals } from "@std/assert";
   *
   * await using pty = Pty.spawn("echo", { args: ["hello"] });
   * const p = new Uint8Array(16);
   * assertEquals(await pty.read(p), 7);
   * assertEquals(await pty.read(p), null);
   * ```
   */
  read(p: Uint8Array, options?: WaitOptions): Promise<number | null> {
    return this.#reader.read(p, options);
  }

  /**
   * What programs print, in chunks of their own memory, to the end.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * await using pty = Pty.spawn("seq", { args: ["1000"] });
   * let bytes = 0;
   * for await (const chunk of pty) bytes += chunk.length;
   * ```
   */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    return this.#reader.chunks();
  }

  /**
   * What programs print, as a Web Stream, which closes the terminal when it
   * ends or is cancelled.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * await using pty = Pty.spawn("date");
   * const text = await new Response(pty.readable).text();
   * ```
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#reader.readable;
  }

  /**
   * Types something, without waiting.
   *
   * @param p What to type.
   * @returns How many bytes were taken, which may be fewer than there are;
   * undefined if it would have to wait or others wait already.
   * @throws {Deno.errors.BrokenPipe} If it would have to wait, and no program
   * has the terminal open any more.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * using pty = Pty.open();
   * pty.tryWrite(new TextEncoder().encode("hello\r"));
   * ```
   */
  tryWrite(p: Uint8Array): number | undefined {
    return this.#writer.tryWrite(p);
  }

  /**
   * Types something, blocking the thread until there is room for some of it.
   *
   * @param p What to type.
   * @param options The longest to wait.
   * @returns How many bytes were taken, which may be fewer than there are.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BrokenPipe} As of {@linkcode Pty.tryWrite}.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous write is pending.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * using pty = Pty.open();
   * pty.writeSync(new TextEncoder().encode("hello\r"));
   * ```
   */
  writeSync(p: Uint8Array, options?: SyncWaitOptions): number {
    return this.#writer.writeSync(p, options);
  }

  /**
   * Types something completely, blocking the thread.
   *
   * @param p What to type: bytes, or text.
   * @param options The longest to wait, and `onProgress`.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BrokenPipe} As of {@linkcode Pty.tryWrite}.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous write is pending.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * using pty = Pty.open();
   * pty.writeAllSync("hello\r");
   * ```
   */
  writeAllSync(p: Uint8Array | string, options?: WriteAllSyncOptions): void {
    this.#writer.writeAllSync(messageBytes(p, "write"), options);
  }

  /**
   * Types something, waiting until there is room for some of it.
   *
   * @param p What to type.
   * @param options A signal that ends the wait; then nothing was typed.
   * @returns How many bytes were taken, which may be fewer than there are.
   * @throws {Deno.errors.BrokenPipe} As of {@linkcode Pty.tryWrite}.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example Interrupt what runs in the foreground
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   * import { assertEquals } from "@std/assert";
   *
   * await using pty = Pty.spawn("sleep", { args: ["1000"] });
   * await pty.write(new Uint8Array([3])); // Ctrl-C
   * assertEquals((await pty.child.status).signal, "SIGINT");
   * ```
   */
  write(p: Uint8Array, options?: WaitOptions): Promise<number> {
    return this.#writer.write(p, options);
  }

  /**
   * Types something completely; nothing else is typed between its parts.
   *
   * @param p What to type: bytes, or text.
   * @param options A signal that ends the wait, and `onProgress`, which knows
   * how much had been typed by then.
   * @throws {Deno.errors.BrokenPipe} As of {@linkcode Pty.tryWrite}.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * await using pty = Pty.spawn("cat");
   * await pty.writeAll("hello\r\x04");
   * await pty.child.status;
   * ```
   */
  async writeAll(
    p: Uint8Array | string,
    options?: WriteAllOptions,
  ): Promise<void> {
    await this.#writer.writeAll(messageBytes(p, "write"), options);
  }

  /**
   * A Web Stream that types each chunk completely before it takes the next.
   * Closing and aborting it close the terminal.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * await using pty = Pty.spawn("cat");
   * const typing = ReadableStream.from([new TextEncoder().encode("hello\r\x04")]);
   * await typing.pipeTo(pty.writable, { preventClose: true });
   * await pty.child.status;
   * ```
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#writer.writable;
  }

  /**
   * Hangs up, as when a terminal's window is closed: the programs in it get
   * SIGHUP, and what ignores that goes on without it. Waits that are pending
   * reject with `Deno.errors.BadResource`. A second call does nothing.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   * import { assertEquals } from "@std/assert";
   *
   * const pty = Pty.spawn("sleep", { args: ["1000"] });
   * pty.close();
   * assertEquals((await pty.child.status).signal, "SIGHUP");
   * ```
   */
  close(): void {
    this.#descriptor.close();
  }

  /**
   * Ends all programs of the session with SIGKILL, and closes it.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * using pty = Pty.spawn("sleep", { args: ["1000"] });
   * console.log(pty.child.pid);
   * ```
   */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    try {
      if (this.#session?.kill()) reap(this.child!);
    } catch (error) {
      endAlone(this.child!);
      throw error;
    } finally {
      this.close();
    }
  }

  /**
   * Ends all programs of the session, also those in the background: with
   * SIGHUP, and after half a second with SIGKILL. Then closes it.
   *
   * A program that has left the session, as services do, is none of its.
   *
   * @returns When all have ended.
   *
   * @example
   * ```ts
   * import { Pty } from "@ipc/core/pty";
   *
   * await using pty = Pty.spawn("sh", { args: ["-c", "sleep 1000 & sleep 1000"] });
   * console.log(pty.child.pid);
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#disposed) this.#ending ??= this.#end();
    await this.#ending;
  }

  async #end(): Promise<void> {
    try {
      if (await this.#session?.end()) await this.child!.status;
    } catch (error) {
      endAlone(this.child!);
      throw error;
    } finally {
      this.#disposed = true;
      this.close();
    }
  }
}

function checkSize(columns: number, rows: number, verb: string): PtySize {
  wholeNumber(columns, verb, "the number of columns", 1, MOST);
  wholeNumber(rows, verb, "the number of rows", 1, MOST);
  return { columns, rows };
}

/** Ends a program when the others cannot be found, for want of descriptors. */
function endAlone(child: Child): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended, and its status has been looked at.
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  reap(child);
}
