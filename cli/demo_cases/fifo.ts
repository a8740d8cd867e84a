/** Two FIFOs, met by their paths; run as a program, this is the server. */

import { Fifo } from "../../fifo/mod.ts";
import type { Case, Played } from "../_demo/case.ts";
import {
  overBytes,
  playClient,
  playEchoClient,
  playServer,
  type Talk,
} from "../_demo/ping_pong.ts";
import type { Stage } from "../_demo/stage.ts";

const withDeno: Case = {
  mechanism: "fifo",
  peer: "deno",
  play: (stage) =>
    playFifoClient(stage, (requests, answers) => {
      stage.startModule(import.meta.url, [requests, answers]);
    }),
};

const withCat: Case = {
  mechanism: "fifo",
  peer: "cat",
  needs: "cat",
  play: (stage) =>
    playFifoClient(stage, (requests, answers) => {
      stage.start("sh", ["-c", 'cat "$0" > "$1"', requests, answers]);
    }, playEchoClient),
};

/** The cases of FIFOs whose server needs nothing special. */
export const fifoCases: readonly Case[] = [withDeno, withCat];

/**
 * Makes both FIFOs, has the server started and plays the client.
 *
 * @param stage Where to play.
 * @param startServer Starts it with the paths of both.
 * @param play How the client plays.
 */
export async function playFifoClient(
  stage: Stage,
  startServer: (requests: string, answers: string) => void,
  play: (talk: Talk, rounds: number) => Promise<Played> = playClient,
): Promise<Played> {
  using requests = Fifo.create(stage.path("requests"));
  using answers = Fifo.create(stage.path("answers"));
  startServer(requests.path, answers.path);
  const { signal } = stage;
  using reader = await answers.openReader({ signal });
  using writer = await requests.openWriter({ signal });
  return await play(overBytes(reader, writer, signal), stage.rounds);
}

/** Plays the server of FIFOs that are there. */
export async function playFifoServer(
  [requestsPath, answersPath]: readonly string[],
  signal?: AbortSignal,
): Promise<Played> {
  using requests = Fifo.open(requestsPath);
  using answers = Fifo.open(answersPath);
  using reader = await requests.openReader({ signal });
  using writer = await answers.openWriter({ signal });
  return await playServer(overBytes(reader, writer, signal));
}

if (import.meta.main) await playFifoServer(Deno.args);
