/**
 * Getting on with Deno's own handlers. Once there has been a listener for a
 * signal, Deno handles it for ever: it ends the program by it when there is no
 * listener any more, even though others wait for the same signal. So where
 * Deno has a handler, it is given a listener that does nothing.
 */

import { platform } from "../_internal/platform.ts";
import { sleepSync } from "../_internal/poll.ts";
import { signalName } from "../_internal/signals.ts";
import { nobodyHandles, someoneWaitsIn } from "../_internal/threads.ts";
import { libc } from "./_ffi.ts";

/**
 * What Deno handles itself once a program has run for half a second, to end in
 * good order. A stream that waits would not see these handlers come.
 */
const ALWAYS: ReadonlySet<string> = new Set(["SIGHUP", "SIGINT", "SIGTERM"]);

const AT_ENTRY = 9n;
const DL_INFO_SIZE = 32;
const DL_INFO_FBASE = 8;

/**
 * Whether Deno handles a signal, or will.
 *
 * @param handler The handler that is there now.
 */
export function denoHandles(signal: number, handler: bigint): boolean {
  return ALWAYS.has(signalName(signal)) || isDenos(handler);
}

/** Whether a handler is Deno's, and not that of some library. */
function isDenos(handler: bigint): boolean {
  const base = baseOf(handler);
  return base !== undefined && base === baseOf(libc.getauxval(AT_ENTRY));
}

/** Where that begins, program or library, which an address is in. */
function baseOf(address: bigint): bigint | undefined {
  const info = new BigUint64Array(DL_INFO_SIZE / 8);
  const pointer = Deno.UnsafePointer.create(address);
  if (libc.dladdr(pointer, info) === 0) return undefined;
  return info[DL_INFO_FBASE / 8];
}

// As it is now: what stands in for it looks after streams, and this is that.
const { addSignalListener } = Deno;

/** What to do when a listener has been added. */
const lookouts = new Set<() => void>();

/**
 * Has `look` called whenever somebody has begun to listen, before he can end
 * that again. Nothing but the function itself says so; `process.on` of Node.js
 * goes by it, too.
 *
 * @returns Calls it off.
 */
export function onDenoListener(look: () => void): () => void {
  if (Deno.addSignalListener === addSignalListener) {
    Deno.addSignalListener = (signal, listener) => {
      addSignalListener(signal, listener);
      for (const look of lookouts) look();
    };
  }
  lookouts.add(look);
  return () => {
    lookouts.delete(look);
  };
}

/** How long to wait for Deno, in milliseconds. */
const PATIENCE = 500;

/** Listeners that do nothing, for some signals. */
export class DenoListeners {
  readonly #names = new Set<Deno.Signal>();
  readonly #listener = () => {};

  /** Has Deno believe that somebody listens to a signal. */
  add(signal: number): void {
    const name = signalName(signal) as Deno.Signal;
    if (this.#names.has(name)) return;
    addSignalListener(name, this.#listener);
    this.#names.add(name);
  }

  /** Takes all of them away again. */
  end(): void {
    if (this.#names.size === 0) return;
    // What the stream has had must not end the program: Deno has to see that
    // there was a listener.
    const deadline = performance.now() + PATIENCE;
    while (!isDenoDone() && performance.now() < deadline) sleepSync(1);
    for (const name of this.#names) {
      Deno.removeSignalListener(name, this.#listener);
    }
    this.#names.clear();
  }
}

/** A length of one byte, after a descriptor and an address. */
const ONE_BYTE = /^\d+ 0x\w+ 0x\w+ 0x1 /;

/**
 * Whether Deno has dealt with all signals so far. Its handler sends a byte to
 * a thread, which looks for listeners and then waits for the next byte.
 */
function isDenoDone(): boolean {
  return nobodyHandles() && someoneWaitsIn(platform.SYS_recvfrom, ONE_BYTE);
}
