/** Waiting in a reactor, and knowing that somebody still waits. */

import type { Reactor } from "../../mux/reactor.ts";
import { READ } from "../../mux/_backend.ts";
import { BarePair } from "./descriptors.ts";
import type { NamedReactor } from "./reactors.ts";

/** One wait. */
export interface Wait {
  /** Resolves or rejects when it is over. */
  readonly done: Promise<void>;
  readonly cancel: () => void;
}

/** Waits for a descriptor, or for a process under its negated id. */
export function wait(reactor: Reactor, key: number, interest: number): Wait {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = reactor.watch(
    key,
    interest,
    (error) => error === undefined ? resolve() : reject(error),
  );
  return { done: promise, cancel: () => cancel(() => {}) };
}

/** Whether a wait is over once the reactor has reported all that is ready. */
export async function isOver({ done }: Wait, reactor: Reactor) {
  let over = false;
  done.then(() => over = true, () => over = true);
  await settled(reactor);
  return over;
}

/**
 * Resolves when the reactor has reported all that is ready now. If nobody else
 * waits, no thread is parked any more then.
 */
export async function settled(reactor: Reactor): Promise<void> {
  using pipe = BarePair.pipe();
  pipe.writer.write();
  // A call that was under way already may have reported the first.
  await wait(reactor, pipe.reader.fd, READ).done;
  await wait(reactor, pipe.reader.fd, READ).done;
}

/** Defines a test of what a reactor does. */
export function testReactor(
  { name, reactor, ignore }: NamedReactor,
  behaviour: string,
  fn: (reactor: Reactor) => void | Promise<void>,
): void {
  Deno.test(`the ${name} reactor ${behaviour}`, { ignore }, async () => {
    await fn(reactor);
    // The parked call of a wait that was called off may still be under way.
    await settled(reactor);
  });
}
