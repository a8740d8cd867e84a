import { wholeNumber } from "../_internal/arguments.ts";
import { libc as base } from "../_internal/_ffi.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { wouldBlock } from "../_internal/errno.ts";
import { openPipe } from "../_internal/pipe.ts";
import { getCapacity, setCapacity } from "../_internal/pipe_capacity.ts";
import { notSupported, os } from "../_internal/platform.ts";
import { type SignalName, signalName } from "../_internal/signals.ts";
import { untilClosed } from "../_internal/until_closed.ts";
import {
  type SyncWaitOptions,
  type WaitOptions,
  WaitQueue,
} from "../_internal/wait.ts";
import { readParking } from "../mux/parking.ts";
import { catchable } from "./_catchable.ts";
import { usableCode } from "./_usable_code.ts";
import { HandlerSource } from "./_handler_source.ts";
import { ListenerSource } from "./_listener_source.ts";
import { decode, type ReceivedSignal, RECORD_SIZE } from "./_siginfo.ts";
import type { Source } from "./_source.ts";

/** Options of {@linkcode SignalStream.open}. */
export interface SignalStreamOptions {
  /**
   * How many signals are kept that nobody has received yet, at least; rounded
   * up to a power of two. Those that find no room are counted in
   * {@linkcode SignalStream.dropped}. By default as many as a pipe may hold
   * here: 32,768 unless the system was told otherwise. Linux only.
   */
  readonly capacity?: number;
}

const DEFAULT_CAPACITY = 32_768;
/** As many as fit into the largest pipe there can be. */
const MOST_CAPACITY = 2 ** 31 / RECORD_SIZE;

/**
 * The signals that this process gets, as something to wait for.
 *
 * While a stream is open, its signals do not do what they do otherwise, such
 * as ending the program. Every stream has every signal, as do the listeners of
 * `Deno.addSignalListener`, in whichever Worker they are. Real-time signals
 * come as often as they were sent, in order; of the others, the kernel
 * remembers one that was sent several times before it was handled only once.
 *
 * On Linux the signals are handled without waiting for JavaScript: they are
 * kept while the program is busy. For real-time signals there is a thread of
 * its own, and the others block them from then on, for good.
 *
 * Programs that are started meanwhile are not affected, whoever starts them:
 * Deno, `node:child_process` or `spawn` of `@ipc/core/pipe`, in any Worker. But
 * what a library in C starts by posix_spawn(3) or system(3) of its own blocks
 * the real-time signals; and a signal that this program was told to ignore, as
 * by nohup(1), is not ignored.
 *
 * Deno's own listeners, and those of `process.on`, for the same signals may come
 * and go meanwhile; only in a Worker that has no stream they may not, as Deno
 * ends the program by the next such signal when its last listener is gone.
 *
 * `SIGUSR1` starts Deno's debugger all the same: take another.
 *
 * A real-time signal that is sent to one thread of this program, not to the
 * process, does not come to a stream: tgkill(2), raise(3).
 *
 * On macOS, and where memory may not be executed, Deno's listeners are
 * underneath: nothing is known but which signal it was, several may be merged
 * into one, and there are no real-time signals. See {@linkcode capabilities}.
 *
 * @example Who is it?
 * ```ts
 * import { SignalStream, send } from "@ipc/core/signal";
 * import { assertEquals } from "@std/assert";
 *
 * using stream = SignalStream.open(["SIGUSR2", "SIGWINCH"]);
 * send(Deno.pid, "SIGWINCH");
 * const { signal, pid } = await stream.receive();
 * assertEquals([signal, pid], ["SIGWINCH", Deno.pid]);
 * ```
 */
export class SignalStream implements Disposable, AsyncIterable<ReceivedSignal> {
  /** The signals' names. */
  readonly signals: readonly SignalName[];
  readonly #name: string;
  readonly #reader: Descriptor;
  readonly #writer: Descriptor;
  readonly #source: Source;
  readonly #queue: WaitQueue;
  readonly #record = new DataView(new ArrayBuffer(RECORD_SIZE));

