/** Message queues of both kinds; run as a program, this is the server. */

import { MessageQueue, SysvMessageQueue } from "../../mq/mod.ts";
import type { Case, Played } from "../_demo/case.ts";
import { playClient, playServer, type Talk } from "../_demo/ping_pong.ts";
import type { Stage } from "../_demo/stage.ts";

/** As in the literature: the requests' type and the answers'. */
const REQUEST = 10;
const ANSWER = 11;

const posixWithDeno: Case = {
  mechanism: "mq, POSIX",
  peer: "deno",
  async play(stage) {
    const options = { maxMessages: 1, temporary: true };
    const requests = stage.use(MessageQueue.create(newName(), options));
    const answers = stage.use(MessageQueue.create(newName(), options));
    const names = [requests.name, answers.name];
    stage.startModule(import.meta.url, ["posix", ...names]);
    const talk = overPosix(answers, requests, stage.signal);
    return await playClient(talk, stage.rounds);
  },
};

const sysvWithDeno: Case = {
  mechanism: "mq, System V",
  peer: "deno",
  play: (stage) =>
    playSysvClient(stage, (id) => {
      stage.startModule(import.meta.url, ["sysv", id]);
    }),
};

const PYTHON = `
import ctypes, sys

class Message(ctypes.Structure):
    _fields_ = [("type", ctypes.c_long), ("text", ctypes.c_char * 4)]

libc = ctypes.CDLL(None)
queue = int(sys.argv[1])
message = Message()
place = ctypes.byref(message)
while True:
    length = libc.msgrcv(queue, place, 4, ctypes.c_long(${REQUEST}), 0)
    if message.text[:length] == b"end":
        break
    message.type = ${ANSWER}
    message.text = b"pong"
    libc.msgsnd(queue, place, 4, 0)
`;

const sysvWithPython: Case = {
  mechanism: "mq, System V",
  peer: "python3",
  needs: "python3",
  play: (stage) =>
    playSysvClient(stage, (id) => {
      stage.start("python3", ["-c", PYTHON, id]);
    }),
};

/** The cases of message queues: macOS has one kind of them. */
export const mqCases: readonly Case[] = [
  ...Deno.build.os === "linux" ? [posixWithDeno] : [],
  sysvWithDeno,
  sysvWithPython,
];

/** Makes the queue, has the server started and plays the client. */
async function playSysvClient(
  stage: Stage,
  startServer: (id: string) => void,
): Promise<Played> {
  // Not only to the end of this block: what is still in it goes with it.
  const options = { temporary: true };
  const queue = stage.use(SysvMessageQueue.createPrivate(options));
  startServer(`${queue.id}`);
  const talk = overSysv(queue, ANSWER, REQUEST, stage.signal);
  return await playClient(talk, stage.rounds);
}

function newName(): string {
  return `/ipc-demo-${crypto.randomUUID()}`;
}

function overPosix(
  from: MessageQueue,
  to: MessageQueue,
  signal?: AbortSignal,
): Talk {
  return {
    send: (text) => to.send(text, { signal }),
    receive: async () => toText(await from.receive({ signal })),
  };
}

function overSysv(
  queue: SysvMessageQueue,
  from: number,
  to: number,
  signal?: AbortSignal,
): Talk {
  return {
    send: (text) => queue.send(text, { type: to, signal }),
    receive: async () => toText(await queue.receive({ type: from, signal })),
  };
}

function toText({ data }: { readonly data: Uint8Array }): string {
  return new TextDecoder().decode(data);
}

if (import.meta.main) {
  const [kind, first, second] = Deno.args;
  if (kind === "posix") {
    using requests = MessageQueue.open(first, { write: false });
    using answers = MessageQueue.open(second, { read: false });
    await playServer(overPosix(requests, answers));
  } else {
    using queue = SysvMessageQueue.fromId(Number(first));
    await playServer(overSysv(queue, REQUEST, ANSWER));
  }
}
