import { ftok, MessageQueue, SysvMessageQueue } from "../../mq/mod.ts";
import type { Case, Link, Place, Role } from "../case.ts";
import { messageEndpoint } from "../message_endpoint.ts";

const SIZES = [64, 4096];

/** As much as a message of either kind may have, unless it was changed. */
const MOST = 8192;

/** Two POSIX message queues, which each process opens by their names. */
export const posixMq: Case = {
  name: "mq posix",
  voices: ["sync", "async", "async, no spin"],
  sizes: SIZES,
  c: { source: "mq_posix.c", link: openedQueues },
  link: makeQueues,
  open(place, role) {
    const { receive, send } = namesOf(place, role);
    return messageEndpoint(
      MessageQueue.open(receive, { write: false }),
      MessageQueue.open(send, { read: false }),
      MOST,
    );
  },
};

/** Two System V message queues, which each process opens by their keys. */
export const sysvMq: Case = {
  name: "mq system v",
  voices: ["sync", "async", "async, no spin"],
  sizes: SIZES,
  c: { source: "mq_sysv.c", link: makeSysvQueues },
  link: makeSysvQueues,
  open(place, role) {
    const { receive, send } = keysOf(place, role);
    return messageEndpoint(
      SysvMessageQueue.open(receive),
      SysvMessageQueue.open(send),
      MOST,
    );
  },
};

function makeQueues(place: Place): Link {
  const { receive, send } = namesOf(place, "a");
  using made = new DisposableStack();
  made.use(MessageQueue.create(receive, { temporary: true }));
  made.use(MessageQueue.create(send, { temporary: true }));
  return made.move();
}

/** The C program takes open descriptors. */
function openedQueues(place: Place): Link {
  const { receive, send } = namesOf(place, "a");
  using made = new DisposableStack();
  const back = made.use(MessageQueue.create(receive, { temporary: true }));
  const there = made.use(MessageQueue.create(send, { temporary: true }));
  const queues = made.move();
  return {
    fds: { a: { 3: back, 4: there }, b: { 3: there, 4: back } },
    [Symbol.dispose]: () => queues.dispose(),
  };
}

/** Nobody has a System V queue open, so nobody's closing could remove it. */
function makeSysvQueues(place: Place): Link {
  const { receive, send } = keysOf(place, "a");
  using made = new DisposableStack();
  made.use(SysvMessageQueue.create(receive, { temporary: true }));
  made.use(SysvMessageQueue.create(send, { temporary: true }));
  const queues = made.move();
  return { remove: () => queues.dispose(), [Symbol.dispose]() {} };
}

interface Directions<T> {
  readonly receive: T;
  readonly send: T;
}

function namesOf({ name }: Place, role: Role): Directions<string> {
  return directions(`/${name}-there`, `/${name}-back`, role);
}

function keysOf({ directory }: Place, role: Role): Directions<number> {
  return directions(ftok(directory, 1), ftok(directory, 2), role);
}

function directions<T>(there: T, back: T, role: Role): Directions<T> {
  return role === "a"
    ? { receive: back, send: there }
    : { receive: there, send: back };
}