  private constructor(numbers: readonly number[], capacity?: number) {
    this.signals = numbers.map((number) => signalName(number) as SignalName);
    this.#name = `signal stream of ${this.signals.join(", ")}`;
    [this.#reader, this.#writer] = openPipe(0, this.#name);
    try {
      setSize(this.#writer.fd, capacity);
      this.#source = newSource(numbers, this.#writer.fd);
    } catch (error) {
      this.close();
      throw error;
    }
    const source = this.#source;
    // Before the number is another's, into whose file would be written.
    this.#writer.onClose(() => source.close());
    const { park, parkSync } = readParking(this.#reader);
    this.#queue = new WaitQueue({
      park(wake) {
        source.look();
        return park(wake);
      },
      parkSync(milliseconds) {
        source.look();
        parkSync(milliseconds);
      },
    }, "receive a signal");
  }

  /**
   * Has signals come to a new stream from now on.
   *
   * @param signals Their names or numbers.
   * @param options How many to keep.
   * @returns The stream; close it to have the signals handled as before.
   * @throws {TypeError} If one of them is no signal, or one that no program
   * can catch (`SIGKILL`, `SIGSTOP`) or go on after (`SIGSEGV` and the like).
   * @throws {RangeError} If the capacity is out of range.
   * @throws {Deno.errors.PermissionDenied} If the capacity is more than
   * `/proc/sys/fs/pipe-max-size` allows, or makes this user's pipes larger
   * together than `pipe-user-pages-soft` beside it, and this user may not
   * exceed that.
   * @throws {Deno.errors.WouldBlock} If so many signals are queued for this
   * user that a real-time one cannot be prepared for.
   * @throws {Deno.errors.NotSupported} If there are no such signals here.
   * @throws {Deno.errors.NotFound} If there is no `/proc`.
   *
   * @example
   * ```ts
   * import { realtime, SignalStream } from "@ipc/core/signal";
   *
   * using stream = SignalStream.open(["SIGHUP", realtime(0), 28]);
   * console.log(stream.signals);
   * ```
   */
  static open(
    signals: readonly (SignalName | number)[],
    { capacity }: SignalStreamOptions = {},
  ): SignalStream {
    const numbers = catchable(signals);
    if (capacity !== undefined) {
      const verb = "open a signal stream";
      wholeNumber(capacity, verb, "the capacity", 1, MOST_CAPACITY);
    }
    return new SignalStream(numbers, capacity);
  }

  /**
   * The descriptor's number, for `select`, `poll` and the like: it is readable
   * when a signal is there to be received.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get fd(): number {
    return this.#reader.fd;
  }

  /**
   * How many signals fit, of those that nobody has received yet. Linux only.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.NotSupported} On macOS.
   */
  get capacity(): number {
    return getCapacity(this.fd) / RECORD_SIZE;
  }

  /**
   * How many signals came when there was no room for them, and are lost; still
   * known when it is closed.
   */
  get dropped(): number {
    return this.#source.dropped;
  }

  /**
   * Waits for the next signal. Those who wait at the same time get them in the
   * order in which they came.
   *
   * @param options A signal that ends the wait; then nothing was received.
   * @returns Which signal, and what is known of it.
   * @throws {Deno.errors.BadResource} If it is closed, now or meanwhile.
   *
   * @example No longer than a second
   * ```ts
   * import { realtime, send, SignalStream } from "@ipc/core/signal";
   * import { assertEquals } from "@std/assert";
   *
   * using stream = SignalStream.open([realtime(1)]);
   * send(Deno.pid, realtime(1));
   * const signal = AbortSignal.timeout(1000);
   * assertEquals((await stream.receive({ signal })).signal, "SIGRTMIN+1");
   * ```
   */
  receive(options?: WaitOptions): Promise<ReceivedSignal> {
    return this.#queue.run(() => this.#attempt(), options);
  }

  /**
   * Waits for the next signal, blocking the thread.
   *
   * @param options The longest to wait.
   * @returns Which signal, and what is known of it.
   * @throws {Deno.errors.TimedOut} If none came in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.Busy} If an asynchronous wait is pending.
   * @throws {Deno.errors.NotSupported} Where Deno's listeners are underneath,
   * which are not called while the thread is blocked.
   *
   * @example
   * ```ts
   * import { queue, realtime, SignalStream } from "@ipc/core/signal";
   * import { assertEquals } from "@std/assert";
   *
   * using stream = SignalStream.open([realtime(2)]);
   * queue(Deno.pid, realtime(2), 7);
   * assertEquals(stream.receiveSync({ timeout: 1000 }).value, 7);
   * ```
   */
  receiveSync(options?: SyncWaitOptions): ReceivedSignal {
    if (!this.#source.whileBlocked) {
      notSupported("receiveSync()", "await receive() instead");
    }
    return this.#queue.runSync(() => this.#attempt(), options);
  }

  /**
   * Takes the next signal if it is there.
   *
   * @returns Undefined if none is there, or others wait already.
   * @throws {Deno.errors.BadResource} If it is closed.
   *
   * @example
   * ```ts
   * import { realtime, SignalStream } from "@ipc/core/signal";
   * import { assertEquals } from "@std/assert";
   *
   * using stream = SignalStream.open([realtime(4)]);
   * assertEquals(stream.tryReceive(), undefined);
   * ```
   */
  tryReceive(): ReceivedSignal | undefined {
    return this.#queue.try(() => this.#attempt());
  }

  /**
   * Every signal from now on, until the stream is closed.
   *
   * @example
   * ```ts
   * import { queue, realtime, SignalStream } from "@ipc/core/signal";
   *
   * using stream = SignalStream.open([realtime(5)]);
   * for (const value of [1, 2, 3]) queue(Deno.pid, realtime(5), value);
   * for await (const { value } of stream) if (value === 3) break;
   * ```
   */
  [Symbol.asyncIterator](): AsyncGenerator<ReceivedSignal> {
    return untilClosed(() => this.receive(), () => this.#reader.closed);
  }

  /**
   * Has its signals handled as they were before it was opened, except for what
   * others have changed since. A wait that is pending rejects with
   * `Deno.errors.BadResource`. A second call does nothing.
   *
   * @example
   * ```ts
   * import { SignalStream } from "@ipc/core/signal";
   *
   * const stream = SignalStream.open(["SIGURG"]);
   * stream.close();
   * ```
   */
  close(): void {
    this.#writer.close();
    this.#reader.close();
  }

  /**
   * Closes it at the end of a block.
   *
   * @example
   * ```ts
   * import { SignalStream } from "@ipc/core/signal";
   *
   * using stream = SignalStream.open(["SIGURG"]);
   * console.log(stream.fd);
   * ```
   */
  [Symbol.dispose](): void {
    this.close();
  }

  #attempt(): ReceivedSignal | undefined {
    const size = BigInt(RECORD_SIZE);
    if (base.read(this.#reader.fd, this.#record, size) > 0) {
      return decode(this.#record);
    }
    return wouldBlock("read", { on: this.#name });
  }
}

function newSource(numbers: readonly number[], pipe: number): Source {
  const code = usableCode();
  return code === undefined
    ? new ListenerSource(numbers, pipe)
    : new HandlerSource(numbers, pipe, code);
}

function setSize(pipe: number, capacity: number | undefined): void {
  if (capacity !== undefined) return setCapacity(pipe, capacity * RECORD_SIZE);
  if (os === "darwin") return;
  try {
    setCapacity(pipe, DEFAULT_CAPACITY * RECORD_SIZE);
  } catch (error) {
    // This user's pipes are large enough already, together: pipe(7). What it
    // holds as it is can be asked for.
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}
