import { Pipe, PipeReader, PipeWriter } from "../../pipe/mod.ts";
import type { Case, Link } from "../case.ts";
import { streamEndpoint } from "../stream_endpoint.ts";

/** Two anonymous pipes, whose ends both processes are started with. */
export const pipe: Case = {
  name: "pipe",
  voices: ["sync", "async", "async, no spin"],
  c: { source: "stream.c", link: twoPipes },
  link: twoPipes,
  open() {
    return streamEndpoint(PipeReader.fromFd(3), PipeWriter.fromFd(4));
  },
};

function twoPipes(): Link {
  const there = Pipe.open();
  const back = Pipe.open();
  return {
    fds: {
      a: { 3: back.reader, 4: there.writer },
      b: { 3: there.reader, 4: back.writer },
    },
    [Symbol.dispose]() {
      there.close();
      back.close();
    },
  };
}
