/** Two pipes, given to a child; run as a program, this is the child. */

import { Pipe, PipeReader, PipeWriter } from "../../pipe/mod.ts";
import type { Case } from "../_demo/case.ts";
import {
  overBytes,
  playClient,
  playEchoClient,
  playServer,
} from "../_demo/ping_pong.ts";

const REQUESTS = 3;
const ANSWERS = 4;

const withDeno: Case = {
  mechanism: "pipe",
  peer: "deno",
  async play(stage) {
    using requests = Pipe.open();
    using answers = Pipe.open();
    stage.startModule(import.meta.url, [], {
      [REQUESTS]: requests.reader,
      [ANSWERS]: answers.writer,
    });
    requests.reader.close();
    answers.writer.close();
    const talk = overBytes(answers.reader, requests.writer, stage.signal);
    return await playClient(talk, stage.rounds);
  },
};

const withCat: Case = {
  mechanism: "pipe",
  peer: "cat",
  needs: "cat",
  async play(stage) {
    using requests = Pipe.open();
    using answers = Pipe.open();
    stage.start("cat", [], { 0: requests.reader, 1: answers.writer });
    requests.reader.close();
    answers.writer.close();
    const talk = overBytes(answers.reader, requests.writer, stage.signal);
    return await playEchoClient(talk, stage.rounds);
  },
};

/** The cases of pipes. */
export const pipeCases: readonly Case[] = [withDeno, withCat];

if (import.meta.main) {
  using reader = PipeReader.fromFd(REQUESTS);
  using writer = PipeWriter.fromFd(ANSWERS);
  await playServer(overBytes(reader, writer));
}
