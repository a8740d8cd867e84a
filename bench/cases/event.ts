import { EventFd } from "../../event/mod.ts";
import { Poller } from "../../mux/mod.ts";
import type { Case, Link } from "../case.ts";

/** Two event counters, which both processes are started with. */
export const event: Case = {
  name: "event",
  voices: ["sync", "async", "async, no spin"],
  sizes: [0],
  // Signals that nobody has waited for yet become one.
  measures: ["round trip"],
  c: { source: "event.c", link: twoCounters },
  link: twoCounters,
  open() {
    const back = EventFd.fromFd(3);
    const there = EventFd.fromFd(4);
    return {
      sync: { send: () => there.signal(), receive: () => void back.waitSync() },
      async: {
        send: () => Promise.resolve(there.signal()),
        async receive() {
          await back.wait();
        },
      },
    };
  },
};

/** The same, where each process waits through a poller. */
export const eventPoller: Case = {
  ...event,
  name: "event, by a Poller",
  open() {
    const back = EventFd.fromFd(3);
    const there = EventFd.fromFd(4);
    const poller = new Poller();
    poller.add(back);
    return {
      sync: {
        send: () => there.signal(),
        receive() {
          poller.waitSync();
          back.tryWait();
        },
      },
      async: {
        send: () => Promise.resolve(there.signal()),
        async receive() {
          await poller.wait();
          back.tryWait();
        },
      },
    };
  },
};

function twoCounters(): Link {
  const there = EventFd.create();
  const back = EventFd.create();
  return {
    fds: { a: { 3: back, 4: there }, b: { 3: there, 4: back } },
    [Symbol.dispose]() {
      there.close();
      back.close();
    },
  };
}
