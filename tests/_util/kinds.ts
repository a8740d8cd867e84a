/** One descriptor of every kind, quiet at first. Linux. */

import type { Watchable } from "@ipc/core/mux";
import { Epoll } from "@ipc/core/mux";
import { EventFd } from "@ipc/core/event";
import { Fifo } from "@ipc/core/fifo";
import { Pipe, spawn } from "@ipc/core/pipe";
import { BarePair } from "./descriptors.ts";
import * as objects from "./objects.ts";
import { TcpListener } from "./tcp.ts";
import { TempDir } from "./temp.ts";

/** A descriptor that nothing can be read from yet. */
export interface Quiet {
  readonly fd: Watchable;
  /** Makes it readable, now or soon. */
  readonly rouse: () => void;
}

/** Makes one; what is used for it goes onto the stack. */
export type MakeQuiet = (
  stack: AsyncDisposableStack,
) => Quiet | Promise<Quiet>;

/** Every kind by its name. */
export const KINDS: Readonly<Record<string, MakeQuiet>> = {
  "a pipe": (stack) => {
    const { reader, writer } = stack.use(Pipe.open());
    return { fd: reader, rouse: () => writer.writeSync(new Uint8Array(1)) };
  },
  "a FIFO": async (stack) => {
    const directory = stack.use(new TempDir());
    const fifo = stack.use(Fifo.create(directory.join("fifo")));
    const reader = stack.use(await fifo.openReader());
    const writer = stack.use(await fifo.openWriter());
    return { fd: reader, rouse: () => writer.writeSync(new Uint8Array(1)) };
  },
  "a Unix socket": (stack) => {
    const { reader, writer } = stack.use(BarePair.sockets());
    return { fd: reader, rouse: () => writer.write() };
  },
  "a listening socket": (stack) => {
    const listener = stack.use(new TcpListener());
    return { fd: listener, rouse: () => void stack.use(listener.connect()) };
  },
  "an eventfd": (stack) => {
    const event = stack.use(EventFd.create());
    return { fd: event, rouse: () => event.signal() };
  },
  "a message queue": (stack) => {
    const queue = stack.use(objects.messageQueue());
    return { fd: queue, rouse: () => objects.send(queue) };
  },
  "a pseudo-terminal": (stack) => {
    const { master, slave } = objects.terminal();
    stack.use(master);
    stack.use(slave);
    return { fd: master, rouse: () => slave.write() };
  },
  "a timer": (stack) => {
    const timer = stack.use(objects.timer());
    return { fd: timer, rouse: () => objects.expire(timer) };
  },
  "a directory watch": (stack) => {
    const directory = stack.use(new TempDir());
    const watch = stack.use(objects.directoryWatch(directory.path));
    const rouse = () => Deno.writeTextFileSync(directory.join("file"), "");
    return { fd: watch, rouse };
  },
  "a process": (stack) => {
    const child = stack.use(spawn("sleep", { args: ["1000"] }));
    const process = stack.use(objects.processDescriptor(child.pid));
    return { fd: process, rouse: () => child.kill("SIGKILL") };
  },
  "an epoll": (stack) => {
    const epoll = stack.use(new Epoll());
    const event = stack.use(EventFd.create());
    epoll.add(event);
    return { fd: epoll, rouse: () => event.signal() };
  },
};
