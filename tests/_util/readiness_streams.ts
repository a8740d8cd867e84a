/** Pipes, FIFOs and Unix sockets in every state. Linux. */

import { Fifo } from "../../fifo/mod.ts";
import type { Watchable } from "../../mux/mod.ts";
import { BarePair } from "./descriptors.ts";
import type { State, States } from "./readiness.ts";
import { TempDir } from "./temp.ts";

/** Each by the descriptor and then its state. */
export const STREAM_STATES: States = {
  "pipe, reading end": {
    "empty": pipe(({ reader }) => reader),
    "data": pipe(({ reader, writer }) => (writer.write(), reader)),
    "data, writers gone": pipe(({ reader, writer }) => {
      writer.write();
      writer.close();
      return reader;
    }),
    "empty, writers gone": pipe(({ reader, writer }) => {
      writer.close();
      return reader;
    }),
  },
  "pipe, writing end": {
    "room": pipe(({ writer }) => writer),
    "full": pipe(({ writer }) => (writer.fill(), writer)),
    "room, readers gone": pipe(({ reader, writer }) => {
      reader.close();
      return writer;
    }),
    "full, readers gone": pipe(({ reader, writer }) => {
      writer.fill();
      reader.close();
      return writer;
    }),
  },
  "FIFO, reading end": {
    "no writer yet": fifo(({ reader }) => reader),
    "empty": fifo(async ({ reader, openWriter }) => {
      await openWriter();
      return reader;
    }),
    "data": fifo(async ({ reader, openWriter }) => {
      (await openWriter()).writeSync(new Uint8Array(1));
      return reader;
    }),
    "data, writers gone": fifo(async ({ reader, openWriter }) => {
      const writer = await openWriter();
      writer.writeSync(new Uint8Array(1));
      writer.close();
      return reader;
    }),
    "empty, writers gone": fifo(async ({ reader, openWriter }) => {
      (await openWriter()).close();
      return reader;
    }),
  },
  "FIFO, writing end": {
    "room": fifo(({ openWriter }) => openWriter()),
    "room, readers gone": fifo(async ({ reader, openWriter }) => {
      const writer = await openWriter();
      reader.close();
      return writer;
    }),
  },
  "Unix stream socket": {
    "idle": sockets(({ reader }) => reader),
    "data": sockets(({ reader, writer }) => (writer.write(), reader)),
    "no room": sockets(({ reader }) => (reader.fill(), reader)),
    "half-closed by the peer": sockets(({ reader, writer }) => {
      writer.endWriting();
      return reader;
    }),
    "closed by the peer": sockets(({ reader, writer }) => {
      writer.close();
      return reader;
    }),
    "closed by the peer, data unread there": sockets(
      ({ reader, writer }) => {
        reader.write();
        writer.close();
        return reader;
      },
    ),
  },
};

function pipe(make: (pipe: BarePair) => Watchable): State {
  return (stack) => make(stack.use(BarePair.pipe()));
}

function sockets(make: (sockets: BarePair) => Watchable): State {
  return (stack) => make(stack.use(BarePair.sockets()));
}

type Reader = Awaited<ReturnType<Fifo["openReader"]>>;
type Writer = Awaited<ReturnType<Fifo["openWriter"]>>;

interface OpenFifo {
  readonly reader: Reader;
  readonly openWriter: () => Promise<Writer>;
}

function fifo(
  make: (fifo: OpenFifo) => Watchable | Promise<Watchable>,
): State {
  return async (stack) => {
    const directory = stack.use(new TempDir());
    const fifo = stack.use(Fifo.create(directory.join("fifo")));
    const reader = stack.use(await fifo.openReader());
    const openWriter = async () => stack.use(await fifo.openWriter());
    return await make({ reader, openWriter });
  };
}
