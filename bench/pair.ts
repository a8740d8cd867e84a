/** Two processes that talk to each other, started, ordered about and ended. */

import { setTimeout as delay } from "node:timers/promises";
import { Fifo } from "../fifo/mod.ts";
import { type Child, Pipe, type PipeWriter, spawn } from "../pipe/mod.ts";
import type { Link, Place, Role } from "./case.ts";
import type { Contender } from "./contender.ts";
import { Lines } from "./lines.ts";
import { formatOrder, type Order, ordersPath, type Sample } from "./orders.ts";
import type { Placement } from "./placement.ts";

/** The longest that one order may take, in milliseconds. */
const LIMIT = 30_000;
/** How long a side has to end, or to say what it died of, in milliseconds. */
const GRACE = 300;

const FIRST_ORDER: Order = { measure: "round trip", size: 1, count: 1 };

/** How to start a pair. */
export interface PairOptions {
  readonly placement: Placement;
  /** An empty directory, which stays the caller's. */
  readonly directory: string;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

/** A process that was started. */
interface Side {
  readonly role: Role;
  readonly errors: Lines;
  /** Its exit code, when it has ended. */
  code?: number;
}

/** Both sides of one contender. */
export class Pair implements AsyncDisposable {
  readonly #contender: Contender;
  readonly #options: PairOptions;
  readonly #place: Place;
  readonly #stack = new AsyncDisposableStack();
  readonly #ended = new AbortController();
  readonly #sides: Side[] = [];
  readonly #writers: PipeWriter[] = [];
  #answers!: Lines;

  private constructor(contender: Contender, options: PairOptions) {
    this.#contender = contender;
    this.#options = options;
    const name = `ipc-bench-${crypto.randomUUID()}`;
    this.#place = { directory: options.directory, name };
  }

  /** Starts both sides and lets the first byte make the round. */
  static async start(
    contender: Contender,
    options: PairOptions,
  ): Promise<Pair> {
    const pair = new Pair(contender, options);
    try {
      await pair.#start();
      return pair;
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has both sides carry out an order. */
  async order(order: Order): Promise<Sample> {
    const line = new TextEncoder().encode(formatOrder(order));
    return await this.#attentively(async (signal) => {
      for (const writer of this.#writers) {
        await writer.writeAll(line, { signal });
      }
      return JSON.parse(await this.#answers.next(signal));
    });
  }

  /** Ends both sides. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #start(): Promise<void> {
    const { link, startsPeer } = this.#contender;
    // Gone when the first byte has made the round, so that each side learns
    // of the other's end.
    using made = await link?.(this.#place);
    this.#stack.defer(() => made?.remove?.());
    const fifos: Fifo[] = [];
    for (const role of ["b", "a"] as const) {
      const path = ordersPath(this.#place, role);
      fifos.push(this.#stack.use(Fifo.create(path, { temporary: true })));
      if (role === "a" || !startsPeer) this.#spawn(role, made);
    }
    await this.#attentively(async (signal) => {
      for (const fifo of fifos) {
        const writer = await fifo.openWriter({ signal });
        this.#writers.push(this.#stack.use(writer));
      }
    });
    await this.order(FIRST_ORDER);
  }

  #spawn(role: Role, link: Link | undefined): void {
    const { prefix } = this.#options.placement;
    const line = this.#contender.command(this.#place, role);
    const [command, ...args] = [...prefix, ...line];
    const errors = this.#stack.use(Pipe.open());
    const answers = this.#stack.use(Pipe.open());
    const child = spawn(command, {
      args,
      env: { NO_COLOR: "1" },
      fds: {
        0: "null",
        1: answers.writer,
        2: errors.writer,
        ...link?.fds?.[role],
      },
    });
    errors.writer.close();
    answers.writer.close();
    const side = { role, errors: new Lines(errors.reader) };
    this.#sides.push(side);
    if (role === "a") this.#answers = new Lines(answers.reader);
    // The orders are closed by then, at which both sides end by themselves; a
    // side that started the other one waits for it.
    this.#stack.use(child);
    this.#stack.defer(() => soon(child.status));
    void this.#watch(child, side);
  }

  async #watch(child: Child, side: Side): Promise<void> {
    const { code } = await child.status;
    side.code = code;
    this.#ended.abort(new Error(`Side ${side.role} ended with code ${code}`));
  }

  /** Waits no longer than both sides live, and finds out what they died of. */
  async #attentively<T>(
    wait: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { signal: interrupted } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(new Error(`There was no answer within ${LIMIT / 1000} s`));
    }, LIMIT);
    try {
      return await wait(
        AbortSignal.any([interrupted, this.#ended.signal, late.signal]),
      );
    } catch (error) {
      interrupted.throwIfAborted();
      throw await this.#explain(error as Error);
    } finally {
      // AbortSignal.timeout() would keep this process alive to its end.
      clearTimeout(timer);
    }
  }

  async #explain(error: Error): Promise<Error> {
    await delay(GRACE);
    const ends = this.#sides.filter(({ code }) => code !== undefined)
      .map(({ role, errors, code }) =>
        `side ${role} ended with code ${code}: ${errors.rest() || "silently"}`
      );
    return ends.length === 0
      ? error
      : new Error(ends.join("; "), { cause: error });
  }
}

/** Waits for a side to end, but not for long. */
async function soon(status: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, GRACE);
  await Promise.race([status, promise]);
  clearTimeout(timer);
}
