import { Fifo } from "../../fifo/mod.ts";
import type { Case, Link, Place, Role } from "../case.ts";
import { streamEndpoint } from "../stream_endpoint.ts";

/** Two FIFOs, which each process opens by their names. */
export const fifo: Case = {
  name: "fifo",
  voices: ["sync", "async", "async, no spin"],
  c: { source: "stream.c", link: openedFifos },
  link: makeFifos,
  async open(place, role) {
    const paths = pathsOf(place, role);
    const reader = await Fifo.open(paths.read).openReader();
    const writer = await Fifo.open(paths.write).openWriter();
    return streamEndpoint(reader, writer);
  },
};

function makeFifos(place: Place): Link {
  const { read, write } = pathsOf(place, "a");
  const back = Fifo.create(read, { temporary: true });
  const there = Fifo.create(write, { temporary: true });
  return {
    [Symbol.dispose]() {
      there.close();
      back.close();
    },
  };
}

/** The C program takes open descriptors. */
function openedFifos(place: Place): Link {
  using fifos = new DisposableStack();
  fifos.use(makeFifos(place));
  const ends = new DisposableStack();
  const { read, write } = pathsOf(place, "a");
  const back = Fifo.open(read);
  const there = Fifo.open(write);
  const readers = {
    a: ends.use(back.openReaderSync()),
    b: ends.use(there.openReaderSync()),
  };
  const writers = {
    a: ends.use(there.openWriterSync()),
    b: ends.use(back.openWriterSync()),
  };
  return {
    fds: {
      a: { 3: readers.a, 4: writers.a },
      b: { 3: readers.b, 4: writers.b },
    },
    [Symbol.dispose]: () => ends.dispose(),
  };
}

function pathsOf(
  { directory }: Place,
  role: Role,
): { readonly read: string; readonly write: string } {
  const there = `${directory}/there`;
  const back = `${directory}/back`;
  return role === "a"
    ? { read: back, write: there }
    : { read: there, write: back };
}
