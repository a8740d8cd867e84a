/**
 * Three locks of a file, handed over in turns; run as a program, this is the
 * server.
 *
 * Whoever has the first speaks, and whoever has the second listens. Each takes
 * the next lock before it gives up the one it has: so nobody gets in between,
 * and nobody has to look whose turn it is.
 */

import { FileLock } from "../../lock/mod.ts";
import { Pipe, type PipeWriter } from "../../pipe/mod.ts";
import type { Case, Played } from "../_demo/case.ts";
import { playClient, playServer, type Talk } from "../_demo/ping_pong.ts";
import type { Stage } from "../_demo/stage.ts";

const SPEAKS = 0;
const LISTENS = 1;
const CHANGES = 2;

/** Has one of the locks. */
type Take = (which: number) => Promise<FileLock>;

const ofdWithDeno: Case = {
  mechanism: "lock, ofd",
  peer: "deno",
  play: (stage) =>
    playLocksClient(stage, ofdLocks, (path, output) => {
      stage.startModule(import.meta.url, [path], { 1: output });
    }),
};

const SERVER = `
take(LISTENS)
print("ready", flush=True)
while True:
    take(CHANGES)
    give(LISTENS)
    take(SPEAKS)
    give(CHANGES)
    if os.pread(file, 4, 0).rstrip() == b"end":
        break
    os.pwrite(file, b"pong", 0)
    take(LISTENS)
    give(SPEAKS)
`;

const PYTHON = `
import fcntl, os, sys

SPEAKS, LISTENS, CHANGES = ${SPEAKS}, ${LISTENS}, ${CHANGES}
file = os.open(sys.argv[1], os.O_RDWR)
`;

const PYTHON_LOCKF = PYTHON + `
def take(which): fcntl.lockf(file, fcntl.LOCK_EX, 1, which)
def give(which): fcntl.lockf(file, fcntl.LOCK_UN, 1, which)
` + SERVER;

const ofdWithPython: Case = {
  mechanism: "lock, ofd",
  peer: "python3, lockf",
  needs: "python3",
  play: (stage) =>
    playLocksClient(stage, ofdLocks, (path, output) => {
      stage.start("python3", ["-c", PYTHON_LOCKF, path], { 1: output });
    }),
};

const PYTHON_FLOCK = PYTHON + `
files = [os.open(f"{sys.argv[1]}.{i}", os.O_RDWR | os.O_CREAT) for i in range(3)]
def take(which): fcntl.flock(files[which], fcntl.LOCK_EX)
def give(which): fcntl.flock(files[which], fcntl.LOCK_UN)
` + SERVER;

const flockWithPython: Case = {
  mechanism: "lock, flock",
  peer: "python3",
  needs: "python3",
  play: (stage) =>
    playLocksClient(stage, flockLocks, (path, output) => {
      stage.start("python3", ["-c", PYTHON_FLOCK, path], { 1: output });
    }),
};

/** The cases of file locks. */
export const lockCases: readonly Case[] = [
  ofdWithDeno,
  ofdWithPython,
  flockWithPython,
];

/** A byte of the file for each lock. */
function ofdLocks(path: string, signal?: AbortSignal): Take {
  return (start) => FileLock.acquire(path, { start, length: 1, signal });
}

/** A file for each, as this kind knows no parts. */
function flockLocks(path: string, signal?: AbortSignal): Take {
  return (which) =>
    FileLock.acquire(`${path}.${which}`, { kind: "flock", signal });
}

/** Makes the file, has the server started and plays the client. */
async function playLocksClient(
  stage: Stage,
  locksOf: (path: string, signal: AbortSignal) => Take,
  startServer: (path: string, output: PipeWriter) => void,
): Promise<Played> {
  const path = stage.path("word");
  await Deno.writeTextFile(path, "");
  const take = locksOf(path, stage.signal);
  const speaking = await take(SPEAKS);
  using talk = overLocks(path, take, speaking);
  using output = Pipe.open();
  startServer(path, output.writer);
  output.writer.close();
  // It listens once it says so, or has gone.
  if (await output.reader.read(new Uint8Array(16), stage) === null) {
    await stage.ended();
  }
  return await playClient(talk, stage.rounds);
}

function overLocks(
  path: string,
  take: Take,
  first: FileLock,
): Talk & Disposable {
  let held = first;
  async function change(which: number): Promise<void> {
    const next = await take(which);
    held.release();
    held = next;
  }
  return {
    async send(text) {
      await Deno.writeTextFile(path, text.padEnd(4));
      await change(LISTENS);
    },
    async receive() {
      await change(CHANGES);
      await change(SPEAKS);
      return (await Deno.readTextFile(path)).trimEnd();
    },
    [Symbol.dispose]: () => held.release(),
  };
}

if (import.meta.main) {
  const [path] = Deno.args;
  const take = ofdLocks(path);
  using talk = overLocks(path, take, await take(LISTENS));
  console.log("ready");
  await playServer(talk);
}
