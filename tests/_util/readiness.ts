/** What Linux reports of a descriptor, in the words of `docs/readiness.md`. */

import { Epoll, tryPoll, trySelect, type Watchable } from "../../mux/mod.ts";
import { OTHER_STATES } from "./readiness_others.ts";
import { STREAM_STATES } from "./readiness_streams.ts";

/** Brings about a state; what is used for it goes onto the stack. */
export type State = (
  stack: AsyncDisposableStack,
) => Watchable | Promise<Watchable>;

/** Each by the descriptor and then its state, named as in the table. */
export type States = Readonly<Record<string, Readonly<Record<string, State>>>>;

/** One line of the table, but for what is not compared. */
export interface Line {
  readonly descriptor: string;
  readonly state: string;
  readonly select: string;
  readonly poll: string;
  readonly epoll: string;
}

/** Brings about all states, one after the other, and looks at each. */
export async function observed(): Promise<Line[]> {
  const lines: Line[] = [];
  const all = { ...STREAM_STATES, ...OTHER_STATES };
  for (const [descriptor, states] of Object.entries(all)) {
    for (const [state, make] of Object.entries(states)) {
      await using stack = new AsyncDisposableStack();
      const fd = await make(stack);
      lines.push({
        descriptor,
        state,
        select: words(() => bySelect(fd)),
        poll: words(() => byPoll(fd)),
        epoll: words(() => byEpoll(fd)),
      });
    }
  }
  return lines;
}

const ALL = { read: true, write: true, priority: true, readHangup: true };

function bySelect(fd: Watchable): object {
  const ready = trySelect({ read: [fd], write: [fd], except: [fd] });
  const sets = Object.entries<Watchable[]>({ ...ready });
  return Object.fromEntries(sets.map(([set, all]) => [set, all.length > 0]));
}

function byPoll(fd: Watchable): object {
  return tryPoll([{ fd, events: ALL }])?.[0] ?? {};
}

function byEpoll(fd: Watchable): object {
  using epoll = new Epoll();
  epoll.add(fd, ALL);
  return epoll.tryWait()?.[0] ?? {};
}

const ORDER = [
  "read",
  "write",
  "priority",
  "except",
  "readHangup",
  "hangup",
  "error",
  "invalid",
];

function words(look: () => object): string {
  try {
    const reported = new Map(Object.entries(look()));
    return ORDER.filter((word) => reported.get(word)).join(", ") || "–";
  } catch (error) {
    return (error as Error & { code: string }).code;
  }
}
