/**
 * The classic of the field: the client says "ping" some times and then "end",
 * the server answers "pong".
 */

import type { Played } from "./case.ts";

/** One side of a conversation. */
export interface Talk {
  /** Says something. */
  send(text: string): Promise<void>;
  /** Waits for what the other side says next. */
  receive(): Promise<string>;
}

/**
 * Plays the client.
 *
 * @param talk The conversation.
 * @param rounds How many times to say "ping".
 * @param answer What the server answers.
 */
export async function playClient(
  talk: Talk,
  rounds: number,
  answer: string = "pong",
): Promise<Played> {
  const times: number[] = [];
  while (times.length < rounds) {
    const sent = performance.now();
    await talk.send("ping");
    expect(await talk.receive(), answer);
    times.push(performance.now() - sent);
  }
  await talk.send("end");
  return { rounds, times };
}

/** Plays the client of a server that answers all with the same, to the "end". */
export async function playEchoClient(
  talk: Talk,
  rounds: number,
): Promise<Played> {
  const played = await playClient(talk, rounds, "ping");
  // Hanging up before that would end it by SIGPIPE.
  expect(await talk.receive(), "end");
  return played;
}

/**
 * Plays the server. Its times are those from a "pong" to the next "ping", so
 * there is one less than there are rounds.
 */
export async function playServer(talk: Talk): Promise<Played> {
  const times: number[] = [];
  let sent: number | undefined;
  for (let rounds = 0;; rounds++) {
    const text = await talk.receive();
    if (text === "end") return { rounds, times };
    expect(text, "ping");
    if (sent !== undefined) times.push(performance.now() - sent);
    sent = performance.now();
    await talk.send("pong");
  }
}

function expect(actual: string, expected: string): void {
  if (actual === expected) return;
  throw new Error(`the peer said "${actual}" instead of "${expected}"`);
}

interface Reader {
  read(p: Uint8Array, o: { signal?: AbortSignal }): Promise<number | null>;
}

interface Writer {
  writeAll(p: Uint8Array, o: { signal?: AbortSignal }): Promise<void>;
}

/**
 * A conversation over a stream of bytes. It needs no frames, because neither
 * side says anything before it was answered, and all words are short.
 */
export function overBytes(
  reader: Reader,
  writer: Writer,
  signal?: AbortSignal,
): Talk {
  const word = new Uint8Array(4);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return {
    send: (text) => writer.writeAll(encoder.encode(text), { signal }),
    async receive() {
      const count = await reader.read(word, { signal });
      if (count === null) throw new Error("the peer hung up");
      return decoder.decode(word.subarray(0, count));
    },
  };
}
