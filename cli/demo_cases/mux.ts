/** One process that serves several children, waiting for all of them at once. */

import { Epoll, Poller } from "../../mux/mod.ts";
import { Pipe, type PipeReader, type PipeWriter } from "../../pipe/mod.ts";
import type { Case, Played } from "../_demo/case.ts";
import type { Stage } from "../_demo/stage.ts";

const CHILDREN = 4;

/** What a Poller and an Epoll have in common here. */
interface Watch extends Disposable {
  add(fd: PipeReader, options: { data: Player }): void;
  wait(
    options: { signal: AbortSignal },
  ): Promise<{ readonly data: unknown }[]>;
}

/** A child that says again what it is told. */
interface Player {
  readonly reader: PipeReader;
  readonly writer: PipeWriter;
  /** When it was told something. */
  sent: number;
}

function caseOf(name: string, make: () => Watch): Case {
  return {
    mechanism: "mux",
    peer: `${CHILDREN} cats, ${name}`,
    needs: "cat",
    play: (stage) => serve(stage, make()),
  };
}

/** The cases of readiness. */
export const muxCases: readonly Case[] = [
  caseOf("Poller", () => new Poller()),
  ...Deno.build.os === "linux" ? [caseOf("Epoll", () => new Epoll())] : [],
];

/** Says "ping" to each, and again to whoever has answered. */
async function serve(stage: Stage, watch: Watch): Promise<Played> {
  const { rounds, signal } = stage;
  using stack = new DisposableStack();
  stack.use(watch);
  const times: number[] = [];
  let told = 0;
  function tell(player: Player): void {
    if (told++ >= rounds) return;
    player.sent = performance.now();
    player.writer.writeSync(new TextEncoder().encode("ping"));
  }
  for (let i = 0; i < CHILDREN; i++) {
    const player = start(stage, stack);
    watch.add(player.reader, { data: player });
    tell(player);
  }
  const word = new Uint8Array(4);
  while (times.length < rounds) {
    for (const { data } of await watch.wait({ signal })) {
      const player = data as Player;
      const count = player.reader.tryRead(word);
      const text = new TextDecoder().decode(word.subarray(0, count ?? 0));
      if (text !== "ping") throw new Error(`a cat said "${text}"`);
      times.push(performance.now() - player.sent);
      tell(player);
    }
  }
  return { rounds: times.length, times };
}

function start(stage: Stage, stack: DisposableStack): Player {
  const requests = stack.use(Pipe.open());
  const answers = stack.use(Pipe.open());
  stage.start("cat", [], { 0: requests.reader, 1: answers.writer });
  requests.reader.close();
  answers.writer.close();
  return { reader: answers.reader, writer: requests.writer, sent: 0 };
}
