/** Sockets of networks, counters, queues, terminals and more in every state. Linux. */

import { Epoll, poll, readable, type Watchable } from "../../mux/mod.ts";
import { spawn } from "../../pipe/mod.ts";
import { openFile } from "../../_internal/file.ts";
import { O_RDONLY } from "../../_internal/platform.ts";
import { Bare } from "./descriptors.ts";
import * as objects from "./objects.ts";
import type { State, States } from "./readiness.ts";
import { sendUrgent, TcpListener, tcpPair } from "./tcp.ts";
import { TempDir } from "./temp.ts";

/** Fills an event counter: eventfd(2). */
const FULL = 0xffff_ffff_ffff_fffen;

const LINE = new TextEncoder().encode("line\n");
const HALF_A_LINE = LINE.subarray(0, 2);

/** A number that belongs to nothing, in a process that has not much open. */
const UNUSED = 1000;

/** Each by the descriptor and then its state. */
export const OTHER_STATES: States = {
  "TCP socket": {
    "idle": tcp((here) => here),
    "urgent data": tcp(async (here, there) => {
      sendUrgent(there);
      await poll([{ fd: here, events: { priority: true } }]);
      return here;
    }),
    "half-closed by the peer": tcp(async (here, there) => {
      there.endWriting();
      await readable(here);
      return here;
    }),
    "closed by the peer": tcp(async (here, there) => {
      there.close();
      await readable(here);
      return here;
    }),
    "closed by the peer, data unread there": tcp(async (here, there) => {
      here.write();
      await readable(there);
      there.close();
      await readable(here);
      return here;
    }),
    "connection refused": async (stack) => {
      const listener = new TcpListener();
      const connecting = stack.use(listener.connect());
      listener.close();
      await readable(connecting);
      return connecting;
    },
  },
  "listening socket": {
    "idle": (stack) => stack.use(new TcpListener()),
    "connection waiting": async (stack) => {
      const listener = stack.use(new TcpListener());
      stack.use(listener.connect());
      await readable(listener);
      return listener;
    },
  },
  "eventfd": {
    "0": (stack) => stack.use(objects.eventCounter()),
    "more": (stack) => stack.use(objects.eventCounter(1)),
    "full": (stack) => {
      const counter = stack.use(objects.eventCounter());
      objects.add(counter, FULL);
      return counter;
    },
  },
  "message queue": {
    "empty": (stack) => stack.use(objects.messageQueue()),
    "some": (stack) => {
      const queue = stack.use(objects.messageQueue());
      objects.send(queue);
      return queue;
    },
    "full": (stack) => {
      const queue = stack.use(objects.messageQueue());
      for (let i = 0; i < objects.QUEUE_LENGTH; i++) objects.send(queue);
      return queue;
    },
  },
  "pseudo-terminal, master": {
    "idle": terminal(({ master }) => master),
    "output": terminal(({ master, slave }) => (slave.write(LINE), master)),
    "output, slave closed": terminal(({ master, slave }) => {
      slave.write(LINE);
      slave.close();
      return master;
    }),
    "slave closed": terminal(({ master, slave }) => {
      slave.close();
      return master;
    }),
  },
  "pseudo-terminal, slave": {
    "idle": terminal(({ slave }) => slave),
    "half a line": terminal(({ master, slave }) => {
      master.write(HALF_A_LINE);
      return slave;
    }),
    "a line": terminal(async ({ master, slave }) => {
      master.write(LINE);
      await readable(slave);
      return slave;
    }),
    "master closed": terminal(({ master, slave }) => {
      master.close();
      return slave;
    }),
  },
  "timerfd": {
    "not expired": (stack) => stack.use(objects.timer()),
    "expired": async (stack) => {
      const timer = stack.use(objects.timer());
      objects.expire(timer);
      await readable(timer);
      return timer;
    },
  },
  "pidfd": {
    "process running": (stack) => {
      const child = stack.use(spawn("sleep", { args: ["1000"] }));
      return stack.use(objects.processDescriptor(child.pid));
    },
    "process ended": async (stack) => {
      const child = stack.use(spawn("true"));
      const process = stack.use(objects.processDescriptor(child.pid));
      await readable(process);
      return process;
    },
  },
  "inotify": {
    "nothing happened": (stack) => {
      const directory = stack.use(new TempDir());
      return stack.use(objects.directoryWatch(directory.path));
    },
    "something happened": (stack) => {
      const directory = stack.use(new TempDir());
      const watch = stack.use(objects.directoryWatch(directory.path));
      Deno.writeTextFileSync(directory.join("file"), "");
      return watch;
    },
  },
  "epoll": {
    "nothing ready": (stack) => {
      const epoll = stack.use(new Epoll());
      epoll.add(stack.use(objects.eventCounter()));
      return epoll;
    },
    "something ready": (stack) => {
      const epoll = stack.use(new Epoll());
      epoll.add(stack.use(objects.eventCounter(1)));
      return epoll;
    },
  },
  "regular file": {
    "any": (stack) => {
      const directory = stack.use(new TempDir());
      Deno.writeTextFileSync(directory.join("file"), "");
      const fd = openFile(directory.join("file"), O_RDONLY);
      return stack.use(new Bare(fd));
    },
  },
  "a number": {
    "not open": () => UNUSED,
  },
};

function tcp(
  make: (here: Bare, there: Bare) => Watchable | Promise<Watchable>,
): State {
  return (stack) => {
    const [here, there] = tcpPair();
    return make(stack.use(here), stack.use(there));
  };
}

type Terminal = ReturnType<typeof objects.terminal>;

function terminal(
  make: (terminal: Terminal) => Watchable | Promise<Watchable>,
): State {
  return (stack) => {
    const { master, slave } = objects.terminal();
    return make({ master: stack.use(master), slave: stack.use(slave) });
  };
}
