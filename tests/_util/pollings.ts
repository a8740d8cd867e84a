/** A set of a poller for every backend that can run here. */

import { EpollPolling } from "../../mux/_epoll_polling.ts";
import { KqueuePolling } from "../../mux/_kqueue_polling.ts";
import type { Polling } from "../../mux/_polling.ts";
import { kqueueOptions, noKqueue } from "./kqueue.ts";

/** A kind of set. */
export interface NamedPolling {
  readonly name: string;
  /** Whether it cannot be had here. */
  readonly ignore: boolean;
  readonly open: () => Polling;
}

/** Both. */
export const pollings: readonly NamedPolling[] = [
  {
    name: "epoll",
    ignore: Deno.build.os !== "linux",
    open: () => new EpollPolling(),
  },
  {
    name: "kqueue",
    ignore: noKqueue,
    open: () => new KqueuePolling(kqueueOptions),
  },
];

/** Defines a test of what a poller's set does. */
export function testPolling(
  { name, ignore, open }: NamedPolling,
  behaviour: string,
  fn: (polling: Polling) => void | Promise<void>,
): void {
  Deno.test(`a poller over ${name} ${behaviour}`, { ignore }, async () => {
    const polling = open();
    try {
      await fn(polling);
    } finally {
      polling.close();
    }
  });
}
