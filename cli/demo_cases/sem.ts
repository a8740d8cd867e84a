/** Semaphores of both kinds, in pairs; run as a program, this is the server. */

import { Semaphore, SysvSemaphoreSet } from "../../sem/mod.ts";
import type { Case, Played } from "../_demo/case.ts";
import { playClient } from "../_demo/ping_pong.ts";
import type { Stage } from "../_demo/stage.ts";

/** The semaphores of a set. */
const REQUESTS = 0;
const ANSWERS = 1;

/** One side of a pair. */
interface Signals {
  say(): void;
  hear(): Promise<unknown>;
}

const posixWithDeno: Case = {
  mechanism: "sem, POSIX",
  peer: "deno",
  play: (stage) =>
    playPosixClient(stage, (names) => {
      const args = ["posix", `${stage.rounds}`, ...names];
      stage.startModule(import.meta.url, args);
    }),
};

const PYTHON_POSIX = `
import ctypes, sys

libc = ctypes.CDLL(None)
libc.sem_open.restype = ctypes.c_void_p
rounds, *names = sys.argv[1:]
requests, answers = [
    ctypes.c_void_p(libc.sem_open(name.encode(), 0)) for name in names
]
for _ in range(int(rounds)):
    libc.sem_wait(requests)
    libc.sem_post(answers)
`;

const posixWithPython: Case = {
  mechanism: "sem, POSIX",
  peer: "python3",
  needs: "python3",
  play: (stage) =>
    playPosixClient(stage, (names) => {
      const args = ["-c", PYTHON_POSIX, `${stage.rounds}`, ...names];
      stage.start("python3", args);
    }),
};

const sysvWithDeno: Case = {
  mechanism: "sem, System V",
  peer: "deno",
  play: (stage) =>
    playSysvClient(stage, (id) => {
      stage.startModule(import.meta.url, ["sysv", `${stage.rounds}`, id]);
    }),
};

const PYTHON_SYSV = `
import ctypes, sys

libc = ctypes.CDLL(None)
rounds, semaphores = map(int, sys.argv[1:])
def operate(index, delta):
    operation = (ctypes.c_short * 3)(index, delta, 0)
    libc.semop(semaphores, operation, ctypes.c_size_t(1))
for _ in range(rounds):
    operate(${REQUESTS}, -1)
    operate(${ANSWERS}, 1)
`;

const sysvWithPython: Case = {
  mechanism: "sem, System V",
  peer: "python3",
  needs: "python3",
  play: (stage) =>
    playSysvClient(stage, (id) => {
      const args = ["-c", PYTHON_SYSV, `${stage.rounds}`, id];
      stage.start("python3", args);
    }),
};

/** The cases of semaphores. */
export const semCases: readonly Case[] = [
  posixWithDeno,
  posixWithPython,
  sysvWithDeno,
  sysvWithPython,
];

/** Makes both semaphores, has the server started and plays the client. */
async function playPosixClient(
  stage: Stage,
  startServer: (names: readonly string[]) => void,
): Promise<Played> {
  const options = { value: 0, temporary: true };
  const requests = stage.use(Semaphore.create(newName(), options));
  const answers = stage.use(Semaphore.create(newName(), options));
  startServer([requests.name, answers.name]);
  const { signal } = stage;
  return await playSignals(stage, {
    say: () => requests.release(),
    hear: () => answers.acquire({ signal }),
  });
}

/** Makes the set, has the server started and plays the client. */
async function playSysvClient(
  stage: Stage,
  startServer: (id: string) => void,
): Promise<Played> {
  const options = { count: 2, temporary: true };
  const set = stage.use(SysvSemaphoreSet.createPrivate(options));
  startServer(`${set.id}`);
  const { signal } = stage;
  return await playSignals(stage, {
    say: () => set.release(REQUESTS),
    // Nothing is given back at the end: it was a signal, not a permission.
    hear: () => set.acquire(ANSWERS, { undo: false, signal }),
  });
}

/** Short enough for macOS. */
function newName(): string {
  return `/ipc-demo-${crypto.randomUUID().slice(0, 18)}`;
}

/** Semaphores carry no words: so the server counts the rounds. */
async function playSignals(
  { rounds }: Stage,
  { say, hear }: Signals,
): Promise<Played> {
  return await playClient({
    send(text) {
      if (text === "ping") say();
      return Promise.resolve();
    },
    async receive() {
      await hear();
      return "pong";
    },
  }, rounds);
}

async function serveSignals(
  rounds: number,
  { say, hear }: Signals,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await hear();
    say();
  }
}

if (import.meta.main) {
  const [kind, rounds, first, second] = Deno.args;
  if (kind === "posix") {
    using requests = Semaphore.open(first);
    using answers = Semaphore.open(second);
    await serveSignals(Number(rounds), {
      say: () => answers.release(),
      hear: () => requests.acquire(),
    });
  } else {
    using set = SysvSemaphoreSet.fromId(Number(first));
    await serveSignals(Number(rounds), {
      say: () => set.release(ANSWERS),
      hear: () => set.acquire(REQUESTS, { undo: false }),
    });
  }
}
