/** Two event counters, given to a child; run as a program, this is the child. */

import { EventFd } from "../../event/mod.ts";
import type { Case, Played } from "../_demo/case.ts";
import { playClient, playServer, type Talk } from "../_demo/ping_pong.ts";
import type { Stage } from "../_demo/stage.ts";

const REQUESTS = 3;
const ANSWERS = 4;

/** What is said by a count of 1, 2 and 3, as counters carry no words. */
const WORDS = ["ping", "pong", "end"];

const SERVER = `
import os, struct

while True:
    count, = struct.unpack("Q", os.read(${REQUESTS}, 8))
    if count == 3:
        break
    os.write(${ANSWERS}, struct.pack("Q", 2))
`;

const withDeno: Case = {
  mechanism: "event",
  peer: "deno",
  play: (stage) =>
    playWith(stage, (requests, answers) => {
      const fds = { [REQUESTS]: requests, [ANSWERS]: answers };
      stage.startModule(import.meta.url, [], fds);
    }),
};

const withPython: Case = {
  mechanism: "event",
  peer: "python3",
  needs: "python3",
  play: (stage) =>
    playWith(stage, (requests, answers) => {
      const fds = { [REQUESTS]: requests, [ANSWERS]: answers };
      stage.start("python3", ["-c", SERVER], fds);
    }),
};

/** The cases of event counters, which Linux alone has. */
export const eventCases: readonly Case[] = Deno.build.os === "linux"
  ? [withDeno, withPython]
  : [];

async function playWith(
  stage: Stage,
  start: (requests: EventFd, answers: EventFd) => void,
): Promise<Played> {
  using requests = EventFd.create();
  using answers = EventFd.create();
  start(requests, answers);
  return await playClient(over(answers, requests, stage.signal), stage.rounds);
}

function over(from: EventFd, to: EventFd, signal?: AbortSignal): Talk {
  return {
    send(text) {
      to.signal(WORDS.indexOf(text) + 1);
      return Promise.resolve();
    },
    receive: async () => WORDS[Number(await from.wait({ signal })) - 1],
  };
}

if (import.meta.main) {
  using requests = EventFd.fromFd(REQUESTS);
  using answers = EventFd.fromFd(ANSWERS);
  await playServer(over(requests, answers));
}
