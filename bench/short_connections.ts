/**
 * Connections that carry one message there and one back: side `a` opens one to
 * send and closes it when it has received, side `b` the other way round.
 */

import type { Role, Transfer } from "./case.ts";

/** A connection while it is open. */
export interface ShortConnection<Done extends void | Promise<void>>
  extends Transfer<Done> {
  close(): void;
}

/** Blocking the thread. */
export function shortConnectionsSync(
  role: Role,
  open: () => ShortConnection<void>,
): Transfer<void> {
  let connection: ShortConnection<void>;
  return {
    send(p) {
      if (role === "a") connection = open();
      connection.send(p);
      if (role === "b") connection.close();
    },
    receive(p) {
      if (role === "b") connection = open();
      connection.receive(p);
      if (role === "a") connection.close();
    },
  };
}

/** Waiting in the event loop. */
export function shortConnections(
  role: Role,
  open: () => Promise<ShortConnection<Promise<void>>>,
): Transfer<Promise<void>> {
  let connection: ShortConnection<Promise<void>>;
  return {
    async send(p) {
      if (role === "a") connection = await open();
      await connection.send(p);
      if (role === "b") connection.close();
    },
    async receive(p) {
      if (role === "b") connection = await open();
      await connection.receive(p);
      if (role === "a") connection.close();
    },
  };
}

/** Does it as soon as the other side listens. */
export async function whenListening<T>(open: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!isTooEarly(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function isTooEarly(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.ConnectionRefused;
}
