/**
 * Signals between a parent and a child; run as a program, this is the child.
 * In the classic, SIGUSR1 asks, SIGUSR2 answers and SIGQUIT ends; in the other,
 * the words are the values of a real-time signal.
 */

import {
  queue,
  realtime,
  send,
  type SignalName,
  SignalStream,
} from "../../signal/mod.ts";
import type { Case, Played } from "../_demo/case.ts";
import { playClient, playServer, type Talk } from "../_demo/ping_pong.ts";
import type { Stage } from "../_demo/stage.ts";

const WORDS: ReadonlyMap<string, SignalName> = new Map([
  ["ping", "SIGUSR1"],
  ["pong", "SIGUSR2"],
  ["end", "SIGQUIT"],
]);
/** What a child says when it can be talked to. */
const READY = "pong";

const withDeno: Case = {
  mechanism: "signal",
  peer: "deno",
  play: (stage) =>
    playParent(stage, () => {
      const args = ["classic", `${Deno.pid}`];
      // A Deno that has run for half a second announces on its standard error
      // that SIGUSR1 has started its debugger.
      return stage.startModule(import.meta.url, args, { 2: "null" }).pid;
    }),
};

const PYTHON = `
import os, signal, sys

parent = int(sys.argv[1])
signals = {signal.SIGUSR1, signal.SIGQUIT}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
os.kill(parent, signal.SIGUSR2)
while signal.sigwait(signals) == signal.SIGUSR1:
    os.kill(parent, signal.SIGUSR2)
`;

const withPython: Case = {
  mechanism: "signal",
  peer: "python3",
  needs: "python3",
  play: (stage) =>
    playParent(
      stage,
      () => stage.start("python3", ["-c", PYTHON, `${Deno.pid}`]).pid,
    ),
};

const queued: Case = {
  mechanism: "signal, queued",
  peer: "deno",
  async play(stage) {
    using stream = SignalStream.open([realtime(2)]);
    const args = ["queued", `${Deno.pid}`];
    const { pid } = stage.startModule(import.meta.url, args);
    const talk = overValues(stream, pid, realtime(1), stage.signal);
    await talk.receive();
    return await playClient(talk, stage.rounds);
  },
};

/** The cases of signals: macOS has none that carry values. */
export const signalCases: readonly Case[] = [
  withDeno,
  withPython,
  ...Deno.build.os === "linux" ? [queued] : [],
];

/** Has the child started and plays the client. */
async function playParent(
  stage: Stage,
  startChild: () => number,
): Promise<Played> {
  using stream = SignalStream.open(["SIGUSR2"]);
  const talk = overSignals(stream, startChild(), stage.signal);
  await talk.receive();
  return await playClient(talk, stage.rounds);
}

/** A conversation in which each word is a signal of its own. */
function overSignals(
  stream: SignalStream,
  pid: number,
  signal?: AbortSignal,
): Talk {
  const words = new Map([...WORDS].map(([word, name]) => [name, word]));
  return {
    send: (text) => Promise.resolve(send(pid, WORDS.get(text)!)),
    receive: async () => words.get((await stream.receive({ signal })).signal)!,
  };
}

/** A conversation in which the four letters of a word are a number. */
function overValues(
  stream: SignalStream,
  pid: number,
  name: SignalName,
  signal?: AbortSignal,
): Talk {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return {
    send(text) {
      const word = new Uint8Array(4);
      encoder.encodeInto(text, word);
      queue(pid, name, new DataView(word.buffer).getInt32(0));
      return Promise.resolve();
    },
    async receive() {
      const { value } = await stream.receive({ signal });
      const word = new DataView(new ArrayBuffer(4));
      word.setInt32(0, value!);
      return decoder.decode(word).replaceAll("\0", "");
    },
  };
}

if (import.meta.main) {
  const [kind, parent] = Deno.args;
  const pid = Number(parent);
  const classic = kind === "classic";
  using stream = SignalStream.open(
    classic ? ["SIGUSR1", "SIGQUIT"] : [realtime(1)],
  );
  const talk = classic
    ? overSignals(stream, pid)
    : overValues(stream, pid, realtime(2));
  await talk.send(READY);
  await playServer(talk);
}
