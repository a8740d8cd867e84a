/**
 * What one report costs here, of many descriptors of which one is ready; the
 * same as `c/curve.c` in C. Arguments: how many, and milliseconds for each call.
 */

import { EventFd } from "../event/mod.ts";
import { Epoll, Poller, tryPoll, trySelect } from "../mux/mod.ts";

/** Calls between two looks at the clock. */
const BLOCK = 8;
/** The first descriptor that select does not take. */
const FD_SETSIZE = 1024;

const [count, milliseconds] = Deno.args.map(Number);

const all = Array.from({ length: count }, () => EventFd.create());
const ready = all[count >> 1];
const entries = all.map((fd) => ({ fd, events: { read: true } }));
const epoll = new Epoll();
const poller = new Poller();
for (const each of all) {
  epoll.add(each);
  poller.add(each);
}
ready.signal();

const costs: Record<string, number> = {
  poll: measure(() => expect(tryPoll(entries)?.[0].fd)),
  epoll: measure(() => expect(epoll.tryWait()?.[0].fd)),
  poller: measure(() => expect(poller.tryWait()?.[0].fd)),
  "add and delete": measure(addAndDelete()),
};
// This process has a few open itself, for which a thousand leave no room.
const selectable = all.filter(({ fd }) => fd < FD_SETSIZE);
if (selectable.length > 0.95 * count) {
  costs.select = measure(() =>
    expect(trySelect({ read: selectable })?.read[0])
  );
}
console.log(JSON.stringify(costs));

function expect(fd: unknown): void {
  if (fd !== ready) throw new Error("It reported another descriptor");
}

function addAndDelete(): () => void {
  let next = 0;
  return () => {
    const event = all[next++ % count];
    epoll.delete(event);
    epoll.add(event);
  };
}

/** Nanoseconds, after as long a time without counting. */
function measure(call: () => void): number {
  repeat(call);
  return repeat(call);
}

function repeat(call: () => void): number {
  const begin = performance.now();
  let calls = 0;
  let end: number;
  do {
    for (let i = 0; i < BLOCK; i++) call();
    calls += BLOCK;
    end = performance.now();
  } while (end - begin < milliseconds);
  return (end - begin) / calls * 1e6;
}
