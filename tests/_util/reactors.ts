/** A reactor for every backend that can run here. */

import type { Backend } from "../../mux/_backend.ts";
import { EpollBackend } from "../../mux/_epoll_backend.ts";
import { KqueueBackend } from "../../mux/_kqueue_backend.ts";
import { Reactor } from "../../mux/reactor.ts";
import { kqueueOptions, noKqueue } from "./kqueue.ts";

/** A reactor of its own. */
export interface NamedReactor {
  readonly name: string;
  /** Whether it cannot be had here. */
  readonly ignore: boolean;
  readonly reactor: Reactor;
  /** How many times it has parked a thread. */
  waits(): number;
}

/** The reactor over kqueue: on Linux, over a small library that has one. */
export const kqueue: NamedReactor = noKqueue
  ? ignored("kqueue")
  : reactorOver("kqueue", new KqueueBackend(kqueueOptions));

/** The reactor over epoll, with a thread of its own where there can be one. */
export const epoll: NamedReactor = Deno.build.os === "linux"
  ? reactorOver("epoll", new EpollBackend())
  : ignored("epoll");

/** That on a thread of Deno's pool, as in Workers. */
export const pooledEpoll: NamedReactor = Deno.build.os === "linux"
  ? reactorOver("pooledEpoll", new EpollBackend(true))
  : ignored("pooledEpoll");

/** Both over epoll. */
export const epolls: readonly NamedReactor[] = [epoll, pooledEpoll];

/** All of them. */
export const reactors: readonly NamedReactor[] = [...epolls, kqueue];

function reactorOver(name: string, backend: Backend): NamedReactor {
  let waits = 0;
  const wait = backend.wait.bind(backend);
  backend.wait = () => {
    waits++;
    return wait();
  };
  const reactor = new Reactor(() => backend);
  return { name, ignore: false, reactor, waits: () => waits };
}

function ignored(name: string): NamedReactor {
  const reactor = new Reactor(() => {
    throw new Error(`Cannot use ${name}: it is not here`);
  });
  return { name, ignore: true, reactor, waits: () => 0 };
}
